package wire_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
)

// WithSource answers by whether the network has the address; a tap asks what is behind
// it, and stays a tap.
func TestWithSource(t *testing.T) {
	loopback, elsewhere := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("203.0.113.77")
	memory := &wire.Memory{Local: loopback}
	for name, n := range map[string]wire.Network{
		"OS": wire.OS{}, "Shared": wire.Shared(), "Memory": memory, "Tap": &wire.Tap{}, "Tap before Memory": &wire.Tap{Next: memory},
	} {
		if _, ok := wire.WithSource(n, elsewhere); ok {
			t.Errorf("%s has %s", name, elsewhere)
		}
		from, ok := wire.WithSource(n, loopback)
		if !ok {
			t.Fatalf("%s has no %s", name, loopback)
		}
		if _, tapped := n.(*wire.Tap); tapped {
			if _, still := from.(*wire.Tap); !still {
				t.Errorf("%s is no tap any more: %T", name, from)
			}
		}
		conn, err := from.ListenPacket(t.Context(), "udp4", ":0")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if local, ok := conn.LocalAddr().(*net.UDPAddr); !ok || !local.IP.IsLoopback() {
			t.Errorf("%s: the socket is bound to %v", name, conn.LocalAddr())
		}
		if err := conn.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := wire.WithSource(mute{}, loopback); ok {
		t.Error("a network that cannot tell has the address")
	}
}

// mute is a network that cannot tell where it sends from.
type mute struct{ wire.Network }
