package pcaps

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// A packet that passes two interfaces is in a capture twice: that is no request sent again,
// to which the answer came late.
func TestRequestsTwice(t *testing.T) {
	for _, test := range []struct {
		gap   time.Duration
		cause Cause
		sends int
	}{{time.Millisecond, AllWell, 1}, {500 * time.Millisecond, SlowAnswer, 2}} {
		w := newWriter(t, layers.LinkTypeEthernet)
		ask := packetOf(t, testPhone, testServer, tftp.AppendRRQ(nil, passCfg, "octet"))
		w.ethernet(etherIPv4, ask)
		w.at = w.at.Add(test.gap - 10*time.Millisecond)
		w.ethernet(etherIPv4, ask)
		w.ethernet(etherIPv4, packetOf(t, testTID, testPhone, tftp.AppendData(nil, 1, []byte("lang.gui=French\n"))))
		c := read(t, w.out.Bytes())
		sends := 0
		for _, e := range c.Phones[0].Events {
			if e.Kind == trace.FetchRequest {
				sends++
			}
		}
		told := strings.Contains(strings.Join(c.Notes, ""), "1 TFTP requests are in it twice")
		if d := Diagnose(c.Phones[0]); d[len(d)-1].Cause != test.cause || sends != test.sends || told != (sends == 1) {
			t.Errorf("%s: %d sends, %v, %+v", test.gap, sends, c.Notes, d)
		}
	}
}

// In netascii the ends of lines are the mode's, not the file's: nobody is told to correct
// them, and what is extracted is the file.
func TestNetascii(t *testing.T) {
	for _, test := range []struct{ mode, want string }{
		{"NetASCII", "lang.gui=French\nx=a\rb\n"}, {"octet", "lang.gui=French\r\nx=a\r\x00b\r\n"},
	} {
		w := newWriter(t, layers.LinkTypeEthernet)
		w.ethernet(etherIPv4, packetOf(t, testPhone, testServer, tftp.AppendRRQ(nil, passCfg, test.mode)))
		w.ethernet(etherIPv4, packetOf(t, testTID, testPhone, tftp.AppendData(nil, 1, []byte("lang.gui=French\r\nx=a\r\x00b\r\n"))))
		p := read(t, w.out.Bytes()).Phones[0]
		if got := string(p.Files[0].Body); got != test.want {
			t.Errorf("%s: %q", test.mode, got)
		}
		if d := Diagnose(p)[0]; (d.Cause == AllWell) != (test.mode != "octet") {
			t.Errorf("%s: %+v", test.mode, d)
		}
	}
}

// What follows the name is remembered: a request reads the same whatever was asked before.
func TestAsked(t *testing.T) {
	ends := []string{"octet\x00", "octet", "", "octet\x00tsize\x000\x00", "octet\x00tsize\x00", "OCTET\x00blksize\x001\n4\x00\x00\x00", strings.Repeat("x", 600) + "\x00"}
	for n := range 3 * maxTails { // more than are remembered
		ends = append(ends, fmt.Sprintf("octet\x00tsize\x00%d\x00", n))
	}
	w := newTFTPWatch(newRoster())
	for _, name := range []string{"a.cfg", "b.cfg", "", "a.cfg"} {
		for _, op := range []byte{1, 2} {
			for _, end := range ends {
				data := []byte("\x00" + string(op) + name + "\x00" + end)
				file, facts, err := w.asked(data)
				p, wantErr := tftp.Parse(data)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || err == nil && (file != name || cmp.Diff(requestFacts(p), facts) != "") {
					t.Fatalf("%q: %q %v, %v; want %v", data, file, facts, err, wantErr)
				}
			}
		}
	}
	if got := len(w.tails[1]); got > maxTails {
		t.Errorf("%d are remembered", got)
	}
}

// A request that the snap length cut is told as far as it is there.
func TestCutRequest(t *testing.T) {
	whole := "\x00\x01dir/0021f2000001.boot\x00octet\x00tsize\x000\x00blksize\x00512\x00"
	for _, test := range []struct{ until, want string }{
		{".boot\x00", "\x00\x01dir/0021f2000001.boot\x00octet\x00"},
		{".boot\x00oct", "\x00\x01dir/0021f2000001.boot\x00octet\x00"},
		{"octet\x00", "\x00\x01dir/0021f2000001.boot\x00octet\x00"},
		{"tsize\x000", "\x00\x01dir/0021f2000001.boot\x00octet\x00"},
		{"tsize\x000\x00", "\x00\x01dir/0021f2000001.boot\x00octet\x00tsize\x000\x00"},
		{"512\x00", whole},
	} {
		cut := whole[:strings.Index(whole, test.until)+len(test.until)]
		if got := string(mended([]byte(cut))); got != test.want {
			t.Errorf("%q: %q, want %q", cut, got, test.want)
		}
		if _, err := tftp.Parse([]byte(test.want)); err != nil {
			t.Errorf("%q: %v", test.want, err)
		}
	}
	if unnamed := []byte(whole[:8]); string(mended(unnamed)) != string(unnamed) {
		t.Errorf("%q: %q", unnamed, mended(unnamed))
	}
	w := newWriter(t, layers.LinkTypeEthernet)
	w.snap = 66
	w.serve(40001, "0021f2000001.boot", "include:config <0021f2000001.cfg>\n", true)
	w.serve(40002, "0021f2000001.cfg", "lang.gui=French\n", true)
	for _, p := range read(t, w.out.Bytes()).Phones {
		for _, d := range Diagnose(p) {
			if d.Side == ByServer || d.Side == ByPhone {
				t.Errorf("%s (%s): %s", d.Cause, d.Side, d.Text)
			}
		}
		if len(p.Events) == 0 || p.Events[0].Kind != trace.FetchRequest {
			t.Errorf("%+v", p.Events)
		}
	}
}
