// Package wire is the network that a phone sees: sockets, connections and names, and
// nothing else. There is the operating system's (OS), the same for phones side by side
// (Shared), a scripted one in memory for tests of timers (Memory), and a tap (Tap) that
// stands before any, records what crosses as pcapng, and can drop, delay and duplicate
// datagrams.
package wire

import (
	"context"
	"net"
	"net/netip"
)

// Network is all that a phone may use of its machine. Its methods are those of
// package net, with contexts.
type Network interface {
	// ListenPacket binds a UDP socket. Port 0 asks for a fresh ephemeral port.
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	// DialContext connects over TCP. Both addresses of the connection are *net.TCPAddr.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// LookupHost resolves a name, or parses an address, to at least one address.
	LookupHost(ctx context.Context, host string) ([]netip.Addr, error)
}
