package fleet

import (
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// Phones get their leases from kea all at once, each with frames from a MAC of its own on one packet socket, or through
// one relay agent; option 66 names the server, and each holds what is its own in the end.
func TestDHCPStorm(t *testing.T) {
	for name, dhcp := range map[string]DHCP{"raw frames": {Interface: "cable"}, "relay": {Relay: "10.66.0.1:67"}} {
		t.Run(name, func(t *testing.T) {
			tb := testbed.New(t, testbed.Kea.Needs)
			n := 2000 / scale
			if dhcp.Interface != "" {
				dhcp.Interface = tb.Phone.Interface
			} else {
				dhcp.Relay = tb.Server.Addr.String() + ":67"
			}
			tb.StartDHCP(testbed.Kea, testbed.DHCPOptions{Option66: serveHTTP(t, tb, rendering()), Many: true})
			r := load{
				Phones: n, Stage: Stage{Arrival: "avalanche", Over: 2 * time.Second, Discovery: Mix{"dhcp": 1}}, DHCP: dhcp, Expect: expectTree,
			}.run(t, tb)
			allServed(t, r, n)
			found := int64(0)
			for _, l := range r.Latencies {
				if l.Stage == StageDiscovery && l.Protocol == "dhcp" && l.Outcome == "found" {
					found = l.Count
				}
			}
			if found < int64(n) {
				t.Errorf("%d leases were measured, want %d", found, n)
			}
		})
	}
}
