package steps

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What the phone waits for over TFTP, as its captures show: no answer for 4.2 s, and it
// asks again, three times in 12 s.
const (
	phoneResend = 4200 * time.Millisecond
	phoneSends  = 3
	phoneWait   = 12 * time.Second
)

// nextWait is how long the next packet of a transfer may take. Servers send again after
// one to five seconds.
const nextWait = 10 * time.Second

// tftpClient is a phone's side of TFTP, packet by packet: one socket, and so one
// transfer (RFC 1350 §4). Unlike the phone's own client it can lose, double and
// misaddress packets, and judges nothing.
type tftpClient struct {
	world  *world
	conn   net.PacketConn
	server netip.AddrPort // where requests go
	buffer []byte
	noted  int           // packets that were recorded
	wait   time.Duration // from the first request to the first answer, see first
}

// mostNoted bounds the packets of one socket that a report lists.
const mostNoted = 60

// tftpPacket is a packet that came.
type tftpPacket struct {
	tftp.Packet
	from netip.AddrPort
	at   time.Time
	bad  error // it is malformed

	terminated bool // the text of an ERROR ends with a NUL
}

// String describes the packet.
func (p tftpPacket) String() string {
	if p.bad != nil {
		return p.bad.Error()
	}
	return p.Packet.String()
}

// tftpClient opens a socket for the file at u.
func (w *world) tftpClient(ctx context.Context, u *url.URL) (*tftpClient, error) {
	addr, err := w.hostOf(ctx, u)
	if err != nil {
		return nil, err
	}
	port := 69
	if text := u.Port(); text != "" {
		if port, err = strconv.Atoi(text); err != nil {
			return nil, harness("port %s is no number", text)
		}
	}
	network := "udp4"
	if addr.Is6() {
		network = "udp6"
	}
	conn, err := w.network().ListenPacket(ctx, network, ":0")
	if err != nil {
		return nil, harness("no UDP socket: %v", err)
	}
	return &tftpClient{
		world: w, conn: conn, server: netip.AddrPortFrom(addr, uint16(port)), //nolint:gosec // a port
		buffer: make([]byte, tftp.HeaderSize+tftp.MaxBlksize+1),
	}, nil
}

// close frees the socket.
func (c *tftpClient) close() { c.conn.Close() }

// request sends a request, or whatever is to arrive at the server's port.
func (c *tftpClient) request(p []byte) error { return c.send(p, c.server) }

// send sends a packet.
func (c *tftpClient) send(b []byte, to netip.AddrPort) error {
	words := "malformed: " + strconv.QuoteToASCII(string(b[:min(len(b), 40)]))
	if p, err := tftp.Parse(b); err == nil {
		words = p.String()
	}
	c.note(trace.FetchRequest, to, "sent: "+words)
	if _, err := c.conn.WriteTo(b, net.UDPAddrFromAddrPort(to)); err != nil {
		return harness("sending to %s: %v", to, err)
	}
	return nil
}

// receive waits for a packet until a time. There is none where ok is false.
func (c *tftpClient) receive(ctx context.Context, until time.Time) (p tftpPacket, ok bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := c.conn.SetReadDeadline(until); err != nil {
		return p, false, harness("%v", err)
	}
	n, from, err := c.conn.ReadFrom(c.buffer)
	switch {
	case ctx.Err() != nil:
		return p, false, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return p, false, nil
	case err != nil:
		return p, false, harness("receiving: %v", err)
	}
	p.at = time.Now()
	if udp, is := from.(*net.UDPAddr); is {
		at := udp.AddrPort()
		p.from = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	p.Packet, p.bad = tftp.Parse(append([]byte(nil), c.buffer[:n]...))
	p.terminated = n > tftp.HeaderSize && bytes.IndexByte(c.buffer[tftp.HeaderSize:n], 0) >= 0
	c.note(trace.FetchReply, p.from, "came: "+p.String())
	return p, true, nil
}

// listen receives all that comes until a time.
func (c *tftpClient) listen(ctx context.Context, d time.Duration) ([]tftpPacket, error) {
	var all []tftpPacket
	for until := time.Now().Add(d); ; {
		p, ok, err := c.receive(ctx, until)
		if err != nil || !ok {
			return all, err
		}
		all = append(all, p)
	}
}

// first sends a request as phones do, again where nothing comes, and returns the first
// answer; ok is false where there is none for 12 s.
func (c *tftpClient) first(ctx context.Context, request []byte) (p tftpPacket, ok bool, err error) {
	var start time.Time
	for n := 1; n <= phoneSends; n++ {
		if err := c.request(request); err != nil {
			return p, false, err
		}
		if n == 1 {
			start = time.Now()
		}
		until := start.Add(time.Duration(n) * phoneResend)
		if n == phoneSends {
			until = start.Add(phoneWait)
		}
		p, ok, err = c.receive(ctx, until)
		c.wait = time.Since(start)
		if ok || err != nil {
			return p, ok, err
		}
	}
	return p, false, nil
}

// enough ends a transfer in good order, so that the server need not send again.
func (c *tftpClient) enough(to netip.AddrPort) {
	if to.IsValid() {
		_ = c.send(tftp.AppendError(nil, tftp.Undefined, "enough"), to) // a courtesy
	}
}

// note records a packet, for the report.
func (c *tftpClient) note(kind trace.Kind, peer netip.AddrPort, words string) {
	if c.noted++; c.noted > mostNoted {
		return
	}
	if c.noted == mostNoted {
		words += "; further packets are not listed"
	}
	c.world.record(trace.Event{Kind: kind, Peer: peer, Detail: words})
}

// tftpName is what a phone asks for: the path without the slash that separates it from
// the host.
func tftpName(u *url.URL) string { return strings.TrimPrefix(u.Path, "/") }

// tftpOptions reads "blksize=512 tsize=0".
func tftpOptions(text string) []tftp.Option {
	var all []tftp.Option
	for _, word := range strings.Fields(text) {
		name, value, _ := strings.Cut(word, "=")
		all = append(all, tftp.Option{Name: name, Value: value})
	}
	return all
}

// phoneOptions are those of every request of the phone.
func (w *world) phoneOptions() []tftp.Option {
	b := w.behaviour.WithDefaults()
	return []tftp.Option{
		{Name: tftp.OptionTsize, Value: "0"},
		{Name: tftp.OptionBlksize, Value: strconv.Itoa(b.TFTPBlksize)},
		{Name: tftp.OptionTimeout, Value: strconv.Itoa(b.TFTPTimeout)},
	}
}
