package wire

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// Tap stands between a phone and its network. It records all that crosses the phone's
// sockets, and can lose, delay and duplicate datagrams, without any privilege.
type Tap struct {
	Next    Network  // nil: Shared()
	Capture *Capture // nil: nothing is recorded

	// Fault decides what becomes of each datagram: it returns a delay for each copy
	// that is to arrive. {0} passes it on, none loses it, {0, 0} duplicates it,
	// {200 * time.Millisecond} delays it. Nil passes everything on. It may be called
	// from several goroutines at once.
	Fault func(d Datagram, ours bool) []time.Duration
}

func (t *Tap) next() Network {
	if t.Next == nil {
		return Shared()
	}
	return t.Next
}

// LookupHost implements Network.
func (t *Tap) LookupHost(ctx context.Context, host string) ([]netip.Addr, error) {
	return t.next().LookupHost(ctx, host)
}

// ListenPacket implements Network.
func (t *Tap) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := t.next().ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return t.Socket(conn), nil
}

// Socket is ListenPacket for a socket that is there already.
func (t *Tap) Socket(conn net.PacketConn) net.PacketConn {
	tapped := &tappedSocket{PacketConn: conn, tap: t, local: addrPort(conn.LocalAddr())}
	if t.Fault == nil {
		return tapped
	}
	faulty := &faultySocket{tappedSocket: tapped, queue: newQueue(), done: make(chan struct{})}
	go faulty.pump()
	return faulty
}

// DialContext implements Network.
func (t *Tap) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	start := time.Now()
	conn, err := t.next().DialContext(ctx, network, address)
	if t.Capture == nil {
		return conn, err
	}
	if err != nil {
		t.recordRefusal(ctx, start, address, err)
		return nil, err
	}
	return newTappedConn(conn, t.Capture, start), nil
}

// sourcer is a network that can tell from which of its addresses it would send.
type sourcer interface {
	SourceFor(peer netip.AddrPort) (netip.Addr, bool)
}

// source returns the address that a packet to peer leaves from, where the socket
// itself is bound to none.
func (t *Tap) source(local, peer netip.AddrPort) netip.AddrPort {
	if local.Addr().IsValid() && !local.Addr().IsUnspecified() {
		return local
	}
	if s, ok := t.next().(sourcer); ok {
		if addr, ok := s.SourceFor(peer); ok {
			return netip.AddrPortFrom(addr, local.Port())
		}
	}
	if peer.Addr().Is4() {
		return netip.AddrPortFrom(netip.IPv4Unspecified(), local.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), local.Port())
}

// addrPort returns a UDP or TCP address as a netip.AddrPort, IPv4 in its short form.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	return netip.AddrPort{}
}
