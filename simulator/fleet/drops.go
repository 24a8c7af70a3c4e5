package fleet

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// drops counts the datagrams that found the receive buffer of a socket of ours full.
// The kernel counts them for each socket, as SO_RXQ_OVFL tells with a datagram; it is
// asked when a socket is closed. What it counts for the whole network namespace has the
// server's too, where that is on this machine.
type drops struct {
	lost  atomic.Uint64
	blind atomic.Bool // of one socket at least the kernel does not tell
}

// counting is a network whose sockets are looked at when they are closed.
type counting struct {
	wire.Network
	drops  *drops
	spares *spares // nil: each socket is made anew
}

// ListenPacket implements wire.Network.
func (c counting) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if spare, err := c.spare(ctx, network, address); err == nil {
		return &countedConn{UDPConn: spare.UDPConn, drops: c.drops, spare: spare, spares: c.spares}, nil
	} else if !errors.Is(err, errNoSpare) {
		return nil, err
	}
	conn, err := c.Network.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if _, memory := c.Network.(*wire.Memory); memory {
		return conn, nil // no socket of the kernel's, and what others lose on this machine is none of ours
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		c.drops.blind.Store(true)
		return conn, nil
	}
	return &countedConn{UDPConn: udp, drops: c.drops}, nil
}

// spare returns a socket that another phone has done with. Its error is errNoSpare
// where there can be none.
func (c counting) spare(ctx context.Context, network, address string) (*spare, error) {
	system, ok := c.Network.(wire.OS)
	port, numbered := portOf(network, address)
	if c.spares == nil || !ok || !numbered || system.Local.IsValid() && !system.Local.Is4() {
		return nil, errNoSpare
	}
	return c.spares.take(system.Local, port, func() (*net.UDPConn, error) {
		conn, err := system.ListenPacket(ctx, network, ":0")
		if err != nil {
			return nil, err
		}
		return conn.(*net.UDPConn), nil // a system's UDP socket is one
	})
}

// SourceFor tells from which address a packet to peer would leave (wire.SourceFor).
func (c counting) SourceFor(peer netip.AddrPort) (netip.Addr, bool) {
	return wire.SourceFor(c.Network, peer)
}

// countedConn is a socket that tells what it lost. One that a phone has read, and on which
// it never waited in vain, is not asked when it closes: what it may have lost nobody
// missed, and a phone opens a socket for every file.
type countedConn struct {
	*net.UDPConn
	drops  *drops
	spare  *spare  // UDPConn, where another phone may use it afterwards
	spares *spares // whereto it goes then

	served atomic.Bool // a read brought something
	missed atomic.Bool // a read failed: its time was over

	mu     sync.Mutex // guards what follows; a spare is not to be touched when it is somebody else's
	closed bool
	timed  bool // reads have a deadline: those of one phone. What phones share is read until its end, which alone releases the reader
}

// LocalAddr implements net.PacketConn.
func (c *countedConn) LocalAddr() net.Addr {
	at, ok := c.UDPConn.LocalAddr().(*net.UDPAddr)
	if c.spare == nil || !ok {
		return c.UDPConn.LocalAddr()
	}
	return &net.UDPAddr{IP: at.IP, Port: int(c.spare.port), Zone: at.Zone}
}

// SetReadDeadline implements net.PacketConn. It may be called late: by what watches a
// pass that has ended.
func (c *countedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.timed = true
	return c.UDPConn.SetReadDeadline(t)
}

// SetDeadline implements net.PacketConn.
func (c *countedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.timed = true
	return c.UDPConn.SetDeadline(t)
}

// ReadFromUDPAddrPort is that of net.UDPConn.
func (c *countedConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.UDPConn.ReadFromUDPAddrPort(b)
	switch {
	case err != nil:
		c.missed.Store(true)
	case !c.served.Load():
		c.served.Store(true)
	}
	return n, from, err
}

// Close implements net.PacketConn.
func (c *countedConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	if c.timed && c.served.Load() && !c.missed.Load() {
		if c.spare != nil {
			return c.spares.put(c.spare)
		}
		return c.UDPConn.Close()
	}
	switch n, ok := socketDrops(c.UDPConn); {
	case !ok:
		c.drops.blind.Store(true)
	case n > 0:
		c.drops.lost.Add(uint64(n))
	}
	return c.UDPConn.Close()
}
