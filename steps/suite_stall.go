package steps

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/steps/report"
)

// tick is how often the clock is looked at, and standstill how late that may be before
// our own machine stood still: less than what the shortest wait of a rule has to spare
// (pnpLinger beyond T1).
const (
	tick       = 20 * time.Millisecond
	standstill = 150 * time.Millisecond
)

// stalls are the times when this machine had no processor for us. What did not come in
// such a time may have been there, and none of ours to take it. The zero value works.
type stalls struct {
	mu   sync.Mutex
	some []stall
}

type stall struct{ from, to time.Time }

// mostStalls bounds how many are remembered: the latest ones.
const mostStalls = 4096

// watch looks at the clock until the function that it returns is called.
func (s *stalls) watch() (stop func()) {
	var watching sync.WaitGroup
	done := make(chan struct{})
	watching.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-done:
				return
			case <-ticker.C: // its time is when it was due
				now := time.Now()
				if now.Sub(last) >= tick+standstill {
					s.note(last, now)
				}
				last = now
			}
		}
	})
	return func() { close(done); watching.Wait() }
}

// note remembers a time in which nothing of ours ran.
func (s *stalls) note(from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.some) == mostStalls {
		s.some = slices.Delete(s.some, 0, mostStalls/2)
	}
	s.some = append(s.some, stall{from, to})
}

// longest is how long this machine stood still at most in a time; 0: it did not.
func (s *stalls) longest(from, to time.Time) (most time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.some {
		if one.from.Before(to) && one.to.After(from) {
			most = max(most, one.to.Sub(one.from))
		}
	}
	return most
}

// awake is how much of a time this machine did not stand still.
func (s *stalls) awake(from, to time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	ran := to.Sub(from)
	for _, one := range s.some {
		begin, end := one.from, one.to
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		ran -= max(0, end.Sub(begin))
	}
	return ran
}

// during is how long this machine stood still while a result came about that puts the
// blame on the server, or on another rule; 0: the result stands. Bytes that came stand.
func (s *stalls) during(r report.Result) time.Duration {
	if r.Came {
		return 0
	}
	if r.Status == report.Fail || r.Status == report.Skip && r.Took > 0 {
		return s.longest(r.Started, r.Started.Add(r.Took))
	}
	return 0
}

// What a standstill spoilt is judged anew: so often, and for so long, all of it together.
const (
	mostAnew = 2
	anewTime = 3 * time.Minute
)

// retryStalled judges anew, one after the other, what failed while this machine stood
// still, or was skipped for what failed. What fails amid a standstill each time proves
// nothing, and becomes an Error; what is skipped each time stays so.
func (s *suite) retryStalled(ctx context.Context) {
	spoilt := func(r report.Result) bool { return s.stalls.during(r) > 0 }
	anew, cancel := context.WithTimeout(ctx, anewTime)
	defer cancel()
	for range mostAnew {
		for over, rules := range s.pick(spoilt) {
			for _, rule := range rules {
				s.anew(anew, over, rule)
			}
		}
	}
	for over, rules := range s.pick(spoilt) {
		for _, rule := range rules {
			s.doubt(ctx, over, rule)
		}
	}
}

// anew judges one rule once more. What a server died of is what its last answer said,
// and what could not be judged replaces nothing.
func (s *suite) anew(ctx context.Context, over string, rule features.Rule) {
	if s.pulse.gone(ctx, cmp.Or(over, s.any())) != nil {
		return
	}
	rules := []features.Rule{rule}
	results := s.round(ctx, &round{over: over, rules: rules, alone: true, silent: true})
	if !slices.ContainsFunc(results, func(r report.Result) bool { return r.Status == report.Error }) {
		s.replace(over, rules, results)
	}
}

// doubt makes an Error of what a rule came to while this machine stood still.
func (s *suite) doubt(ctx context.Context, over string, rule features.Rule) {
	if ctx.Err() == nil && s.pulse.gone(ctx, cmp.Or(over, s.any())) != nil {
		return // its silence was proved by more than one question
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.results {
		r := &s.results[i]
		if r.Status != report.Fail {
			continue // a skip blames nobody, and says why itself
		}
		if stood := s.stalls.during(*r); stood > 0 && r.Over == over && r.Rule.ID == rule.ID {
			r.Status, r.Expected = report.Error, ""
			r.Actual = fmt.Sprintf("this machine stood still for %v meanwhile, each time: it is too busy to judge by",
				stood.Round(time.Millisecond))
		}
	}
}
