package phone_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/wire"
)

// A pass over all four schemes, written by the tap, is a capture in which Wireshark
// finds nothing malformed, reads what was said over TLS, and whose read requests have
// the lengths of the guide's captures: 81 bytes and the name.
func TestCaptureOfFourSchemes(t *testing.T) {
	t.Parallel()
	if missing := testbed.Missing(testbed.Needs{"tshark"}); missing != "" {
		if os.Getenv(testbed.RequireReal) == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	s, err := server.Start(t.Context(), server.Options{
		TFTP: "127.0.0.1:0", FTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	boot := ""
	tree := fstest.MapFS{}
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		boot += fmt.Sprintf("include:config <%s%s.cfg>\n", s.URL(scheme), scheme)
		tree[scheme+".cfg"] = &fstest.MapFile{Data: []byte("over." + scheme + "=" + strings.Repeat("x", 2000) + "\n")}
	}
	tree["y000000000000.boot"] = &fstest.MapFile{Data: []byte(boot)}
	s.SetTree(tree)
	ca, err := s.CA()
	if err != nil {
		t.Fatal(err)
	}
	name := provisionTapped(t, s.URL("tftp").String(), ca)

	tftp := fmt.Sprintf("udp.port==%s,tftp", s.URL("tftp").Port())
	ftp := fmt.Sprintf("tcp.port==%s,ftp", s.URL("ftp").Port())
	web := fmt.Sprintf("tls.port==%s,http", s.URL("https").Port())
	decode := []string{tftp, ftp, web}
	if bad := testbed.TsharkFields(t, name, decode, "_ws.malformed || _ws.expert.severity == error || tcp.analysis.flags || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0",
		"frame.number", "_ws.expert.message"); len(bad) > 0 {
		t.Errorf("tshark complains: %v", bad)
	}
	for _, row := range testbed.TsharkFields(t, name, decode, "tftp.opcode == 1", "frame.len", "tftp.source_file", "eth.src") {
		if want := fmt.Sprint(81 + len(row[1])); row[0] != want || row[2] != "00:21:f2:00:00:01" {
			t.Errorf("read request of %s from %s: %s bytes, want %s from the phone", row[1], row[2], row[0], want)
		}
	}
	asked := testbed.TsharkFields(t, name, decode, "tftp.opcode == 1 || ftp.request.command == RETR || http.request", "tftp.source_file", "ftp.request.arg", "http.request.uri")
	var names []string
	for _, row := range asked {
		names = append(names, strings.Join(row, ""))
	}
	want := "0021f2000001.boot y000000000000.boot tftp.cfg ftp.cfg /http.cfg /https.cfg"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("tshark sees requests for %s, want %s", got, want)
	}
}

// provisionTapped lets a phone provision itself from url and returns the name of the
// capture of it.
func provisionTapped(t *testing.T, url string, ca []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pass.pcapng")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	capture, err := wire.NewCapture(file, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(phone.Options{
		Network: &wire.Tap{Capture: capture},
		TLS:     fetch.TLS{CA: ca, KeyLog: capture.KeyLog()},
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: url}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := p.Provision(t.Context(), device.PowerOn); outcome != device.Provisioned {
		t.Fatalf("%s, %v", outcome, err)
	}
	if p.Settings().Len() != 4 {
		t.Fatalf("%d settings, want one from each scheme", p.Settings().Len())
	}
	if err := capture.Close(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}
