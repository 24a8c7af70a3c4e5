package fleet

import (
	"testing"
	"testing/synctest"
	"time"
)

// An alarm rings at the moment that was set last, be it earlier or later than the one before, and again for the same
// moment once it rang.
func TestAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAlarm(false)
		defer a.stop()
		began := time.Now()
		for _, c := range []struct {
			set  []time.Duration
			want time.Duration
		}{
			{set: []time.Duration{5 * time.Second}, want: 5 * time.Second},
			{set: []time.Duration{9 * time.Second, 7 * time.Second}, want: 7 * time.Second},
			{set: []time.Duration{8 * time.Second, 10 * time.Second}, want: 10 * time.Second},
			{set: []time.Duration{10 * time.Second}, want: 10 * time.Second},
			{set: []time.Duration{time.Second}, want: 10 * time.Second}, // due already
		} {
			for _, at := range c.set {
				a.at(began.Add(at))
				synctest.Wait()
			}
			<-a.C
			a.rang()
			if got := time.Since(began); got != c.want {
				t.Errorf("set to %v: rang after %s, want %s", c.set, got, c.want)
			}
		}
	})
}

// On a real clock it does not ring too early.
func TestAlarmExact(t *testing.T) {
	a := newAlarm(true)
	defer a.stop()
	for _, in := range []time.Duration{0, time.Microsecond, early - 1, early, early + time.Millisecond} {
		due := time.Now().Add(in)
		a.at(due)
		<-a.C
		a.rang()
		if left := time.Until(due); left > 0 {
			t.Errorf("an alarm in %s rang %s too early", in, left)
		}
	}
}
