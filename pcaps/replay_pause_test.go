package pcaps

import (
	"context"
	"net/netip"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/trace"
)

// gappy is a pass with gaps: the cfg file is asked for a minute after the boot file, the
// include half a minute after that, and once more after a minute.
func gappy(t *testing.T) []byte {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.serve(40001, passBoot, "include:config <"+passCfg+">\ninclude:config <office.cfg>\ninclude:config <office.cfg>\n", true)
	w.at = w.at.Truncate(time.Minute).Add(time.Minute + 9*time.Second)
	w.serve(40002, passCfg, account, true)
	w.at = w.at.Truncate(time.Minute).Add(39 * time.Second)
	w.serve(40003, "office.cfg", "lang.gui=French\n", true)
	w.at = w.at.Truncate(time.Minute).Add(time.Minute + 39*time.Second)
	w.serve(40004, "office.cfg", "lang.gui=French\n", true)
	return w.out.Bytes()
}

// Each file is asked for when the captured phone asked, or so many times as fast; what
// lasts longer than the gap is not waited for, and neither is a file of which the capture
// knows nothing.
func TestPauses(t *testing.T) {
	p := read(t, gappy(t)).Phones[0]
	const m, s = time.Minute, time.Second
	for _, test := range []struct {
		speed float64
		takes time.Duration // a file
		want  []time.Duration
	}{
		{1, 0, []time.Duration{0, m, m, 90 * s, 150 * s}},
		{10, 0, []time.Duration{0, 6 * s, 6 * s, 9 * s, 15 * s}},
		{1, 80 * s, []time.Duration{0, 80 * s, 160 * s, 240 * s, 320 * s}},
	} {
		synctest.Test(t, func(t *testing.T) {
			pauses, start := newPauses(p, test.speed), time.Now()
			var got []time.Duration
			for _, name := range []string{passBoot, passCfg, "unknown.xml", "office.cfg", "office.cfg"} {
				pauses.before(t.Context(), &url.URL{Path: "/elsewhere/" + name})
				got = append(got, time.Since(start).Round(s))
				time.Sleep(test.takes)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%v (-want +got):\n%s", test.speed, diff)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), s)
		defer cancel()
		pauses, start := newPauses(p, 1), time.Now()
		for _, name := range []string{passBoot, passCfg} {
			pauses.before(ctx, &url.URL{Path: name})
		}
		if got := time.Since(start); got != s {
			t.Errorf("who breaks it off waits %s", got)
		}
	})
}

// What a server asked for once more, and where a redirect leads, is no file of its own;
// a phone that sends its credentials unasked has gaps too.
func TestPausesOfHTTP(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	c := w.dial(netip.AddrPortFrom(testPhone.Addr(), 40001), netip.MustParseAddrPort("192.0.2.1:80"))
	c.ask(".boot", "", challenge)
	c.ask(".boot", digest, noFile)
	c.ask(".cfg", digest, "HTTP/1.1 302 Found\r\nLocation: /b/0021f2000001.cfg\r\nContent-Length: 0\r\n\r\n")
	c.phone("GET /b/0021f2000001.cfg HTTP/1.1\r\nHost: h\r\n"+digest+"\r\n", 0)
	c.serve(aFile, 0)
	c.ask(".xml", digest, aFile)
	var got []string
	for _, f := range newPauses(read(t, w.out.Bytes()).Phones[0], 1).files {
		got = append(got, f.after.Round(time.Second).String()+" "+f.name)
	}
	want := []string{"0s 0021f2000001.boot", "2m0s 0021f2000001.cfg", "3m0s 0021f2000001.xml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A replay with a speed waits inside a pass, and none without.
func TestReplayPauses(t *testing.T) {
	c := read(t, gappy(t))
	const speed = 1500 // a minute is 40 ms
	var recorder trace.Recorder
	begun := time.Now()
	all, err := Replay(t.Context(), c, ReplayOptions{Speed: speed, Trace: &recorder})
	if err != nil || len(all) != 1 || all[0].Err != nil || len(all[0].Differences) > 0 {
		t.Fatalf("%v, %+v", err, all)
	}
	var asked []time.Time
	for _, e := range recorder.Events() {
		if e.Kind == trace.FetchRequest {
			asked = append(asked, e.At)
		}
	}
	if len(asked) != 4 || asked[3].Sub(begun) < 99*time.Millisecond { // 150 s
		t.Errorf("asked at %v", asked)
	}
}
