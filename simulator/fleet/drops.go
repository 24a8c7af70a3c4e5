package fleet

import (
	"context"
	"net"
	"net/netip"
	"sync/atomic"

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
	drops *drops
}

// ListenPacket implements wire.Network.
func (c counting) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := c.Network.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		c.drops.blind.Store(true)
		return conn, nil
	}
	return &countedConn{udp, c.drops}, nil
}

// SourceFor tells from which address a packet to peer would leave (wire.SourceFor).
func (c counting) SourceFor(peer netip.AddrPort) (netip.Addr, bool) {
	return wire.SourceFor(c.Network, peer)
}

// countedConn is a socket that tells what it lost.
type countedConn struct {
	*net.UDPConn
	drops *drops
}

// Close implements net.PacketConn.
func (c *countedConn) Close() error {
	switch n, ok := socketDrops(c.UDPConn); {
	case !ok:
		c.drops.blind.Store(true)
	case n > 0:
		c.drops.lost.Add(uint64(n))
	}
	return c.UDPConn.Close()
}
