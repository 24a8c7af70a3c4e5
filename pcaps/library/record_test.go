package library_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/wire"
)

var record = flag.Bool("record", false, "record the captures of real servers again (root, make servers)")

// officeTree is what the recorded servers publish. The password is made up.
func officeTree() fstest.MapFS {
	return fstest.MapFS{
		"y000000000000.boot": {Data: []byte("#!version:1.0.0.1\ninclude:config <common.cfg>\ninclude:config <$(MA).cfg>\n")},
		"common.cfg":         {Data: []byte("lang.gui=English\nlocal_time.time_zone=+1\naccount.1.sip_server_host=pbx.example.test\n")},
		"0021f2000001.cfg":   {Data: []byte("account.1.enable=1\naccount.1.user_name=1001\naccount.1.password=made-up#1\nlang.gui=French\n")},
	}
}

// place is how the phone comes to a recorded server.
type place struct {
	url       string // told by hand; empty: the phone looks for it
	dhcp, pnp bool
	tls       fetch.TLS
	before    func() // what happens once everything is up, and before the phone starts
	after     func() // what happens before the phone provisions again; nil: it does not
}

// recorded is a capture of a real server.
type recorded struct {
	name  string // of its file, without .pcapng
	needs testbed.Needs
	set   func(tb *testbed.Testbed) place
}

// Each real server with a pass that is right, and one with a fault of the site's: a wrong
// name, a wrong password, a file that nobody may read, a server that is not there.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("without -record, the captures stay as they are")
	}
	for _, r := range recordings() {
		t.Run(r.name, func(t *testing.T) {
			b := recordOne(t, r)
			if err := os.WriteFile(r.name+".pcapng", b, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// recordOne lets the phone provision and returns what crossed its cable, with the TLS
// secrets that it knows.
func recordOne(t *testing.T, r recorded) []byte {
	t.Helper()
	tb := testbed.New(t, append(r.needs, testbed.CaptureNeeds...))
	at := r.set(tb)
	mac := tb.Phone.Command(t.Context(), "ip", "link", "set", tb.Phone.Interface, "address", device.DefaultMAC.Colons())
	if out, err := mac.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var out bytes.Buffer
	capture, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	o := phone.Options{Network: tb.Phone.Network(), TLS: at.tls, Finders: make(map[string]discover.Finder)}
	o.TLS.KeyLog = capture.KeyLog()
	switch {
	case at.url != "":
		o.Finders[discover.SourceStatic] = discover.Static{URL: at.url}
	case at.pnp:
		o.Finders[discover.SourcePnP] = discover.PnP{Network: o.Network}
	case at.dhcp:
		var raw *discover.Raw
		if runErr := tb.Phone.Run(func() { raw, err = discover.ListenRaw(tb.Phone.Interface) }); runErr != nil || err != nil {
			t.Fatal(runErr, err)
		}
		defer raw.Close()
		o.Finders[discover.SourceDHCP] = discover.DHCP{Transport: raw, Behaviour: device.Behaviour{DHCPWait: 5e9}}
	}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if at.before != nil {
		at.before()
	}
	live := tb.Capture(tb.Phone, "udp or tcp or icmp")
	outcome, err := p.Provision(t.Context(), device.PowerOn)
	t.Logf("%s: %v", outcome, err)
	if at.after != nil {
		at.after()
		outcome, err = p.Provision(t.Context(), device.Interval)
		t.Logf("again: %s: %v", outcome, err)
	}
	copyFrames(t, live.Stop(), capture)
	return out.Bytes()
}

// copyFrames writes the frames of a recording into a capture, and ends it.
func copyFrames(t *testing.T, name string, to *wire.Capture) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		b, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		to.Frame(info.Timestamp, b)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
}

// serving is a server with the office's tree, and the first of its endpoints with this
// scheme and way of asking. change may spoil what is published.
func serving(tb *testbed.Testbed, s testbed.Server, scheme string, auth testbed.Auth, change func(docroot string)) (place, *testbed.Running) {
	docroot := tb.Publish(officeTree())
	if change != nil {
		change(docroot)
	}
	running := tb.Start(s, docroot)
	for _, e := range running.Endpoints {
		if e.URL.Scheme == scheme && e.Auth == auth {
			return place{url: e.URL.String(), tls: fetch.TLS{CA: running.CA.PEM}}, running
		}
	}
	panic("testbed: " + s.Name + " has no such endpoint")
}

// unreadable makes a file one that only root may read.
func unreadable(name string) func(string) {
	return func(docroot string) { _ = os.Chmod(filepath.Join(docroot, name), 0) }
}

// misspelt gives the common boot file eleven zeros, the guide's own misprint, and takes
// the phone's cfg file away.
func misspelt(docroot string) {
	_ = os.Rename(filepath.Join(docroot, device.CommonBoot), filepath.Join(docroot, "y00000000000.boot"))
	_ = os.Remove(filepath.Join(docroot, "0021f2000001.cfg"))
}
