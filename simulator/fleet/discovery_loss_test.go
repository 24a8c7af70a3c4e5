package fleet

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/wire"
)

// One datagram in twenty is lost, while phones look for their server and while they fetch: all are provisioned in the
// end, and what they waited for is in their latency.
func TestDiscoveryUnderLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("phones that lost a datagram wait for seconds")
	}
	t.Parallel()
	const n = 400
	specs := phones(t, n)
	files := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	url := func(device.MAC) string { return files.URL("tftp").String() }
	pnp, err := server.ListenPnP(t.Context(), server.PnPOptions{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer pnp.Close()
	dhcp, err := server.ListenDHCP(t.Context(), server.DHCPOptions{Option66: url})
	if err != nil {
		t.Fatal(err)
	}
	defer dhcp.Close()
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	lost, pass := 0, []time.Duration{0}
	tap := &wire.Tap{Fault: func(wire.Datagram, bool) []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if random.Float64() < 0.05 {
			lost++
			return nil
		}
		return pass
	}}
	o := Options{
		Phones: specs, Network: tap, PnP: pnp.Addr().String(), DHCP: DHCP{Relay: dhcp.Addr().String()}, Expect: expect(t, expectTree), Seed: 1,
		Stages: []Stage{{Arrival: "avalanche", Over: time.Second, Discovery: Mix{"pnp": 1, "dhcp": 1}}}, Limit: 2 * time.Minute,
	}
	for key, value := range map[string]string{"tftp_ack_resend": "2s", "tftp_ack_sends": "5", "tftp_sends": "6", "pnp_linger": "50ms", "pnp_wait": "20s"} {
		if err := o.Behaviour.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	allServed(t, r, n)
	mu.Lock()
	defer mu.Unlock()
	slowest := time.Duration(0)
	for _, l := range r.Latencies {
		if l.Stage == StageDiscovery {
			slowest = max(slowest, l.Max)
		}
	}
	if lost < n/10 || r.Resends == 0 || slowest < 500*time.Millisecond {
		t.Errorf("%d datagrams were lost, %d packets were sent again, the slowest search took %s", lost, r.Resends, slowest)
	}
}
