package steps_test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// named is a server that tells phones where to provision, and of which nothing else is
// judged.
type named struct {
	what string
	at   netip.AddrPort
	can  scenarios.Capability
}

// Name implements scenarios.Target.
func (n named) Name() string { return n.what }

// Capabilities implements scenarios.Target.
func (n named) Capabilities() []scenarios.Capability {
	return []scenarios.Capability{scenarios.TFTP, scenarios.Intrusive, n.can}
}

// URLs implements scenarios.Located.
func (n named) URLs() []*url.URL {
	return []*url.URL{{Scheme: "tftp", Host: n.at.Addr().String(), Path: "/"}}
}

// Probe implements scenarios.Prober: files are not judged.
func (n named) Probe(context.Context, string) error { return nil }

// PnPAddress implements scenarios.Discovery.
func (n named) PnPAddress() string { return n.at.String() }

// DHCPRelay implements scenarios.Discovery.
func (n named) DHCPRelay() string { return n.at.String() }

// Publish implements scenarios.Target.
func (n named) Publish(context.Context, fs.FS) (*scenarios.Publication, error) {
	return nil, errors.ErrUnsupported
}

// Reset implements scenarios.Target.
func (n named) Reset(context.Context) error { return nil }

// broken judges a server in a testbed by what has to do with its capability, and
// returns the rules that it breaks.
func broken(t *testing.T, tb *testbed.Testbed, n named) []string {
	run, err := steps.Run(t.Context(), steps.Options{
		Target: n, Network: tb.Phone.Network(), Seed: 1, Tags: "@needs-" + string(n.can),
	})
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	judged := 0
	for _, r := range run.Results {
		switch r.Status {
		case report.Pass:
			judged++
		case report.Fail:
			failed = append(failed, r.Rule.ID)
			t.Logf("%s @%s: %s; expected %s; %s", r.Rule.ID, r.Rule.Level, r.Rule.Title, r.Expected, r.Actual)
		case report.Error:
			t.Errorf("%s: %s", r.Rule.ID, r.Actual)
		case report.Skip:
			if r.Step != "" {
				t.Logf("%s: %s", r.Rule.ID, r.Actual)
			}
		}
	}
	if judged == 0 {
		t.Error("no rule held")
	}
	slices.Sort(failed)
	return failed
}

// Real DHCP servers, as a relay agent sees them. What they break is looked up by hand.
func TestRealDHCPServers(t *testing.T) {
	breaks := map[string][]string{
		// dhcpd.conf(5), server-id-check: whether the option is looked at "by default it is not".
		"isc-dhcpd": {"FIP-DHCP-028"},
	}
	// busybox's answers a relay agent from a second socket at port 67, connected to the relay (udhcp_send_kernel_packet):
	// what the relay sends at that moment goes there and is lost. Two DISCOVERs of a phone in a row were, once in 25 runs.
	tries := map[string]int{"udhcpd": 3}
	for _, server := range testbed.DHCPServers {
		t.Run(server.Name, func(t *testing.T) {
			tb := testbed.New(t, server.Needs)
			addr := tb.StartDHCP(server, testbed.DHCPOptions{Option66: "tftp://10.66.0.1/"})
			diff := ""
			for range max(1, tries[server.Name]) {
				got := broken(t, tb, named{server.Name, netip.AddrPortFrom(addr, 67), scenarios.DHCP})
				if diff = cmp.Diff(breaks[server.Name], got); diff == "" {
					return
				}
				t.Logf("rules that %s breaks (-want +got):\n%s", server.Name, diff)
			}
			t.Error("it breaks others than those that were looked up")
		})
	}
}

// A real SIP server as PnP responder: its uac module sends the NOTIFY outside of the
// dialog, with tags of its own.
func TestRealPnPServer(t *testing.T) {
	tb := testbed.New(t, testbed.KamailioNeeds)
	addr := tb.StartKamailio("tftp://10.66.0.1/")
	got := broken(t, tb, named{"kamailio", netip.AddrPortFrom(addr, 5060), scenarios.PnP})
	if diff := cmp.Diff([]string{"FIP-PNP-022", "FIP-PNP-036"}, got); diff != "" {
		t.Errorf("rules that it breaks (-want +got):\n%s", diff)
	}
}
