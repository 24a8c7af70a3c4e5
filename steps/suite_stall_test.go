package steps

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps/report"
)

// busyMachine loses the 2xx answers of the first searches, and stands still meanwhile.
type busyMachine struct {
	searches int
	stands   func()

	mu    sync.Mutex
	begun map[string]bool // by Call-ID
}

func (b *busyMachine) fault(d wire.Datagram, ours bool) []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := header(d.Payload, "call-id", "i")
	if ours && !b.begun[id] && len(b.begun) < b.searches {
		b.begun[id] = true
	}
	if !ours && b.begun[id] && bytes.HasPrefix(d.Payload, []byte("SIP/2.0 2")) {
		b.stands()
		return nil
	}
	return []time.Duration{0}
}

// What failed while our own machine stood still is judged anew, and is never the server's
// fault; what failed without that is.
func TestStandstill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		searches   int
		standstill bool
		want       report.Status
		words      string
	}{
		"once":                 {1, true, report.Pass, ""},
		"each time":            {100, true, report.Error, "this machine stood still for"},
		"of the server's own":  {100, false, report.Fail, "no answer to the SUBSCRIBE"},
		"of nobody, this time": {0, true, report.Pass, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := StartEmbedded(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			machine := &busyMachine{searches: c.searches, begun: make(map[string]bool), stands: func() {}}
			s, err := newSuite(Options{Target: target, Rules: []string{"FIP-PNP-002"}, Seed: 1, Network: &wire.Tap{Fault: machine.fault}})
			if err != nil {
				t.Fatal(err)
			}
			if c.standstill {
				machine.stands = func() { s.stalls.note(time.Now().Add(-time.Millisecond), time.Now()) }
			}
			plan := s.plan()
			s.start(t.Context(), plan)
			s.judgeAll(t.Context(), plan)
			s.end()
			if len(s.results) != 1 {
				t.Fatalf("%d results", len(s.results))
			}
			if r := s.results[0]; r.Status != c.want || !strings.Contains(r.Actual, c.words) {
				t.Errorf("%s: %q, want %s: %q", r.Status, r.Actual, c.want, c.words)
			}
		})
	}
}

func TestStalls(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	s := new(stalls)
	s.note(at(10), at(11))
	s.note(at(20), at(23))
	for _, c := range []struct {
		from, to int
		want     time.Duration
		awake    int // seconds
	}{
		{0, 10, 0, 10}, {11, 20, 0, 9}, {23, 30, 0, 7}, // beside
		{0, 11, time.Second, 10}, {10, 11, time.Second, 0}, {9, 12, time.Second, 2},
		{21, 22, 3 * time.Second, 0}, // within: all of it counts
		{0, 30, 3 * time.Second, 26}, // the longest one
		{22, 24, 3 * time.Second, 1}, // in part
	} {
		if got := s.longest(at(c.from), at(c.to)); got != c.want {
			t.Errorf("from %d to %d: %v, want %v", c.from, c.to, got, c.want)
		}
		if got := s.awake(at(c.from), at(c.to)); got != time.Duration(c.awake)*time.Second {
			t.Errorf("from %d to %d: awake for %v, want %d s", c.from, c.to, got, c.awake)
		}
	}
	for i := range 3 * mostStalls {
		s.note(at(100+2*i), at(101+2*i))
	}
	if last := 100 + 2*(3*mostStalls-1); len(s.some) > mostStalls || s.longest(at(last), at(last+1)) == 0 {
		t.Errorf("%d are remembered, or not the last", len(s.some))
	}
}
