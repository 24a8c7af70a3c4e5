package pcaps

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/wire"
)

// anonymized returns the anonymous form of a capture.
func anonymized(t *testing.T, b []byte, seed string) ([]byte, *Anonymized) {
	t.Helper()
	out, done, err := Anonymize("test", bytes.NewReader(b), AnonymizeOptions{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return out, done
}

// outline is what a capture tells, without whom it tells it of: the kinds of events, when
// they were and in which frames, how much it was, and the diagnoses.
func outline(c *Capture) (lines []string) {
	for _, p := range c.Phones {
		for _, e := range p.Events {
			status := e.Fact("http.status") + e.Fact("tftp.error") + e.Fact("ftp.reply") + e.Fact("dhcp.order")
			lines = append(lines, strings.Join([]string{string(e.Kind), e.At.UTC().String(), frameFilter([]int{e.Frame}), string(e.Fault),
				numbers([]int{int(e.Bytes), e.Attempt, int(e.Peer.Port())}), status}, " "))
		}
		for _, f := range p.Files {
			lines = append(lines, numbers([]int{f.Frame, int(f.Bytes)}))
		}
		for _, d := range Diagnose(p) {
			lines = append(lines, string(d.Cause)+" "+string(d.Side)+" "+numbers(d.Frames))
		}
	}
	return lines
}

// An anonymous capture tells the same story: each event in its frame, each diagnosis.
// Whatever a pass is, of the labelled bad ones and of others' captures.
func TestAnonymizeStory(t *testing.T) {
	stories := make(map[string]func(*testing.T) []byte)
	for i, p := range badPasses() {
		if i%4 == 0 || !testing.Short() {
			stories[p.how+": "+p.wrong] = func(t *testing.T) []byte { return mixed(t, p.shots(t), p.ends) }
		}
	}
	files, _ := filepath.Glob(filepath.Join(captureFolder, "*.pcap"))
	own, _ := filepath.Glob("library/*.pcapng")
	for _, name := range append(files, own...) {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		stories[filepath.Base(name)] = func(*testing.T) []byte { return b }
	}
	stories["SIP over TCP"] = func(t *testing.T) []byte {
		w := newWriter(t, layers.LinkTypeEthernet)
		c := w.dial(testPhone, sipServer)
		all, fromPhone := talkOfSIP()
		for i, text := range all {
			c.send(fromPhone[i], text, 90)
		}
		return w.out.Bytes()
	}
	stories["TFTP from another address than was asked"] = func(t *testing.T) []byte {
		w := newWriter(t, layers.LinkTypeEthernet)
		w.ask(40001, passBoot)
		data := tftp.AppendData(nil, 1, []byte("include:config <"+passCfg+">\n"))
		w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("192.0.2.77:50000"), netip.AddrPortFrom(testPhone.Addr(), 40001), data))
		return w.out.Bytes()
	}
	for _, snap := range []int{68, 80, 96, 120} {
		stories[fmt.Sprint("frames cut to ", snap)] = func(t *testing.T) []byte {
			w := newWriter(t, layers.LinkTypeEthernet)
			w.snap = snap
			w.serve(40001, passBoot, "include:config <"+passCfg+">\n", true)
			w.serve(40002, passCfg, account, true)
			return w.out.Bytes()
		}
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // most of the passes wait for an answer that never comes
			b := story(t)
			out, done := anonymized(t, b, "seed")
			was, is := read(t, withoutSecrets(t, b)), read(t, out)
			if diff := cmp.Diff(outline(was), outline(is)); diff != "" || was.Frames != is.Frames {
				t.Errorf("another story (-was +is):\n%s", diff)
			}
			if done.MACs+done.Addresses == 0 {
				t.Errorf("nothing was replaced: %+v", done)
			}
		})
	}
}

// withoutSecrets is a capture without the TLS secrets that it may hold: the anonymous
// form has none.
func withoutSecrets(t *testing.T, b []byte) []byte {
	t.Helper()
	whole, err := hold("test", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := whole.write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// fullOfSecrets is a pass over HTTP with Basic credentials and one over FTP.
func fullOfSecrets(t *testing.T) []byte {
	t.Helper()
	s, err := faulty.Start(t.Context(), faulty.Fault{}, treeOf(with(passCfg, account+"account.1.display_name = Zoë Quentinson\n"+
		"remote_phonebook.data.1.url = http://book:opensesame@directory.quentinson.example/list.xml\n")))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	c, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "ftp"} {
		p, err := phone.New(phone.Options{Network: &wire.Tap{Capture: c}, Finders: map[string]discover.Finder{
			discover.SourceStatic: discover.Static{URL: s.Guarded()[scheme].String()}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Provision(t.Context(), device.PowerOn); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// No secret, name, user or MAC of the capture is left, in no spelling; the same seed
// gives the same result, and no seed another one each time.
func TestAnonymizeSecrets(t *testing.T) {
	b := fullOfSecrets(t)
	old := []string{"hunter2", faulty.Password, "Basic " + base64.StdEncoding.EncodeToString([]byte(faulty.User+":"+faulty.Password)), "Anna",
		"Zoë", "Quentinson", "opensesame", "0021f2000001", "00:21:F2:00:00:01", string(device.DefaultMAC[:]), "192.0.2.7", "office.cfg"}
	for _, text := range old {
		if !bytes.Contains(b, []byte(text)) {
			t.Errorf("%q is not in the capture: the test is of no use", text)
		}
	}
	out, done := anonymized(t, b, "one")
	for _, text := range old {
		if bytes.Contains(bytes.ToLower(out), bytes.ToLower([]byte(text))) {
			t.Errorf("%q is left", text)
		}
	}
	if done.Secrets < 3 || done.MACs < 2 || done.Searched < 10 {
		t.Errorf("%+v", done)
	}
	again, _ := anonymized(t, b, "one")
	two, _ := anonymized(t, b, "")
	three, _ := anonymized(t, b, "")
	if !bytes.Equal(out, again) || bytes.Equal(two, three) || bytes.Equal(out, two) {
		t.Error("the seed does not decide")
	}
	c := read(t, out)
	agent := regexp.MustCompile(`^Flyingvoice FIP14G V0\.5\.15 00:21:F2:\d\d:\d\d:\d\d$`)
	if p := c.Phones[0]; len(c.Phones) != 1 || !agent.MatchString(p.UserAgent) || p.Model != "FIP14G" || len(p.Files) != 6 {
		t.Errorf("%d phones, %q, %d files", len(c.Phones), p.UserAgent, len(p.Files))
	}
}

// The check finds what is left, and says where.
func TestAnonymizeCheck(t *testing.T) {
	w := newWriter(t, 1)
	w.serve(40001, "quentinson.cfg", "lang.gui=French\n", true)
	for value, want := range map[string]string{"quentinson": "a name in frame 1", "192.0.2.1": "header of frame 1", "french": "a name in frame 2",
		string(w.mac[:]): "a MAC in frame 1"} {
		d := newDisguise(nil)
		d.old[value] = map[string]valueKind{"192.0.2.1": oldAddress, string(w.mac[:]): oldMAC}[value]
		if d.old[value] == 0 {
			d.old[value] = oldWord
		}
		err := d.check(w.out.Bytes(), new(Anonymized))
		if !errors.Is(err, ErrLeft) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "quentinson") {
			t.Errorf("%q: %v, want %s", value, err, want)
		}
	}
}

// Nothing makes it panic, and what it writes can be read.
func FuzzAnonymize(f *testing.F) {
	f.Add([]byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"))
	files, _ := filepath.Glob(filepath.Join(captureFolder, "*.pcap"))
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && len(b) < 20_000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, done, err := Anonymize("fuzz", bytes.NewReader(b), AnonymizeOptions{Seed: "x"})
		if err != nil {
			return
		}
		if c, err := Read("fuzz", bytes.NewReader(out), Options{}); err != nil || c.Frames != done.Frames {
			t.Errorf("%v: %d frames, want %d", err, c.Frames, done.Frames)
		}
	})
}
