package discover_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

const realURL = "tftp://10.66.0.1/0021f2000001.cfg"

// pnpNames lists the names of the events of one kind, in order.
func pnpNames(r *trace.Recorder, k trace.Kind) []string {
	var list []string
	for _, e := range r.Events() {
		if e.Kind == k {
			list = append(list, e.Name)
		}
	}
	return list
}

// SIPp plays responders that we did not write; it checks that the phone's SUBSCRIBE is
// what its scenario waits for, and that the NOTIFY is answered. To the group, and to
// the responder's own address for networks without multicast.
func TestPnPAgainstSIPp(t *testing.T) {
	tests := []struct {
		scenario   string
		deviations []string
		oddities   []string
	}{
		{"correct", nil, nil},
		{"notify-first", nil, []string{"notify-before-200"}},
		{"via-reused", []string{"via-reused", "from-to-reused"}, nil},
		{"compact", nil, []string{"compact-headers"}},
	}
	for _, test := range tests {
		for way, address := range map[string]string{"group": "", "unicast": "10.66.0.1"} {
			t.Run(test.scenario+"/"+way, func(t *testing.T) {
				t.Parallel()
				tb := testbed.New(t, testbed.SIPpNeeds)
				sipp := tb.StartSIPp("testdata/sipp/"+test.scenario+".xml", realURL)
				events := new(trace.Recorder)
				// SIPp may be slow to answer where much else runs.
				client := discover.PnP{Address: address, Network: tb.Phone.Network(), Trace: events, Behaviour: device.Behaviour{PnPWait: 30 * time.Second}}
				offer, err := client.Find(t.Context(), device.Identity{})
				if err != nil {
					t.Fatal(err)
				}
				sipp.Wait()
				if offer.URL != realURL || offer.From.Addr() != tb.Server.Addr {
					t.Errorf("offer %q from %s", offer.URL, offer.From)
				}
				if diff := cmp.Diff(test.deviations, pnpNames(events, trace.PnPDeviation)); diff != "" {
					t.Errorf("deviations (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.oddities, pnpNames(events, trace.PnPOddity)); diff != "" {
					t.Errorf("oddities (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// kamailio joins the group itself, and its NOTIFY is a dialog of its own.
func TestPnPAgainstKamailio(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, testbed.KamailioNeeds)
	tb.StartKamailio(realURL)
	events := new(trace.Recorder)
	offer, err := discover.PnP{Network: tb.Phone.Network(), Trace: events}.Find(t.Context(), device.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	if offer.URL != realURL {
		t.Errorf("offer %q", offer.URL)
	}
	if diff := cmp.Diff([]string{"to-tag-missing", "from-tag"}, pnpNames(events, trace.PnPDeviation)); diff != "" {
		t.Errorf("deviations (-want +got):\n%s", diff)
	}
}

// The guide's capture with our own responder in the group: the NOTIFY comes from port
// 7777. tshark reads every message as SIP, from the phone's one port, and the chosen
// interface and TTL are on the wire.
func TestPnPCapture(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, testbed.CaptureNeeds)
	var (
		responder *server.PnP
		err       error
	)
	runErr := tb.Server.Run(func() {
		responder, err = server.ListenPnP(t.Context(), server.PnPOptions{
			Interface: tb.Server.Interface,
			URL:       func(mac device.MAC) string { return "tftp://10.66.0.1/" + mac.CfgName() },
			Oddities:  []server.PnPOddity{server.PnPOtherPort},
		})
	})
	if runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	defer responder.Close()
	capture := tb.Capture(tb.Phone, "udp")

	var offer discover.Offer
	runErr = tb.Phone.Run(func() {
		network := wire.OS{Interface: tb.Phone.Interface, MulticastTTL: 3}
		offer, err = discover.PnP{Network: network}.Find(t.Context(), device.Identity{MAC: guideMAC})
	})
	if runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	if want := "tftp://10.66.0.1/0021f222b01d.cfg"; offer.URL != want || offer.From.Port() != 7777 {
		t.Errorf("offer %q from %s, want %q from port 7777", offer.URL, offer.From, want)
	}

	got := testbed.TsharkFields(t, capture.Stop(), []string{"udp.port==7777,sip"}, "sip",
		"ip.src", "ip.dst", "ip.ttl", "udp.dstport", "sip.Method", "sip.Status-Code", "sip.r-uri")
	phone, there, local := tb.Phone.Addr.String(), tb.Server.Addr.String(), phonePort(t, offer.Exchange.Messages[0].Raw)
	want := [][]string{
		{phone, "224.0.1.75", "3", "5060", "SUBSCRIBE", "", "sip:MAC0021f222b01d@224.0.1.75"},
		{there, phone, "64", local, "", "200", ""},
		{there, phone, "64", local, "NOTIFY", "", "sip:MAC0021f222b01d@" + phone + ":" + local},
		{phone, there, "64", "7777", "", "200", ""},
	}
	if diff := cmp.Diff(want, once(got)); diff != "" {
		t.Errorf("messages on the cable (-want +got):\n%s", diff)
	}
}

// once leaves the first of each message: on a busy machine they come again.
func once(rows [][]string) (first [][]string) {
	for _, row := range rows {
		if !slices.ContainsFunc(first, func(r []string) bool { return slices.Equal(r, row) }) {
			first = append(first, row)
		}
	}
	return first
}

// phonePort reads the phone's port from its Contact.
func phonePort(t *testing.T, subscribe []byte) string {
	t.Helper()
	found := regexp.MustCompile(`\r\nContact: <sip:.*:(\d+)>\r\n`).FindSubmatch(subscribe)
	if found == nil {
		t.Fatalf("no Contact with a port in %q", subscribe)
	}
	return string(found[1])
}
