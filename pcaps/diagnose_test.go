package pcaps

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// ask writes a request that nobody answers.
func (w *writer) ask(port uint16, name string) {
	phone := netip.AddrPortFrom(testPhone.Addr(), port)
	w.ethernet(etherIPv4, packetOf(w.t, phone, testServer, tftp.AppendRRQ(nil, name, "octet")))
}

// later writes a packet of no interest, a while after.
func (w *writer) later(d time.Duration) {
	w.at = w.at.Add(d)
	w.ethernet(etherIPv4, packetOf(w.t, testServer, netip.MustParseAddrPort("192.0.2.99:9"), []byte("x")))
}

// The most probable cause comes first, with frames, a filter and the next check; and no
// server is blamed for what a capture does not hold.
func TestDiagnoses(t *testing.T) {
	const mac = "0021f2000001"
	for _, c := range []struct {
		name  string
		write func(*writer)
		cause Cause
		text  string
	}{
		{"never answered, and resent", func(w *writer) {
			w.ask(40001, mac+".boot")
			w.at = w.at.Add(4200 * time.Millisecond)
			w.ask(40001, mac+".boot")
			w.later(20 * time.Second)
		}, NoAnswer, "never answered the request for " + mac + ".boot, sent 2 times in 4.21s"},
		{"the capture ends", func(w *writer) { w.ask(40001, mac+".boot"); w.later(time.Second) }, Incomplete, "the capture ends 1.01s after"},
		{"nothing there", func(w *writer) {
			for i, name := range []string{mac + ".boot", "y000000000000.boot", "y000000000000.cfg", mac + ".cfg"} {
				w.serve(uint16(40001+i), name, "", false)
			}
		}, NothingThere, "has no file for this phone"},
		{"only the common cfg", func(w *writer) {
			w.serve(40001, mac+".boot", "", false)
			w.serve(40002, "y000000000000.boot", "", false)
			w.serve(40003, "y000000000000.cfg", "lang.gui=English\n", true)
			w.serve(40004, mac+".cfg", "", false)
		}, OnlyCommon, "fell back to the common y000000000000.cfg"},
		{"an include is missing", func(w *writer) {
			w.serve(40001, mac+".boot", "include:config <a.cfg>\ninclude:config <b.cfg>\n", true)
			w.serve(40002, "a.cfg", "lang.gui=English\n", true)
			w.serve(40003, "b.cfg", "", false)
		}, IncludeMissing, "the boot file includes b.cfg"},
		{"a file that the boot file does not name", func(w *writer) {
			w.serve(40001, mac+".boot", "include:config <sub/a.cfg>\ninclude:config <$(MA).cfg>\n", true)
			w.serve(40002, "sub/a.cfg", "lang.gui=English\n", true)
			w.serve(40003, mac+".cfg", "lang.gui=English\n", true)
			w.serve(40004, "ring.wav", "", false)
		}, FileMissing, "ring.wav is not there"},
		{"an include with the MAC in its name", func(w *writer) {
			w.serve(40001, mac+".boot", "include:config <$(MA).cfg>\n", true)
			w.serve(40002, mac+".cfg", "", false)
			w.serve(40003, "ring.wav", "", false)
		}, IncludeMissing, "the boot file includes " + mac + ".cfg, and"},
		{"a resource is missing, and there is no boot file", func(w *writer) {
			w.serve(40001, mac+".boot", "", false)
			w.serve(40002, mac+".cfg", "lang.gui=English\n", true)
			w.serve(40003, "ring.wav", "", false)
		}, FileMissing, "ring.wav is not there"},
		{"its own cfg, which no boot file names", func(w *writer) {
			w.serve(40001, "y000000000000.boot", "include:config <a.cfg>\n", true)
			w.serve(40002, "a.cfg", "lang.gui=English\n", true)
			w.serve(40003, mac+".cfg", "", false)
		}, FileMissing, mac + ".cfg is not there"},
		{"a boot file that the capture has not", func(w *writer) {
			w.ask(40001, mac+".boot")
			boot := "include:config <a.cfg>\n" + strings.Repeat("#", 600)
			to := netip.AddrPortFrom(testPhone.Addr(), 40001)
			w.ethernet(etherIPv4, packetOf(w.t, testTID, to, tftp.AppendData(nil, 2, []byte(boot[512:]))))
			w.serve(40002, "a.cfg", "", false)
		}, IncludeMissing, "the phone asked for a.cfg after its boot file, and the server says that it is not there"},
		{"a web page", func(w *writer) { w.serve(40001, mac+".cfg", "<html><body>Login</body></html>", true) }, Unusable, "with a web page"},
		{"settings of no use", func(w *writer) { w.serve(40001, mac+".cfg", "account.1.enable=1\n<<<<<<< HEAD\n", true) }, Unusable, mac + ".cfg:2"},
		{"forbidden", func(w *writer) {
			w.ask(40001, mac+".boot")
			w.ethernet(etherIPv4, packetOf(w.t, testTID, netip.AddrPortFrom(testPhone.Addr(), 40001), tftp.AppendError(nil, tftp.AccessViolation, "no")))
		}, Forbidden, "forbids " + mac + ".boot"},
		{"cut short", func(w *writer) {
			w.ask(40001, mac+".cfg")
			to := netip.AddrPortFrom(testPhone.Addr(), 40001)
			w.ethernet(etherIPv4, packetOf(w.t, testTID, to, tftp.AppendOACK(nil, tftp.Option{Name: "tsize", Value: "900"})))
			w.ethernet(etherIPv4, packetOf(w.t, testTID, to, tftp.AppendData(nil, 1, []byte("lang.gui=En"))))
		}, FileCut, "came short"},
		{"all is well", func(w *writer) { w.serve(40001, mac+".cfg", "lang.gui=English\n", true) }, AllWell, "the phone got"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			c.write(w)
			got := Diagnose(read(t, w.out.Bytes()).Phones[0])
			d := got[0]
			if d.Cause != c.cause || !strings.Contains(d.Text, c.text) {
				t.Errorf("%s: %s, want %s: %s", d.Cause, d.Text, c.cause, c.text)
			}
			if len(d.Frames) == 0 || d.Filter == "" || d.Next == "" {
				t.Errorf("without frames, filter or next check: %+v", d)
			}
		})
	}
}
