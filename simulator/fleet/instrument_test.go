package fleet

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// The instrument itself, against the truth: a server whose delays are programmed, on a network in memory
// where nothing else takes time. `make bench-instrument` does the same on real sockets.

const scriptedURL = "tftp://192.0.2.9/"

// scripted is a TFTP server whose files are of one block, and which answers a request for a file after
// when's delay. It returns the network on which it stands.
func scripted(files fstest.MapFS, when func(name string) time.Duration) *wire.Memory {
	n := new(wire.Memory)
	var mu sync.Mutex
	asked := make(map[netip.AddrPort]string) // and not answered yet
	n.HandleUDP(netip.MustParseAddrPort("192.0.2.9:69"), func(d wire.Datagram, send func(wire.Datagram)) {
		answer := func(b []byte) {
			mu.Lock()
			delete(asked, d.From)
			mu.Unlock()
			send(wire.Datagram{From: d.To, To: d.From, Payload: b})
		}
		p := d.Payload
		switch {
		case len(p) > 2 && p[1] == 1: // RRQ
			name, _, _ := strings.Cut(string(p[2:]), "\x00")
			mu.Lock()
			again := asked[d.From] == name
			asked[d.From] = name
			mu.Unlock()
			if again { // it waits for its answer already
				return
			}
			reply := tftp.AppendError(nil, 1, "File not found")
			if _, ok := files[name]; ok {
				reply = tftp.AppendData(nil, 1, files[name].Data)
			}
			if wait := when(name); wait > 0 {
				time.AfterFunc(wait, func() { answer(reply) })
				return
			}
			answer(reply)
		}
	})
	return n
}

// exact is a quantile of all values, as HdrHistogram defines it: the smallest that so many percent do not
// exceed.
func exact(values []time.Duration, percent float64) time.Duration {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(int(math.Ceil(percent/100*float64(len(sorted))))-1, 0)]
}

// near fails where a reading is off the truth by more than 2% and more than 1 ms.
func near(t *testing.T, what string, reading, truth time.Duration) {
	t.Helper()
	off := (reading - truth).Abs()
	t.Logf("%-10s truth %-12s reading %-12s off by %s", what, truth, reading, off)
	if off > time.Millisecond && float64(off) > 0.02*float64(truth) {
		t.Errorf("%s: %s was measured, the truth is %s", what, reading, truth)
	}
}

func latency(t *testing.T, r *Report, stage string) *Latency {
	t.Helper()
	i := slices.IndexFunc(r.Latencies, func(l Latency) bool { return l.Stage == stage })
	if i < 0 {
		t.Fatalf("nothing was measured of %s: %+v", stage, r.Errors)
	}
	return &r.Latencies[i]
}

// Delays of one file are measured as they are.
func TestInstrumentDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 1500
		specs := phones(t, count)
		delays := make(map[string]time.Duration)
		var truth []time.Duration
		for i, s := range specs { // exponential, 60 ms on average: most are short, a few long
			d := time.Duration(-60 * math.Log(1-fraction(9, i)) * float64(time.Millisecond))
			delays[s.MAC.CfgName()] = d
			truth = append(truth, d)
		}
		n := scripted(tree(specs), func(name string) time.Duration { return delays[name] })
		r, err := Run(t.Context(), Options{
			Phones: specs, Servers: []string{scriptedURL}, Network: n, Seed: 1, Expect: expect(t, expectTree),
			Stages: []Stage{{Arrival: "poisson", Over: 30 * time.Second}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Provisioned != count || r.Health.LagP99 > time.Millisecond {
			t.Fatalf("%+v", r.Health)
		}
		for _, stage := range []string{StageMACCfg, StageService, StagePass} {
			l := latency(t, r, stage)
			near(t, stage+" p50", l.P50, exact(truth, 50))
			near(t, stage+" p99", l.P99, exact(truth, 99))
			near(t, stage+" p99.9", l.P999, exact(truth, 99.9))
		}
	})
}

// A server that stands still for 5 s: the phones that meant to start meanwhile have all waited, though no
// more than 20 could ask at once. Who counted from the first packet would see 20 slow passes of 4,000.
func TestInstrumentStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, over, from, until = 4000 / scale, 60 * time.Second, 20 * time.Second, 25 * time.Second
		specs := phones(t, n)
		began := time.Now()
		network := scripted(tree(specs), func(string) time.Duration {
			if at := time.Since(began); at >= from && at < until {
				return until - at
			}
			return 0
		})
		r, err := Run(t.Context(), Options{
			Phones: specs, Servers: []string{scriptedURL}, Network: network, Seed: 1, InFlight: max(1, 20/scale),
			Stages: []Stage{{Arrival: "poisson", Over: over}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var truth []time.Duration
		arrivals := NewPoisson(n, over, 1)
		for i := range n {
			at, _ := arrivals.Start(i, 0)
			wait := time.Duration(0)
			if at >= from && at < until {
				wait = until - at
			}
			truth = append(truth, wait)
		}
		l := latency(t, r, StagePass)
		near(t, "p50", l.P50, exact(truth, 50))
		near(t, "p99", l.P99, exact(truth, 99))
		near(t, "p99.9", l.P999, exact(truth, 99.9))
		near(t, "max", l.Max, exact(truth, 100))
		if s := latency(t, r, StageService); s.P99 > 10*time.Millisecond {
			t.Errorf("the service took %s (p99): what waits for a permit does not count as service", s.P99)
		}
		course(t, r, n, until)
	})
}

// course asserts that the parts of a run add up, and that the wait shows where it was.
func course(t *testing.T, r *Report, n uint64, end time.Duration) {
	t.Helper()
	var passes, meant, heat uint64
	at, worst := time.Duration(0), Slot{}
	for _, s := range r.Course {
		if s.At != at {
			t.Fatalf("a part begins at %s, the one before ended at %s", s.At, at)
		}
		at += s.Took
		passes, meant = passes+s.OK+s.Failed+s.Wrong, meant+s.Meant
		for _, c := range s.Heat {
			heat += c
		}
		if s.Max > worst.Max {
			worst = s
		}
	}
	if passes != n || meant != n || heat != n || len(r.Course) > maxSlots+1 {
		t.Errorf("the %d parts have %d starts, %d passes, %d in the heat map; want %d", len(r.Course), meant, passes, heat, n)
	}
	if worst.At > end || worst.At+worst.Took < end {
		t.Errorf("the slowest passes ended from %s to %s, want %s", worst.At, worst.At+worst.Took, end)
	}
}

// The highest rate that a server bears is found: one that serves its phones one after the other, 10 ms each,
// bears 100 a second.
func TestFindKnownLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("ten trials of some thousand phones take their time")
	}
	synctest.Test(t, func(t *testing.T) {
		const service, limit = 10 * time.Millisecond, 100.0
		specs := phones(t, 4000)
		own := make(map[string]bool)
		for _, s := range specs {
			own[s.MAC.CfgName()] = true
		}
		var free time.Time // when the server is done with whom it serves
		var mu sync.Mutex
		n := scripted(tree(specs), func(name string) time.Duration {
			if !own[name] {
				return 0
			}
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(service)
			return time.Until(free)
		})
		threshold, err := ParseThreshold("p99(pass)<1s")
		if err != nil {
			t.Fatal(err)
		}
		live := new(Live)
		f, err := Find(t.Context(), Options{
			Phones: specs, Servers: []string{scriptedURL}, Network: n, Expect: expect(t, expectTree), Seed: 1, Live: live,
		}, threshold, 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		_ = f.Summary(&text)
		t.Logf("\n%s", &text)
		if f.Rate < 0.9*limit || f.Rate > 1.1*limit || f.Broke < f.Rate || f.Broke > closeEnough*f.Rate {
			t.Errorf("%.1f held, %.1f broke; the server bears %.0f", f.Rate, f.Broke, limit)
		}
		if !strings.HasPrefix(f.First, "mac-cfg took ") {
			t.Errorf("broke first: %q", f.First)
		}
		if err := f.Verdict(); err != nil {
			t.Error(err)
		}
		if shown := live.Search(); len(shown.Trials) != len(f.Trials) || shown.Rate != f.Rate {
			t.Errorf("a window on the search shows %+v", shown)
		}
	})
}

// A rate that broke once and holds when it is tried again is not what the server bears.
func TestFindHiccup(t *testing.T) {
	trial := func(rate float64, held bool) *Trial {
		return &Trial{Rate: rate, Judged: Judged{Held: held}, Report: &Report{}}
	}
	var s search
	rate := firstRate
	stumbled := false
	for range maxTrials {
		held := rate < 200
		if rate == 40 && !stumbled {
			held, stumbled = false, true
		}
		s.add(trial(rate, held))
		if rate = s.next(); rate == 0 {
			break
		}
	}
	s.conclude()
	if s.Rate < 190 || s.Rate >= 200 || s.Broke < 200 {
		t.Errorf("%.1f held, %.1f broke; want the limit, 200, between them", s.Rate, s.Broke)
	}
	if verdict.Exit(s.Found.Verdict()) != verdict.ExitOK {
		t.Error(s.Found.Verdict())
	}
}
