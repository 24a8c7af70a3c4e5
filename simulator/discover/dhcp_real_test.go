package discover_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// guideMAC is the phone of the guide's captures.
var guideMAC = device.MAC{0x00, 0x21, 0xf2, 0x22, 0xb0, 0x1d}

// realWait is more than enough for a server on the same machine.
const realWait = 15 * time.Second

func allDHCPNeeds() testbed.Needs {
	needs := append(testbed.Needs{}, testbed.CaptureNeeds...)
	for _, s := range testbed.DHCPServers {
		needs = append(needs, s.Needs...)
	}
	return needs
}

// rawIn opens a raw transport on a namespace's cable.
func rawIn(t *testing.T, ns *testbed.Namespace) *discover.Raw {
	t.Helper()
	var raw *discover.Raw
	var err error
	if runErr := ns.Run(func() { raw, err = discover.ListenRaw(ns.Interface) }); runErr != nil {
		t.Fatal(runErr)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := raw.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return raw
}

// The frames of the phone against servers that we did not write: 590 bytes, its own MAC,
// the options in its own order; then a renewal and a release that the server answers.
func TestRawAgainstRealServers(t *testing.T) {
	for _, server := range testbed.DHCPServers {
		t.Run(server.Name, func(t *testing.T) {
			tb := testbed.New(t, allDHCPNeeds())
			addr := tb.StartDHCP(server, testbed.DHCPOptions{Option66: "10.66.0.1"})
			capture := tb.Capture(tb.Server, "udp port 67 or udp port 68 or arp")
			raw, events := rawIn(t, tb.Phone), new(trace.Recorder)
			phone := discover.DHCP{Transport: raw, Behaviour: device.Behaviour{DHCPWait: realWait}, Trace: events}
			id := device.Identity{MAC: guideMAC}

			offer, err := phone.Find(t.Context(), id)
			if err != nil {
				t.Fatalf("%v\n%v", err, events.Events())
			}
			checkRealOffer(t, offer, addr)
			ctx, cancel := context.WithTimeout(t.Context(), realWait)
			defer cancel()
			if err := phone.Renew(ctx, id, offer.Lease); err != nil {
				t.Errorf("renew: %v\n%v", err, events.Events())
			}
			if err := phone.Release(ctx, id, offer.Lease); err != nil {
				t.Errorf("release: %v", err)
			}
			checkPhoneFrames(t, capture.Stop(), offer.Lease.Address.Addr())
		})
	}
}

func checkRealOffer(t *testing.T, offer discover.Offer, server netip.Addr) {
	t.Helper()
	if offer.URL != "10.66.0.1" || offer.Source != discover.SourceDHCP {
		t.Errorf("offer %q from %q, want 10.66.0.1 from dhcp", offer.URL, offer.Source)
	}
	if !testbed.Pool.Contains(offer.Lease.Address.Addr()) || offer.Lease.Server != server || offer.Lease.Time != time.Hour {
		t.Errorf("lease %v, want one hour out of %v from %v", offer.Lease, testbed.Pool, server)
	}
}

func checkPhoneFrames(t *testing.T, capture string, leased netip.Addr) {
	t.Helper()
	got := testbed.TsharkFields(t, capture, nil, "dhcp.type == 1 && eth.src == "+guideMAC.Colons(),
		"dhcp.option.dhcp", "frame.len", "eth.dst", "ip.src", "ip.dst", "dhcp.option.type")
	got = slices.CompactFunc(got, slices.Equal) // what is asked again after silence is the same frame
	const all = "ff:ff:ff:ff:ff:ff"
	serverMAC := "*"
	if len(got) > 2 {
		serverMAC = got[2][2] // whatever the cable's other end has
	}
	want := [][]string{ // tshark shows the End option as 0
		{"1", "590", all, "0.0.0.0", "255.255.255.255", "53,61,57,55,60,0"},
		{"3", "590", all, "0.0.0.0", "255.255.255.255", "53,61,50,54,57,55,60,0"},
		{"3", "590", serverMAC, leased.String(), "10.66.0.1", "53,61,57,55,60,0"},
		{"7", "590", serverMAC, leased.String(), "10.66.0.1", "53,61,54,0"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frames of the phone (-want +got):\n%s", diff)
	}
	if serverMAC == all {
		t.Error("the renewal was broadcast, want it sent to the server (RFC 2131 §4.4.5)")
	}
}

// Relay mode: the same servers, asked from one UDP socket.
func TestRelayAgainstRealServers(t *testing.T) {
	for _, server := range testbed.DHCPServers {
		t.Run(server.Name, func(t *testing.T) {
			tb := testbed.New(t, allDHCPNeeds())
			addr := tb.StartDHCP(server, testbed.DHCPOptions{Option66: "http://10.66.0.1/FIP/"})
			relay, err := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: addr.String(), Network: tb.Phone.Network()})
			if err != nil {
				t.Fatal(err)
			}
			defer relay.Close()
			events := new(trace.Recorder)
			phone := discover.DHCP{Transport: relay, Behaviour: device.Behaviour{DHCPWait: realWait}, Trace: events}
			offer, err := phone.Find(t.Context(), device.Identity{MAC: guideMAC})
			if err != nil {
				t.Fatalf("%v\n%v", err, events.Events())
			}
			if offer.URL != "http://10.66.0.1/FIP/" || !testbed.Pool.Contains(offer.Lease.Address.Addr()) {
				t.Errorf("offer %q with lease %v, want the URL and an address of %v", offer.URL, offer.Lease.Address, testbed.Pool)
			}
		})
	}
}

// Kea knows RFC 8357: a relay without port 67 is answered where it asks from.
func TestRelayAnyPortAgainstKea(t *testing.T) {
	tb := testbed.New(t, testbed.Kea.Needs)
	addr := tb.StartDHCP(testbed.Kea, testbed.DHCPOptions{Option66: "host"})
	o := discover.RelayOptions{Server: addr.String(), Network: unprivileged{tb.Phone.Network()}}
	relay, err := discover.ListenRelay(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	offer, err := discover.DHCP{Transport: relay}.Find(t.Context(), device.Identity{MAC: guideMAC})
	if err != nil || offer.URL != "host" {
		t.Errorf("offer %q, %v; want host", offer.URL, err)
	}
}

// The reference server on a link, with the phone's raw frames and with busybox's
// client, which we did not write.
func TestRawAgainstReferenceServer(t *testing.T) {
	tb := testbed.New(t, testbed.Needs{"busybox"})
	var d *server.DHCP
	var err error
	o := server.DHCPOptions{
		Interface: tb.Server.Interface, Pool: testbed.Pool,
		Option66: func(device.MAC) string { return "tftp://10.66.0.1/" },
	}
	if runErr := tb.Server.Run(func() { d, err = server.ListenDHCP(t.Context(), o) }); runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	t.Cleanup(func() { _ = d.Close() })
	id, phone := device.Identity{MAC: guideMAC}, discover.DHCP{Transport: rawIn(t, tb.Phone)}
	offer, err := phone.Find(t.Context(), id)
	if err != nil || offer.URL != "tftp://10.66.0.1/" || offer.Lease.Address.Bits() != 16 {
		t.Fatalf("offer %+v, %v", offer, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), realWait)
	defer cancel()
	if err := phone.Renew(ctx, id, offer.Lease); err != nil {
		t.Errorf("renew: %v", err)
	}
	out, err := tb.Phone.Command(ctx, "busybox", "udhcpc", "-i", tb.Phone.Interface, "-n", "-q", "-s", "/bin/true").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "obtained from 10.66.0.1") {
		t.Errorf("udhcpc: %v\n%s", err, out)
	}
}

// No server at all: a real link stays silent until dhcp_wait.
func TestRawSilence(t *testing.T) {
	tb := testbed.New(t, nil)
	phone := discover.DHCP{Transport: rawIn(t, tb.Phone), Behaviour: device.Behaviour{DHCPWait: time.Second}}
	_, err := phone.Find(t.Context(), device.Identity{MAC: guideMAC})
	if !errors.Is(err, discover.ErrNothing) || !strings.Contains(err.Error(), "no lease within 1s: 1 DISCOVER, no OFFER") {
		t.Errorf("error %v", err)
	}
}
