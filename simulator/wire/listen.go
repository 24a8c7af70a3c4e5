package wire

import (
	"context"
	"net"
	"time"

	"github.com/gopacket/gopacket/layers"
)

// Listener is a Network on which a phone can also be called over TCP, as its SIP side
// is. OS and Tap are; where it can't be, a phone listens on UDP alone.
type Listener interface {
	// Listen is that of net.ListenConfig.
	Listen(ctx context.Context, network, address string) (net.Listener, error)
}

// Listen implements Listener. Where address names no host, it listens at o.Local.
func (o OS) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil && host == "" && o.Local.IsValid() {
		address = net.JoinHostPort(o.Local.String(), port)
	}
	return new(net.ListenConfig).Listen(ctx, network, address)
}

// Listen implements Listener, where the network below does.
func (t *Tap) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	below, ok := t.next().(Listener)
	if !ok {
		return nil, &net.OpError{Op: "listen", Net: network, Err: net.UnknownNetworkError(network)}
	}
	l, err := below.Listen(ctx, network, address)
	if err != nil || t.Capture == nil {
		return l, err
	}
	return tappedListener{l, t.Capture}, nil
}

// tappedListener records the connections that it accepts.
type tappedListener struct {
	net.Listener
	out *Capture
}

// Accept implements net.Listener.
func (l tappedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &tappedConn{
		Conn: conn, out: l.out,
		local: addrPort(conn.LocalAddr()), remote: addrPort(conn.RemoteAddr()),
		sent: firstSequence, got: firstSequence,
	}
	now := time.Now()
	c.record(now, false, &layers.TCP{SYN: true}, nil)
	c.got++
	c.record(now, true, &layers.TCP{SYN: true, ACK: true}, nil)
	c.sent++
	c.record(now, false, &layers.TCP{ACK: true}, nil)
	return c, nil
}
