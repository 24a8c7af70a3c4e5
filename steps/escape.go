package steps

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// escapeSteps are those about names that lead out of the folder that is served.
func escapeSteps(sc catalogue) {
	sc.When(`^somebody asks for "([^"]*)" just as it is written$`, somebodyAsksFor)
	sc.Then(`^no file of the server's own machine comes$`, noFileOfTheMachine)
}

// somebodyAsksFor asks for a name that no phone would ask for, and that no library on
// our side may tidy. <folder> stands for the path to the folder that is served.
func somebodyAsksFor(ctx context.Context, name string) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	base, _, err := w.nowhere(ctx)
	if err != nil {
		return err
	}
	name = strings.ReplaceAll(name, "<folder>", strings.TrimPrefix(base.EscapedPath(), "/"))
	if w.scheme == "tftp" {
		return w.askTFTP(ctx, base, name)
	}
	at := &url.URL{Scheme: base.Scheme, User: base.User, Host: base.Host, Path: "/" + name}
	if w.scheme != "ftp" {
		at.Path, at.Opaque = "", "/"+name // goes into the request line as it is
	}
	a, err := w.request(ctx, at, w.patience(1))
	if err == nil {
		a.name = name
		w.note(a)
	}
	return err
}

// askTFTP asks for a name and takes the first block of what comes.
func (w *world) askTFTP(ctx context.Context, base *url.URL, name string) error {
	a := &answer{name: name}
	w.note(a)
	addrs, err := w.network().LookupHost(ctx, base.Hostname())
	if err != nil || len(addrs) == 0 {
		return harness("the server's address: %v", err)
	}
	port, err := strconv.ParseUint(base.Port(), 10, 16)
	if err != nil {
		port = 69
	}
	conn, err := w.network().ListenPacket(ctx, "udp", ":0")
	if err != nil {
		return harness("no UDP socket: %v", err)
	}
	defer conn.Close()
	server := netip.AddrPortFrom(addrs[0], uint16(port))
	if _, err := conn.WriteTo(tftp.AppendRRQ(nil, name, tftp.Octet), net.UDPAddrFromAddrPort(server)); err != nil {
		return harness("asking for %s: %v", name, err)
	}
	a.events = append(a.events, trace.Event{
		Kind: trace.FetchRequest, At: time.Now(), Phone: w.mac, Name: name, Peer: server, Attempt: 1, URL: trace.URL(base),
	})
	return a.receive(conn)
}

// receive takes one packet. Silence is an answer to such a name.
func (a *answer) receive(conn net.PacketConn) error {
	if err := conn.SetReadDeadline(time.Now().Add(escapePatience)); err != nil {
		return harness("waiting for an answer: %v", err)
	}
	buffer := make([]byte, tftp.HeaderSize+tftp.DefaultBlksize)
	n, from, err := conn.ReadFrom(buffer)
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return nil
	case err != nil:
		return harness("waiting for an answer: %v", err)
	}
	packet, err := tftp.Parse(buffer[:n])
	isFile := err == nil && packet.Op == tftp.DATA
	if !isFile {
		return nil // whatever it is
	}
	a.body = packet.Data
	// The transfer ends here (RFC 1350 §7).
	if _, err := conn.WriteTo(tftp.AppendError(nil, tftp.Undefined, "that is enough"), from); err != nil {
		return harness("ending the transfer: %v", err)
	}
	return nil
}

// escapePatience is how long silence after such a name is waited for: a server that
// would give the file away does so at once.
const escapePatience = 2 * time.Second

// ofTheMachine recognizes the files that the rules ask for: /etc/passwd, and win.ini.
var ofTheMachine = regexp.MustCompile(`(?im)^root:[^:\n]*:0:0:|^; for 16-bit app support|^\[(fonts|extensions|mci extensions)\]`)

func noFileOfTheMachine(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault == nil && ofTheMachine.Match(bytes.ReplaceAll(a.body, []byte("\x00"), nil)) {
		return violated("no file for the request of "+a.name, "a file of the machine came, from outside of what is served")
	}
	return nil
}
