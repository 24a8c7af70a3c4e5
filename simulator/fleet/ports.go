package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/fipsim/fipsim/simulator/wire"
)

// turns is a network whose fresh UDP ports are given out in turn, so that a port comes
// again as late as can be. All phones of a fleet share a few addresses, where real ones
// have one each: with ports by chance, a server that sends the last block of a file
// again, since its ACK was lost, now and then hits the port that another phone has just
// got, which takes the block for its own file's (RFC 1350 §4: the first answer fixes
// the peer).
type turns struct {
	wire.Network
	low, count uint32
	next       atomic.Uint32
}

// portTries is how many ports are tried before the system is asked for any.
const portTries = 64

// inTurn returns n with ports of this machine's range in turn.
func inTurn(n wire.Network, low, count uint64) wire.Network {
	if count == 0 {
		return n
	}
	t := &turns{Network: n, low: uint32(low), count: uint32(count)}
	t.next.Store(rand.Uint32N(t.count))
	return t
}

// ListenPacket implements wire.Network.
func (t *turns) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if address != ":0" {
		return t.Network.ListenPacket(ctx, network, address)
	}
	for range portTries {
		port := t.low + t.next.Add(1)%t.count
		conn, err := t.Network.ListenPacket(ctx, network, ":"+strconv.FormatUint(uint64(port), 10))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return conn, err
		}
	}
	return t.Network.ListenPacket(ctx, network, address)
}

// SourceFor tells from which address a packet to peer would leave (wire.SourceFor).
func (t *turns) SourceFor(peer netip.AddrPort) (netip.Addr, bool) {
	return wire.SourceFor(t.Network, peer)
}
