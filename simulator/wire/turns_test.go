package wire_test

import (
	"net/netip"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
)

// No port comes again before all others were used, and one that is taken is passed over.
func TestPortsInTurn(t *testing.T) {
	const low, count = 50000, 100
	n := wire.InTurn(&wire.Memory{}, low, count)
	taken, err := n.ListenPacket(t.Context(), "udp", ":50007")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	seen := make(map[uint16]bool)
	for range count - 1 {
		conn, err := n.ListenPacket(t.Context(), "udp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		port := netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
		if seen[port] || port < low || port >= low+count || port == 50007 {
			t.Errorf("port %d, after %d others", port, len(seen))
		}
		seen[port] = true
		conn.Close()
	}
}

// What shares this machine's ports can still be called over TCP, tells its address, and goes on with the ports where
// the one before was.
func TestShared(t *testing.T) {
	l, err := wire.Shared().(wire.Listener).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if from, ok := wire.SourceFor(wire.Shared(), netip.MustParseAddrPort("127.0.0.1:9")); !ok || !from.IsLoopback() {
		t.Errorf("source %s, %t", from, ok)
	}
	low, count := wire.LocalPorts()
	seen := make(map[uint16]bool)
	for range min(count, 2000) {
		conn, err := wire.Shared().ListenPacket(t.Context(), "udp4", ":0")
		if err != nil {
			t.Fatal(err)
		}
		port := netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
		if seen[port] || uint64(port) < low || uint64(port) >= low+count {
			t.Fatalf("port %d, after %d others", port, len(seen))
		}
		seen[port] = true
		conn.Close()
	}
}
