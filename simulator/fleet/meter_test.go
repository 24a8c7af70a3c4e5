package fleet

import (
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fipsim/fipsim/simulator/trace"
)

// measurement is one measurement, and the worker that made it.
type measurement struct {
	key    series
	took   time.Duration
	worker int
	why    trace.Code
}

// Whichever worker measured what, in whichever order their shards are merged: the sum is
// what one worker would have had that measured all of it, value by value.
func TestMergeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		workers := rapid.IntRange(1, 6).Draw(t, "workers")
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) measurement {
			return measurement{
				key: series{
					stage:    rapid.SampledFrom([]string{StagePass, StageServed}).Draw(t, "stage"),
					protocol: rapid.SampledFrom([]string{"tftp", "http"}).Draw(t, "protocol"),
				},
				// Beyond the bounds on both sides too.
				took:   time.Duration(rapid.Int64Range(-1, int64(30*time.Hour)).Draw(t, "took")) >> rapid.IntRange(0, 40).Draw(t, "short"),
				worker: rapid.IntRange(0, workers-1).Draw(t, "worker"),
				why:    rapid.SampledFrom([]trace.Code{"", trace.NoAnswer, trace.NotFound}).Draw(t, "why"),
			}
		}), 0, 60).Draw(t, "measured")
		one, shards := newShard(), make([]*shard, workers)
		for i := range shards {
			shards[i] = newShard()
		}
		for _, m := range all {
			for _, s := range []*shard{one, shards[m.worker]} {
				s.observe(m.key, m.took)
				s.counts.add(&counts{Passes: 1, Bytes: uint64(m.worker)})
				s.errors[m.why]++
			}
		}
		order := rapid.Permutation(shards).Draw(t, "order")
		got, want := merge(order), merge([]*shard{one})
		for name, pair := range map[string][2]any{
			"counts": {want.counts, got.counts}, "errors": {want.errors, got.errors}, "series": {len(want.series), len(got.series)},
		} {
			if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for key, h := range want.series {
			sameValues(t, h, got.series[key])
		}
		for _, stage := range []string{StagePass, StageServed, StageLate} {
			sameValues(t, one.of(stage), got.stage(stage))
			sameValues(t, one.of(stage), mergeStage(order, stage))
		}
		if n := int64(len(all)); total(got) != n {
			t.Errorf("%d values of %d are there", total(got), n)
		}
	})
}

// of measures a stage as a single histogram would.
func (s *shard) of(stage string) *hdr.Histogram { return mergeStage([]*shard{s}, stage) }

func total(m *merged) (n int64) {
	for _, h := range m.series {
		n += h.TotalCount()
	}
	return n
}

// sameValues compares two histograms bar by bar.
func sameValues(t *rapid.T, want, got *hdr.Histogram) {
	if (want == nil) != (got == nil) {
		t.Fatalf("want a histogram: %v, got one: %v", want != nil, got != nil)
	}
	if want != nil && !want.Equals(got) {
		t.Errorf("%v values, %v to %v; want %v, %v to %v", got.TotalCount(), got.Min(), got.Max(), want.TotalCount(), want.Min(), want.Max())
	}
}
