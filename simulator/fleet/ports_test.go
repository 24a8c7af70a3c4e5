package fleet

import (
	"net/netip"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
)

// No port comes again before all others were used, and one that is taken is passed over.
func TestPortsInTurn(t *testing.T) {
	const low, count = 50000, 100
	n := inTurn(&wire.Memory{}, low, count)
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
