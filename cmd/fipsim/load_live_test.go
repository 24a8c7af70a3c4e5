package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

var someProgress = fleet.Progress{
	Took: 12345 * time.Millisecond, Started: 8123, OK: 7990, Failed: 12, InFlight: 121, Rate: 812.3,
	P50: 12345 * time.Microsecond, P99: 340 * time.Millisecond, Lag: 1200 * time.Microsecond, Provisioned: 7985, Phones: 8123, Fleet: 10_000,
}

// The line of a run fits the terminal: in fewer words on a narrow one, and never wrapped.
func TestLiveText(t *testing.T) {
	waiting := someProgress
	waiting.Queued = 7
	for _, c := range []struct {
		p      fleet.Progress
		search string
		width  int
		want   string
	}{
		{someProgress, "", 0, "12s: 8123 started, 7985 of 10000 provisioned, 12 failed, 121 in flight, 812/s, p50 12.3ms, p99 340ms, lag 1.2ms"},
		{waiting, "trial 3 at 40.0/s, ", 200, "trial 3 at 40.0/s, 12s: 8123 started, 7985 of 10000 provisioned, 12 failed, 121 in flight (7 waiting), 812/s, p50 12.3ms, p99 340ms, lag 1.2ms"},
		{someProgress, "", 100, "12s 8123 started 7985 served 12 failed 121 flying 812/s p50 12.3ms p99 340ms lag 1.2ms"},
		{someProgress, "", 40, "12s 8123 started 7985 served 12 failed "},
	} {
		if got := liveText(c.p, c.search, c.width); got != c.want {
			t.Errorf("width %d:\n%s, want\n%s", c.width, got, c.want)
		}
	}
}

// Where nothing can be written over, a line comes every ten seconds and stays; on a terminal it is cleared.
func TestLiveLine(t *testing.T) {
	run := func(terminal bool) string {
		var b bytes.Buffer
		l := &liveLine{w: &b, live: new(fleet.Live), terminal: terminal}
		for i := range 25 {
			p := someProgress
			p.Took, p.Final = time.Duration(i)*time.Second, i == 24
			l.show(p)
		}
		l.clear()
		return b.String()
	}
	plain := run(false)
	if n := strings.Count(plain, "\n"); n != 2 || strings.ContainsAny(plain, "\r\x1b") || !strings.HasPrefix(plain, "fipsim: 10s: ") {
		t.Errorf("%q", plain)
	}
	live := run(true)
	if strings.Contains(live, "\n") || strings.Count(live, "\r\x1b[K") != 25 || !strings.HasSuffix(live, "\r\x1b[K") {
		t.Errorf("%q", live)
	}
}
