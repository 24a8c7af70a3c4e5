package pcaps

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Phones begin when they did in the capture, or so many times as fast; each lasts as
// long as it lasts, beside the others.
func TestPace(t *testing.T) {
	const s = time.Second
	captured := []time.Duration{40 * s, 0, 10 * s} // not in the order of their phones
	for _, test := range []struct {
		speed float64
		want  []time.Duration // when each began
		took  time.Duration   // all of it, where each takes five seconds
	}{
		{1, []time.Duration{40 * s, 0, 10 * s}, 45 * s},
		{10, []time.Duration{4 * s, 0, s}, 9 * s},
		{0.5, []time.Duration{80 * s, 0, 20 * s}, 85 * s},
		{0, []time.Duration{0, 5 * s, 10 * s}, 15 * s}, // one after the other
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			got, mu := make([]time.Duration, len(captured)), sync.Mutex{}
			err := ReplayOptions{Speed: test.speed}.pace(t.Context(), passesAt(captured), func(i int) {
				mu.Lock()
				got[i] = time.Since(start)
				mu.Unlock()
				time.Sleep(5 * s)
			})
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" || time.Since(start) != test.took {
				t.Errorf("speed %v: %v, %s in all\n%s", test.speed, err, time.Since(start), diff)
			}
		})
	}
}

// Who breaks it off does not wait for the phones that have not begun.
func TestPaceIsBrokenOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var began []int
		err := ReplayOptions{Speed: 1}.pace(ctx, passesAt([]time.Duration{0, time.Hour}), func(i int) { began = append(began, i) })
		if !errors.Is(err, context.DeadlineExceeded) || !slices.Equal(began, []int{0}) {
			t.Errorf("%v, %v", err, began)
		}
	})
}

// passesAt are passes whose first files were asked for at these times.
func passesAt(at []time.Duration) []pass {
	day := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	var all []pass
	for _, d := range at {
		all = append(all, pass{Phone: &Phone{Events: []Event{{Event: trace.Event{Kind: trace.FetchRequest, At: day.Add(d)}}}}})
	}
	return all
}
