package fleet

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// The instrument on real sockets, against a server in a process of its own whose delays are programmed.
// Nothing is asserted: it prints truth, reading and deviation (docs/performance.md).

// row prints truth, reading and deviation.
func row(b *testing.B, what string, truth, reading time.Duration) {
	b.Helper()
	off := reading - truth
	b.Logf("%-24s truth %-10s reading %-10s off by %s, %.2f%%", what, round(truth), round(reading), off.Round(time.Microsecond), 100*float64(off)/float64(truth))
}

func poisson(b *testing.B, url string, rate float64, over time.Duration) *Report {
	b.Helper()
	specs, err := Count(int(rate*over.Seconds()), DefaultFirst)
	if err != nil {
		b.Fatal(err)
	}
	r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, InFlight: 4000, Stages: []Stage{{Arrival: "poisson", Over: over}}, Processors: runtime.NumCPU()})
	if err != nil {
		b.Fatal(err)
	}
	h := r.Health
	b.Logf("%.0f a second over %s: %d of %d provisioned; starts late by %s (p50), %s (p99), answers by %s (p50), %s (p99); processors: ours %.0f%%, all %.0f%%; %v",
		rate, over, r.Provisioned, r.Phones, h.DispatchP50, h.DispatchP99, h.EchoP50, h.EchoP99, 100*h.CPU, 100*h.MachineCPU, r.Invalid)
	return r
}

// passes are all whole passes of a report.
func passes(r *Report) []*Latency {
	var all []*Latency
	for i := range r.Latencies {
		if r.Latencies[i].Stage == StagePass {
			all = append(all, &r.Latencies[i])
		}
	}
	return all
}

// bears reports whether a run was an instrument, by what it knows of itself: what starts and answers were late is less
// than what a reading may be off, 1 ms of the median and 2% of p99.
func bears(r *Report) bool {
	const files = 4 // of a pass, each an answer
	h := &r.Health
	p99 := QuantileOf(passes(r), 99)
	return len(r.Invalid) == 0 && h.DispatchP50+files*h.EchoP50 < time.Millisecond && max(h.DispatchP99, h.EchoP99) < p99/50
}

// most is how many passes a second are possible at all, where nobody asks how long they took.
func most(b *testing.B) float64 {
	url, _ := (&witness{Delays: true}).start(b)
	specs, _ := Count(40_000, DefaultFirst)
	r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, InFlight: 1000})
	if err != nil {
		b.Fatal(err)
	}
	return r.Rate
}

// bearable is the highest rate that the instrument bears, below most.
func bearable(b *testing.B, most float64) float64 {
	url, _ := (&witness{Delays: true}).start(b)
	for rate := most; rate > most/50; rate *= 0.85 {
		if bears(poisson(b, url, rate, 3*time.Second)) {
			return rate
		}
	}
	b.Skip("this machine bears no rate: it has other work to do")
	return 0
}

// BenchmarkInstrument prints what was measured beside what was so.
func BenchmarkInstrument(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 * runtime.NumCPU())) // as fipsim load does
	atMost, ceiling := 0.0, 0.0
	b.Run("ceiling", func(b *testing.B) {
		for b.Loop() {
			atMost = most(b)
			ceiling = bearable(b, atMost)
		}
		b.ReportMetric(atMost, "passes/s-at-most")
		b.ReportMetric(ceiling, "passes/s-ceiling")
	})
	for _, of := range []struct {
		what string
		rate *float64
	}{{"ceiling", &ceiling}, {"most", &atMost}} {
		b.Run("delays-"+of.what, func(b *testing.B) {
			url, end := (&witness{Delays: true}).start(b)
			for b.Loop() {
				r := poisson(b, url, 0.8**of.rate, 10*time.Second)
				kept := end().Kept
				for _, percent := range []float64{50, 99} {
					row(b, fmt.Sprintf("p%.0f at 80%% of %s", percent, of.what), exact(kept, percent), QuantileOf(passes(r), percent))
				}
			}
		})
	}
	b.Run("stall", func(b *testing.B) {
		const over = 30 * time.Second
		url, end := (&witness{From: 10 * time.Second, For: 5 * time.Second}).start(b)
		for b.Loop() {
			r := poisson(b, url, 0.2*ceiling, over)
			s, arrivals := end().Stood, NewPoisson(int(r.Phones), over, 1)
			var truth []time.Duration
			for i := range int(r.Phones) {
				at, _ := arrivals.Start(i, 0)
				wait := time.Microsecond
				if meant := r.Began.Add(at); meant.After(s.From) && meant.Before(s.Until) {
					wait = s.Until.Sub(meant)
				}
				truth = append(truth, wait)
			}
			row(b, "p99.9 with a stall of 5s", exact(truth, 99.9), QuantileOf(passes(r), 99.9))
		}
	})
	b.Run("find", func(b *testing.B) {
		const limit = 100.0
		url, _ := (&witness{Service: time.Duration(float64(time.Second) / limit)}).start(b)
		specs, _ := Count(4000, DefaultFirst)
		threshold, err := ParseThreshold("p99(pass)<1s")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			f, err := Find(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1}, threshold, 10*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			b.Logf("%-24s truth %.0f/s     reading %.1f/s    off by %.1f%% %s", "--find", limit, f.Rate, 100*(f.Rate/limit-1), f.Ours)
		}
	})
}
