package fleet

import (
	"fmt"
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
	r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, InFlight: 4000, Stages: []Stage{{Arrival: "poisson", Over: over}}})
	if err != nil {
		b.Fatal(err)
	}
	h := r.Health
	b.Logf("%.0f a second over %s: %d of %d provisioned; starts late by %s (p99), answers by %s (p50), %s (p99); processors: ours %.0f%%, all %.0f%%; %v",
		rate, over, r.Provisioned, r.Phones, h.DispatchP99, h.EchoP50, h.EchoP99, 100*h.CPU, 100*h.MachineCPU, r.Invalid)
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

// BenchmarkInstrument prints what was measured beside what was so.
func BenchmarkInstrument(b *testing.B) {
	ceiling := 0.0
	b.Run("ceiling", func(b *testing.B) {
		url, _ := (&witness{Delays: true}).start(b)
		specs, _ := Count(40_000, DefaultFirst)
		for b.Loop() {
			r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, InFlight: 1000})
			if err != nil {
				b.Fatal(err)
			}
			ceiling = r.Rate
		}
		b.ReportMetric(ceiling, "passes/s")
	})
	b.Run("delays", func(b *testing.B) {
		url, end := (&witness{Delays: true}).start(b)
		for b.Loop() {
			r := poisson(b, url, 0.8*ceiling, 10*time.Second)
			kept := end().Kept
			for _, percent := range []float64{50, 99} {
				row(b, fmt.Sprintf("p%.0f at 80%% of ceiling", percent), exact(kept, percent), QuantileOf(passes(r), percent))
			}
		}
	})
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
