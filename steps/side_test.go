package steps

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps/report"
)

// bomb is a network that makes phones panic, and leaves the pulse alone.
type bomb struct{ wire.OS }

// ListenPacket implements wire.Network.
func (b bomb) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if ctx.Value(worldKey{}) != nil {
		panic("the bomb went off")
	}
	return b.OS.ListenPacket(ctx, network, address)
}

// A panic in what a step does, or starts, is an Error of its scenario and not the end
// of the process.
func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	target, err := StartEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	for rule, where := range map[string]string{
		"FIP-CONT-001": "of a step itself",
		"FIP-CFG-020":  "beside the others of a step",
		"FIP-TRIG-011": "of a phone that lives on beside the steps",
	} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			run, err := Run(t.Context(), Options{Target: target, Rules: []string{rule}, Network: bomb{}, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, r := range run.Results {
				if r.Over != "tftp" && r.Over != "" {
					continue // TCP has other sockets
				}
				found++
				if r.Status != report.Error || !strings.Contains(r.Actual, "the bomb went off") {
					t.Errorf("%s: %s: %q, want an error that names the panic", r.Rule.ID, r.Status, r.Actual)
				}
			}
			if found == 0 {
				t.Error("nothing was judged")
			}
		})
	}
}
