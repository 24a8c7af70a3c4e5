package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// tftpClient gets files over TFTP, packet for packet as libcurl 7.88 does with a connect
// timeout of 10 s, which is what the phone's captures show. It leaves libcurl only where
// libcurl would spoil a file or leave a server in the dark; each such place says so. It is
// safe for concurrent use.
type tftpClient struct {
	network wire.Network
	trace   trace.Sink
	shared  *Shared
}

// firstWait returns when the phone gives up, counted from its first request. libcurl
// counts this in whole seconds: three sends 4.2 s apart end after 12.0 s, not 12.6.
func firstWait(resend time.Duration, sends int) time.Duration {
	total := resend * time.Duration(sends)
	if whole := total.Truncate(time.Second); whole > total-resend {
		return whole
	}
	return total
}

// Fetch implements Fetcher.
func (c *tftpClient) Fetch(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	in := inbound{limit: r.Limit, announced: unknownLength, to: r.Body}
	if in.limit <= 0 {
		in.limit = c.shared.behaviour.MaxCfg
	}
	if err := c.get(ctx, r, &in); err != nil {
		return nil, asError(ctx, r.URL, err)
	}
	return &Response{Body: in.body(), Bytes: in.n, URL: bare(r.URL), Took: time.Since(start)}, nil
}

func (c *tftpClient) get(ctx context.Context, r Request, in *inbound) error {
	name, mode, err := tftpName(r.URL)
	if err != nil {
		return err
	}
	server, err := c.server(ctx, r.URL)
	if err != nil {
		return err
	}
	// RFC 1350 §4: a fresh port, which is the transfer's identifier, for every file.
	network := "udp4"
	if server.Addr().Is6() {
		network = "udp6"
	}
	conn, err := c.network.ListenPacket(ctx, network, ":0")
	if err != nil {
		return &Error{Code: trace.LocalFailure, Detail: "no UDP socket: " + explain(err), Err: err}
	}
	defer conn.Close()
	t := c.shared.transfer()
	defer t.rest()
	t.client, t.ctx, t.request, t.in, t.socket, t.server = c, ctx, r, in, newTFTPSocket(conn), server
	if t.out = tftp.AppendRRQ(t.out, name, mode, c.shared.asked...); len(t.out) > tftp.MaxRequest {
		return &Error{Code: trace.BadURL, Detail: fmt.Sprintf("the file name makes a request of %d bytes, more than the %d of RFC 2347",
			len(t.out), tftp.MaxRequest)}
	}
	stop := context.AfterFunc(ctx, t.socket.interrupt)
	defer stop()
	return t.run()
}

// wellKnownTFTP is where a server listens unless the URL says otherwise (RFC 1350 §4).
const wellKnownTFTP = 69

// server resolves the URL's host. As libcurl, a phone asks the first address only: over
// UDP nothing tells it to try the next. "A TFTP request directed to a broadcast address
// SHOULD be silently ignored" (RFC 1123 §4.2.3.5): none is sent there.
func (c *tftpClient) server(ctx context.Context, u *url.URL) (netip.AddrPort, error) {
	at, err := c.address(ctx, u)
	if err == nil && isGroup(at.Addr()) {
		return at, &Error{Code: trace.BadURL, Detail: at.Addr().String() + " is no server's address: it stands for several machines"}
	}
	return at, err
}

func (c *tftpClient) address(ctx context.Context, u *url.URL) (netip.AddrPort, error) {
	if at, err := netip.ParseAddrPort(u.Host); err == nil && at.Port() != 0 {
		return unmap(at), nil
	}
	if at, err := netip.ParseAddr(u.Host); err == nil && at.Is4() {
		return netip.AddrPortFrom(at, wellKnownTFTP), nil
	}
	address, err := hostPort(u, "69")
	if err != nil {
		return netip.AddrPort{}, err
	}
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, &Error{Code: trace.BadURL, Detail: clean(err.Error()), Err: err}
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &Error{Code: trace.BadURL, Detail: "port " + clean(portText) + " is no number", Err: err}
	}
	addrs, err := c.network.LookupHost(ctx, host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(addrs[0].Unmap(), uint16(port)), nil
}

// tftpName returns the file name and mode that libcurl asks for: the path decoded,
// without the slash that separates it from the host (RFC 3617 §3), without dot segments,
// without query; ";mode=" at its end chooses the mode.
func tftpName(u *url.URL) (name, mode string, err error) {
	path := u.Path
	if strings.Contains(path, "/.") {
		path = u.ResolveReference(&url.URL{}).Path
	}
	name, wanted, _ := strings.Cut(strings.TrimPrefix(path, "/"), ";mode=")
	mode = tftp.Octet
	if wanted != "" && strings.ContainsAny(wanted[:1], "aAnN") {
		mode = tftp.Netascii
	}
	switch {
	case name == "":
		return "", "", &Error{Code: trace.BadURL, Detail: "the URL names no file"}
	case strings.Contains(name, "\x00"):
		return "", "", &Error{Code: trace.BadURL, Detail: "the file name holds a NUL (%00), which TFTP can't carry"}
	}
	return name, mode, nil
}
