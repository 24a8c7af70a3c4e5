package phone_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// guideMAC is the phone of the guide's captures.
var guideMAC = device.MAC{0x00, 0x21, 0xf2, 0x22, 0xb0, 0x1d}

// The guide's capture of DHCP option 66, acted out against dnsmasq whose tree holds only
// y000000000000.cfg, and to which the first read request is lost: the phone's frames have
// its order, names, lengths and resend gap, and a new source port for each file.
func TestGuideCaptureOfDHCP(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.CaptureNeeds, "dnsmasq", "nft"))
	docroot := tb.Publish(fstest.MapFS{"y000000000000.cfg": {Data: []byte("lang.gui=English\n")}})
	addr := tb.StartDHCP(testbed.DnsmasqDHCP, testbed.DHCPOptions{Option66: tb.Server.Addr.String(), TFTP: docroot})
	// Six read requests come to port 69; numgen counts them from 0.
	for _, rule := range []string{
		"add table ip lossy", "add chain ip lossy in { type filter hook input priority 0; }",
		"add rule ip lossy in udp dport 69 numgen inc mod 6 == 0 drop",
	} {
		if out, err := tb.Server.Command(t.Context(), "nft", rule).CombinedOutput(); err != nil {
			t.Fatalf("nft %s: %v: %s", rule, err, out)
		}
	}
	capture := tb.Capture(tb.Server, "udp")

	var (
		raw *discover.Raw
		err error
	)
	if runErr := tb.Phone.Run(func() { raw, err = discover.ListenRaw(tb.Phone.Interface) }); runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	var recorded bytes.Buffer
	own, err := wire.NewCapture(&recorded, guideMAC[:])
	if err != nil {
		t.Fatal(err)
	}
	raw.Record(own.Frame)
	stream := trace.NewStream(guideMAC, new(trace.Recorder))
	p, err := phone.New(phone.Options{
		Identity: device.Identity{MAC: guideMAC}, Network: &wire.Tap{Next: tb.Phone.Network(), Capture: own}, Trace: stream,
		Finders: map[string]discover.Finder{discover.SourceDHCP: discover.DHCP{Transport: raw, Trace: stream}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := p.Provision(t.Context(), device.PowerOn); outcome != device.Provisioned {
		t.Fatalf("%s, %v", outcome, err)
	}

	if err := errors.Join(raw.Close(), own.Close()); err != nil {
		t.Fatal(err)
	}
	file := make(map[string]string) // by the source port
	var (
		got   [][]string
		times []string
	)
	for _, row := range testbed.TsharkFields(t, capture.Stop(), nil, "(dhcp.type == 1 && dhcp.option.dhcp != 7) || tftp.opcode == 1",
		"frame.len", "dhcp.option.dhcp", "tftp.source_file", "tftp.type", "udp.srcport", "ip.dst", "frame.time_epoch") {
		if name := row[2]; name != "" {
			if known, ok := file[row[4]]; ok && known != name || row[5] != addr.String() {
				t.Errorf("%s asked from port %s, as %s, of %s: want a new port for every file", name, row[4], known, row[5])
			}
			file[row[4]] = name
		}
		got = append(got, row[:4])
		times = append(times, row[6])
	}
	want := [][]string{
		{"590", "1", "", ""},
		{"590", "3", "", ""},
		{"93", "", "0021f222b01d", "octet"},
		{"93", "", "0021f222b01d", "octet"}, // again, from the same port
		{"98", "", "0021f222b01d.boot", "octet"},
		{"99", "", "y000000000000.boot", "octet"},
		{"98", "", "y000000000000.cfg", "octet"},
		{"97", "", "0021f222b01d.cfg", "octet"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("frames of the phone (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, framesIn(t, recorded.Bytes())); diff != "" {
		t.Errorf("the phone's own capture (-want +got):\n%s", diff)
	}
	if len(file) != 5 {
		t.Errorf("%d source ports for five files", len(file))
	}
	// 4.235 s in the capture. A machine that is busy makes it longer, or by a little shorter where the first was late.
	if gap := seconds(t, times[3]) - seconds(t, times[2]); gap < 3 {
		t.Errorf("the request came again after %.3f s, want 4.2 s", gap)
	}
}

// framesIn are a capture's DISCOVER, REQUESTs and read requests.
func framesIn(t *testing.T, capture []byte) [][]string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "own.pcapng")
	if err := os.WriteFile(name, capture, 0o600); err != nil {
		t.Fatal(err)
	}
	return testbed.TsharkFields(t, name, nil, "(dhcp.type == 1 && dhcp.option.dhcp != 7) || tftp.opcode == 1",
		"frame.len", "dhcp.option.dhcp", "tftp.source_file", "tftp.type")
}

func seconds(t *testing.T, text string) float64 {
	t.Helper()
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The guide's capture of PnP, acted out against a responder whose NOTIFY comes from port
// 7777 and names a file: SUBSCRIBE to the group, then the read request for that file and
// no other.
func TestGuideCaptureOfPnP(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.CaptureNeeds, testbed.Dnsmasq.Needs...))
	running := tb.Start(testbed.Dnsmasq, tb.Publish(fstest.MapFS{"0021f222b01d.cfg": {Data: []byte("lang.gui=English\n")}}))
	var (
		responder *server.PnP
		err       error
	)
	if runErr := tb.Server.Run(func() {
		responder, err = server.ListenPnP(t.Context(), server.PnPOptions{
			Interface: tb.Server.Interface,
			URL:       func(mac device.MAC) string { return running.Endpoints[0].URL.String() + mac.CfgName() },
			Oddities:  []server.PnPOddity{server.PnPOtherPort},
		})
	}); runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	defer responder.Close()
	capture := tb.Capture(tb.Phone, "udp")
	var (
		p       *phone.Phone
		outcome device.Outcome
	)
	if runErr := tb.Phone.Run(func() {
		stream := trace.NewStream(guideMAC, new(trace.Recorder))
		network := wire.OS{Interface: tb.Phone.Interface}
		p, err = phone.New(phone.Options{
			Identity: device.Identity{MAC: guideMAC}, Network: tb.Phone.Network(), Trace: stream,
			Finders: map[string]discover.Finder{discover.SourcePnP: discover.PnP{Network: network, Trace: stream}},
		})
		if err == nil {
			outcome, err = p.Provision(t.Context(), device.PowerOn)
		}
	}); runErr != nil || outcome != device.Provisioned {
		t.Fatal(runErr, outcome, err)
	}

	var got []string
	for _, row := range testbed.TsharkFields(t, capture.Stop(), []string{"udp.port==7777,sip"}, "sip || tftp.opcode == 1",
		"udp.srcport", "udp.dstport", "sip.Method", "sip.Status-Code", "tftp.source_file", "frame.len") {
		switch {
		case row[4] != "":
			got = append(got, "RRQ "+row[4]+" "+row[5])
		case row[2] != "":
			got = append(got, row[2])
		default:
			got = append(got, row[3])
		}
		if row[2] == "NOTIFY" && row[0] != "7777" {
			t.Errorf("NOTIFY from port %s, want 7777", row[0])
		}
	}
	if want, have := "SUBSCRIBE 200 NOTIFY 200 RRQ 0021f222b01d.cfg 97", strings.Join(got, " "); have != want {
		t.Errorf("on the cable: %s, want %s", have, want)
	}
}
