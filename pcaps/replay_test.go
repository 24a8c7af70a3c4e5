package pcaps

import (
	"bytes"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// ownCapture provisions a phone of ours from a server of ours, and returns what its tap
// wrote, and what it held.
func ownCapture(t *testing.T, scheme string) ([]byte, *phone.Phone) {
	t.Helper()
	tree := fstest.MapFS{
		"prov/y000000000000.boot":  {Data: []byte("#!version:1.0.0.1\ninclude:config <sub/common.cfg>\ninclude:config <gone.cfg>\n")},
		"prov/sub/common.cfg":      {Data: bytes.Repeat([]byte("lang.gui=French\n# filling\n"), 60)},
		"prov/0021f2000001.unused": {Data: []byte("x")},
	}
	s, err := server.Start(t.Context(), server.Options{Tree: tree, TFTP: "127.0.0.1:0", FTP: "127.0.0.1:0", HTTP: "127.0.0.1:0",
		HTTPS: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	capture, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	base := s.URL(scheme).JoinPath("prov/")
	p, err := phone.New(phone.Options{Network: &wire.Tap{Capture: capture}, TLS: fetch.TLS{Insecure: true, KeyLog: capture.KeyLog()},
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: base.String()}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Provision(t.Context(), device.PowerOn); err != nil {
		t.Fatal(err)
	}
	if err := capture.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), p
}

// A pass that is captured, extracted in memory and done again gives the same fetches
// and the same settings, though the first server is gone.
func TestReplayRoundTrip(t *testing.T) {
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			b, original := ownCapture(t, scheme)
			c := read(t, b)
			all, err := Replay(t.Context(), c, ReplayOptions{})
			if err != nil || len(all) != 1 {
				t.Fatalf("%v, %+v", err, all)
			}
			r := all[0]
			if r.Err != nil || r.Outcome != device.Provisioned || len(r.Differences) > 0 || len(r.Settings) > 0 {
				t.Errorf("%s, %v, %v, %v", r.Outcome, r.Err, r.Differences, r.Settings)
			}
			var want, got bytes.Buffer
			held, whole := c.Phones[0].settings()
			if err := original.Settings().WriteCfg(&want); err != nil || !whole {
				t.Fatal(err, whole)
			}
			_ = held.WriteCfg(&got)
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("settings (-phone +capture):\n%s", diff)
			}
		})
	}
}

// Another server gives other settings and other fetches, and each is told.
func TestReplayAgainstAnotherServer(t *testing.T) {
	b, _ := ownCapture(t, "http")
	other, err := server.Start(t.Context(), server.Options{HTTP: "127.0.0.1:0",
		Tree: fstest.MapFS{"0021f2000001.cfg": {Data: []byte("lang.gui=German\n")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	all, err := Replay(t.Context(), read(t, b), ReplayOptions{Server: other.URL("http").String()})
	if err != nil || len(all) != 1 || len(all[0].Differences) == 0 {
		t.Errorf("%v, %+v", err, all)
	}
}

// Nothing of a replay leaves the machine.
func TestRedirectStaysHere(t *testing.T) {
	r := newRedirect(nil, map[string]*url.URL{})
	if conn, err := r.DialContext(t.Context(), "tcp", "192.0.2.1:80"); err == nil {
		conn.Close()
		t.Error("connected to a host that the capture does not show")
	}
	if _, err := r.LookupHost(t.Context(), "prov.example.com"); err == nil {
		t.Error("a name was looked up")
	}
	if to, ok := r.lead(testServer); ok {
		t.Errorf("a datagram would go to %s", to)
	}
}

// What a redirect led to stands in the place of what was asked for, so that a phone that
// is led nowhere gets the same.
func TestTreeOfRedirects(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	c := w.dial(netip.AddrPortFrom(testPhone.Addr(), 40001), netip.MustParseAddrPort("192.0.2.1:80"))
	for _, x := range [][2]string{{"old", "mid"}, {"mid", "new"}, {"new", ""}} {
		c.phone(ask("GET /"+x[0]+"/"+passCfg, ""), 0)
		if answer := "HTTP/1.1 302 Found\r\nLocation: /" + x[1] + "/" + passCfg + "\r\nContent-Length: 0\r\n\r\n"; x[1] != "" {
			c.serve(answer, 0)
		}
	}
	c.serve(aFile, 0)
	c.hangup()
	s := see(read(t, w.out.Bytes()).Phones)
	for _, folder := range []string{"old/", "mid/", "new/"} {
		if got := string(s.files[folder+passCfg].Body); got != "k=v\n" {
			t.Errorf("%s: %q", folder, got)
		}
	}
	if len(s.moved) != 2 || !strings.Contains(s.moved[0], "mid/"+passCfg+": the server led the phone to http://prov.example.test/new/") {
		t.Errorf("%q", s.moved)
	}
}

// While a capture of a server on this machine is done again, nobody gets the port that the server had: an FTP data
// connection there would end where the files are asked for.
func TestReplayHoldsPorts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.Addr().String())
	_ = l.Close()
	asked := Event{Event: trace.Event{Kind: trace.FetchRequest, Peer: at}}
	release := holdPorts(t.Context(), []*Phone{{Events: []Event{asked, asked}}})
	if other, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(int(at.Port())))); err == nil {
		_ = other.Close()
		t.Errorf("port %d is to be had", at.Port())
	}
	release()
	if l, err = net.Listen("tcp", at.String()); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}
