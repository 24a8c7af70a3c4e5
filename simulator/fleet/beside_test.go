package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"
)

// side is one of two that do the same work: n passes.
type side func(n int) error

// rate is what a side did in one round.
type rate struct {
	PerSecond float64
	CPU       float64 // µs a pass, of the process
}

// figures are the rounds of both sides: round i of one was run beside round i of the other.
type figures struct{ Ours, Peer []rate }

// beside lets both sides do n passes in turn, round after round, so that a noisy neighbour is met by both.
// A round before the first warms up and does not count.
func beside(ours, peer side, rounds, n int) (figures, error) {
	var f figures
	for i := range rounds + 1 {
		for _, s := range []struct {
			run side
			to  *[]rate
		}{{peer, &f.Peer}, {ours, &f.Ours}} {
			began, before := time.Now(), cpuTime()
			if err := s.run(n); err != nil {
				return figures{}, fmt.Errorf("round %d: %w", i, err)
			}
			took, used := time.Since(began), cpuTime()-before
			if i > 0 {
				*s.to = append(*s.to, rate{float64(n) / took.Seconds(), float64(used.Nanoseconds()) / 1e3 / float64(n)})
			}
		}
	}
	return f, nil
}

// report prints the medians, their spread, and the median of the rounds' ratios.
func (f figures) report(b *testing.B) {
	perSecond := func(r rate) float64 { return r.PerSecond }
	cpu := func(r rate) float64 { return r.CPU }
	b.ReportMetric(0, "ns/op") // says nothing here
	for _, m := range []struct {
		unit  string
		rates []rate
		of    func(rate) float64
	}{{"fleet-passes/s", f.Ours, perSecond}, {"bare-passes/s", f.Peer, perSecond}, {"fleet-µs-CPU", f.Ours, cpu}, {"bare-µs-CPU", f.Peer, cpu}} {
		b.ReportMetric(median(each(m.rates, m.of)), m.unit)
	}
	ratio, used := f.ratio(perSecond), f.ratio(cpu)
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(median(used), "CPU-ratio")
	b.Logf("%d rounds: fleet %s a second, bare %s; ratio %s; CPU ratio %s", len(ratio),
		spread(each(f.Ours, perSecond), 0), spread(each(f.Peer, perSecond), 0), spread(ratio, 2), spread(used, 2))
}

// ratio is ours to the peer's, round by round.
func (f figures) ratio(of func(rate) float64) []float64 {
	all := make([]float64, len(f.Ours))
	for i := range f.Ours {
		all[i] = of(f.Ours[i]) / of(f.Peer[i])
	}
	return all
}

func each(rates []rate, of func(rate) float64) []float64 {
	all := make([]float64, len(rates))
	for i, r := range rates {
		all[i] = of(r)
	}
	return all
}

func median[N cmp.Ordered](all []N) N {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// spread is the median and, in brackets, the least and the most.
func spread(all []float64, digits int) string {
	return fmt.Sprintf("%.*f (%.*f-%.*f)", digits, median(all), digits, slices.Min(all), digits, slices.Max(all))
}
