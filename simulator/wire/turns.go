package wire

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// ports are UDP ports that are given out in turn.
type ports struct {
	low, count uint32
	next       atomic.Uint32
}

func newPorts(low, count uint64) *ports {
	p := &ports{low: uint32(low), count: uint32(count)} //nolint:gosec // of 16 bits
	p.next.Store(rand.Uint32N(p.count))
	return p
}

// tries is how many ports are tried before the system is asked for any.
const tries = 64

// listen is n's ListenPacket, for a fresh port with the next one that is free.
func (p *ports) listen(ctx context.Context, n Network, network, address string) (net.PacketConn, error) {
	if address != ":0" {
		return n.ListenPacket(ctx, network, address)
	}
	for range tries {
		port := p.low + p.next.Add(1)%p.count
		conn, err := n.ListenPacket(ctx, network, ":"+strconv.FormatUint(uint64(port), 10))
		if err == nil {
			return conn, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break // the system says it better, and knows of ports that nobody may have
		}
	}
	return n.ListenPacket(ctx, network, address)
}

// LocalPorts is the range of ports that this system gives out by itself: the lowest, and how many. Where it does not
// tell, they are Linux's defaults.
func LocalPorts() (low, count uint64) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if f := strings.Fields(string(text)); err == nil && len(f) == 2 {
		low, lowErr := strconv.ParseUint(f[0], 10, 16)
		high, highErr := strconv.ParseUint(f[1], 10, 16)
		if lowErr == nil && highErr == nil && high >= low {
			return low, high - low + 1
		}
	}
	return 32768, 28232
}

// turns is a network whose fresh UDP ports are given out in turn.
type turns struct {
	Network
	ports *ports
}

// InTurn returns n with fresh UDP ports in turn, of count ports from low on (LocalPorts), so that a port comes again as
// late as can be. Phones that are simulated side by side share an address, where real ones have one each: with ports by
// chance, a server that sends a block of a file again, since its ACK was lost or its client has gone, now and then hits
// the port that another phone has just got, which takes the block for its own file's (RFC 1350 §4: the first answer
// fixes the peer). With a count of 0 it is n.
func InTurn(n Network, low, count uint64) Network {
	if count == 0 {
		return n
	}
	return turns{n, newPorts(low, count)}
}

// ListenPacket implements Network.
func (t turns) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return t.ports.listen(ctx, t.Network, network, address)
}

// SourceFor tells from which address a packet to peer would leave: as the network below has it.
func (t turns) SourceFor(peer netip.AddrPort) (netip.Addr, bool) { return SourceFor(t.Network, peer) }

// Shared is OS{} for phones that are simulated side by side: fresh UDP ports come in turn (InTurn), in one row for the
// whole process.
func Shared() Network { return shared{} }

type shared struct{ OS }

var sharedPorts = sync.OnceValue(func() *ports { return newPorts(LocalPorts()) })

// ListenPacket implements Network.
func (s shared) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	return sharedPorts().listen(ctx, s.OS, network, address)
}

// WithSource is that of OS, with its ports in the same row.
func (s shared) WithSource(addr netip.Addr) (Network, bool) {
	if n, ok := s.OS.WithSource(addr); ok {
		return shared{n.(OS)}, true //nolint:forcetypeassert // OS gives itself
	}
	return nil, false
}
