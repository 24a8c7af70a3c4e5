package fleet

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const sec = time.Second

func starts(p Pacer, phones, pass int) []time.Duration {
	var all []time.Duration
	for i := range phones {
		if at, ok := p.Start(i, pass); ok {
			all = append(all, at)
		}
	}
	return all
}

// When phones start, each pacer for itself.
func TestPacers(t *testing.T) {
	for name, c := range map[string]struct {
		pacer Pacer
		pass  int
		want  []time.Duration
	}{
		"storm, all at once":       {Storm{}, 0, []time.Duration{0, 0, 0, 0}},
		"storm, only once":         {Storm{Over: sec}, 1, nil},
		"ramp":                     {Ramp{4, 4 * sec}, 0, []time.Duration{2 * sec, 2828427124, 3464101615, 4 * sec}},
		"ramp, only once":          {Ramp{4, 4 * sec}, 1, nil},
		"checksync":                {CheckSync{4, 4 * sec}, 0, []time.Duration{0, sec, 2 * sec, 3 * sec}},
		"checksync, only once":     {CheckSync{4, 4 * sec}, 1, nil},
		"poisson, only once":       {NewPoisson(4, sec, 1), 1, nil},
		"interval without an end":  {Interval{Every: sec}, 1, nil},
		"interval without a time":  {Interval{Over: sec}, 0, nil},
		"interval past its end":    {Interval{Every: sec, Over: 5 * sec}, 6, nil},
		"avalanche, as a storm":    {Avalanche{}, 0, []time.Duration{0, 0, 0, 0}},
		"avalanche, no more by it": {Avalanche{}, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := starts(c.pacer, 4, c.pass); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// A storm's jitter fills its time evenly; Poisson's gaps have the mean and the spread of an exponential
// distribution; both are the same for the same seed.
func TestByChance(t *testing.T) {
	const n = 10_000
	storm := starts(Storm{Over: 10 * sec, Seed: 7}, n, 0)
	var tenths [10]int
	for _, at := range storm {
		tenths[int(at/sec)]++
	}
	for i, got := range tenths {
		if got < n/10*9/10 || got > n/10*11/10 {
			t.Errorf("%d of %d phones start in second %d of ten", got, n, i)
		}
	}
	poisson := starts(NewPoisson(n, 10*sec, 7), n, 0)
	var sum, squares float64
	for i := 1; i < n; i++ {
		gap := (poisson[i] - poisson[i-1]).Seconds()
		sum, squares = sum+gap, squares+gap*gap
	}
	mean := sum / n
	spread := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-0.001) > 0.00005 || math.Abs(spread-mean) > 0.05*mean {
		t.Errorf("gaps of %gs on average with a spread of %gs, want 1ms of both", mean, spread)
	}
	if !slices.Equal(storm, starts(Storm{Over: 10 * sec, Seed: 7}, n, 0)) || slices.Equal(storm, starts(Storm{Over: 10 * sec, Seed: 8}, n, 0)) {
		t.Error("the seed does not decide")
	}
	if !slices.Equal(poisson, starts(NewPoisson(n, 10*sec, 7), n, 0)) {
		t.Error("the seed does not decide")
	}
}

// Each phone has its phase and its clock, and keeps them.
func TestInterval(t *testing.T) {
	p := Interval{Every: 10 * sec, Over: 1000 * sec, Drift: 0.01, Seed: 3}
	for phone := range 100 {
		phase, ok := p.Start(phone, 0)
		if !ok || phase < 0 || phase >= 10*sec {
			t.Fatalf("phone %d begins at %s", phone, phase)
		}
		first, _ := p.Start(phone, 1)
		every := first - phase
		if every < 9900*time.Millisecond || every > 10100*time.Millisecond {
			t.Errorf("phone %d comes every %s, want 10s by 1%%", phone, every)
		}
		if tenth, _ := p.Start(phone, 10); (tenth - phase - 10*every).Abs() > 10 {
			t.Errorf("phone %d: pass 10 at %s, every %s from %s", phone, tenth, every, phase)
		}
	}
}

// Backing off: half of the wait or more, twice as long each time, up to the most.
func TestAvalanche(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Avalanche{First: time.Duration(rapid.IntRange(0, 5000).Draw(t, "first")) * time.Millisecond,
			Most: time.Duration(rapid.IntRange(0, 100_000).Draw(t, "most")) * time.Millisecond}
		failures := rapid.IntRange(1, 1<<20).Draw(t, "failures")
		first, most := a.First, a.Most
		if first == 0 {
			first = sec
		}
		if most == 0 {
			most = 30 * sec
		}
		full := most
		if failures <= 20 {
			full = min(most, first<<(failures-1))
		}
		wait, ok := a.Again(rapid.IntRange(0, 1<<24).Draw(t, "phone"), failures)
		if !ok || wait < full/2 || wait > full {
			t.Errorf("after %d failures %s, want %s to %s", failures, wait, full/2, full)
		}
	})
}

// The schedule gives back what is due, in order, and no more.
func TestSchedule(t *testing.T) {
	s := newSchedule(CheckSync{5, 5 * sec}, 5)
	s.add(start{at: 1500 * time.Millisecond, phone: 9, again: true})
	var got []int32
	for {
		x, ok := s.due(2 * sec)
		if !ok {
			break
		}
		got = append(got, x.phone)
	}
	if !slices.Equal(got, []int32{0, 1, 9, 2}) || s.Len() != 2 {
		t.Errorf("due: %v, %d to come", got, s.Len())
	}
}

// Mixes are dealt out by their weights.
func TestMix(t *testing.T) {
	m := Mix{"tftp": 70, "http": 30, "ftp": 0}
	counts := map[string]int{}
	for i := range 10_000 {
		counts[m.pick(1, i)]++
	}
	if counts["ftp"] > 0 || counts["tftp"] < 6700 || counts["tftp"] > 7300 {
		t.Errorf("%v", counts)
	}
	if got := Mix(nil).pick(1, 1); got != "" {
		t.Errorf("an empty mix has %q", got)
	}
	for _, bad := range []Mix{{"a": -1}, {"a": 0}, {"a": math.NaN()}} {
		if bad.check() == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

// With a random delay every start is later, each by another time up to the most; who comes again does so all
// the same.
func TestRandomDelay(t *testing.T) {
	const most = 10 * time.Second
	r := &run{Options: Options{RandomDelay: most}}
	plain := Stage{Arrival: "interval", Phones: 100, Every: time.Minute, Over: time.Hour}
	pacer, sum, n := r.pacer(&plain, 1), time.Duration(0), 0
	seen := make(map[time.Duration]bool)
	for phone := range plain.Phones {
		for pass := range 50 {
			was, ok := plain.pacer(plain.Phones, 1).Start(phone, pass)
			at, still := pacer.Start(phone, pass)
			wait := at - was
			if !ok || !still || wait < 0 || wait >= most {
				t.Fatalf("phone %d waits %s before pass %d", phone, wait, pass)
			}
			sum += wait
			n++
			seen[wait] = true
		}
	}
	if mean := sum / time.Duration(n); mean < 4*time.Second || mean > 6*time.Second || len(seen) < n-5 {
		t.Errorf("phones wait %s on average, and %d different times of %d", mean, len(seen), n)
	}
	if again, ok := r.pacer(&Stage{Arrival: "avalanche"}, 1).(Retrier); !ok {
		t.Error("the phones of an avalanche do not come again")
	} else if wait, ok := again.Again(1, 1); !ok || wait <= 0 {
		t.Error(wait, ok)
	}
	if _, ok := pacer.(Retrier); ok {
		t.Error("the phones of an interval come again")
	}
}
