package steps

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// Limited is a network on which no more than so many requests a second begin, all
// phones together: a server in use must not notice that it is being judged. A request
// is what is sent without an answer before it: the first packet of a socket, what is
// sent again into silence, and over TCP whatever follows an answer, such as the next
// FTP command. An ACK of TFTP is none.
type Limited struct {
	next     wire.Network
	interval time.Duration

	mu   sync.Mutex
	free time.Time // when the next request may begin
}

// NewLimited returns next with a limit of rate requests a second, which is above 0.
func NewLimited(next wire.Network, rate float64) *Limited {
	return &Limited{next: next, interval: time.Duration(float64(time.Second) / rate)}
}

// turn waits until a request may begin.
func (l *Limited) turn(ctx context.Context) error {
	l.mu.Lock()
	now := time.Now()
	at := l.free
	if at.Before(now) {
		at = now
	}
	l.free = at.Add(l.interval)
	l.mu.Unlock()
	if at.Equal(now) {
		return ctx.Err()
	}
	timer := time.NewTimer(at.Sub(now))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LookupHost implements wire.Network; names are not asked of the server.
func (l *Limited) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	return l.next.LookupHost(ctx, host)
}

// SourceFor is that of the network below, where it can tell.
func (l *Limited) SourceFor(peer netip.AddrPort) (netip.Addr, bool) {
	return wire.SourceFor(l.next, peer)
}

// DialContext implements wire.Network.
func (l *Limited) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if err := l.turn(ctx); err != nil {
		return nil, err
	}
	conn, err := l.next.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &limitedConn{Conn: conn, limit: l, begun: true}, nil
}

// ListenPacket implements wire.Network.
func (l *Limited) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := l.next.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &limitedSocket{PacketConn: conn, limit: l}, nil
}

// limitedConn is a TCP connection. Connecting and the first request are one.
type limitedConn struct {
	net.Conn
	limit *Limited

	mu    sync.Mutex
	begun bool // nothing came since the last request began
}

// Read implements net.Conn.
func (c *limitedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.mu.Lock()
		c.begun = false
		c.mu.Unlock()
	}
	return n, err
}

// Write implements net.Conn.
func (c *limitedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	begins := !c.begun
	c.begun = true
	c.mu.Unlock()
	if begins {
		if err := c.limit.turn(context.Background()); err != nil {
			return 0, err
		}
	}
	return c.Conn.Write(b)
}

// limitedSocket is a UDP socket.
type limitedSocket struct {
	net.PacketConn
	limit *Limited

	mu       sync.Mutex
	answered bool // something came since the last packet was sent
}

// ReadFrom implements net.PacketConn.
func (s *limitedSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := s.PacketConn.ReadFrom(b)
	if err == nil {
		s.mu.Lock()
		s.answered = true
		s.mu.Unlock()
	}
	return n, from, err
}

// WriteTo implements net.PacketConn.
func (s *limitedSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	begins := !s.answered
	s.answered = false
	s.mu.Unlock()
	if begins {
		if err := s.limit.turn(context.Background()); err != nil {
			return 0, err
		}
	}
	return s.PacketConn.WriteTo(b, to)
}
