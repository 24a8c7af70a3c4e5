package steps

import (
	"context"
	"slices"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/steps/report"
)

// discoveries are what a rule needs that goes over no protocol of files.
var discoveries = []string{string(scenarios.PnP), string(scenarios.DHCP)}

// slowDown has what serves one client at a time asked by one at a time from now on:
// else every rule that is judged beside another would fail for that one reason, or find
// the server busy with what another rule left behind.
func (s *suite) slowDown(ctx context.Context) {
	s.mu.Lock()
	for _, r := range s.results {
		if r.Status != report.Fail || !slices.Contains(r.Rule.Tags, firstTag) {
			continue
		}
		if r.Over != "" {
			s.slow = append(s.slow, r.Over)
		}
		for _, need := range discoveries {
			if slices.Contains(r.Rule.Needs, need) {
				s.slow = append(s.slow, need)
			}
		}
	}
	slow := s.slow
	s.mu.Unlock()
	for _, over := range slow {
		s.pulse.wait(ctx, over)
	}
}

// isSlow reports whether what a scenario asks serves one client at a time.
func (s *suite) isSlow(w *world) bool {
	return slices.ContainsFunc(s.slow, func(over string) bool { return over == w.scheme || slices.Contains(w.rule.Needs, over) })
}

// recovery is how long a server that serves one client at a time may still be busy with
// those that gave up.
const recovery = 2 * time.Minute

// wait gives a server that was found silent time to answer again.
func (p *pulse) wait(ctx context.Context, scheme string) {
	p.mu.Lock()
	why := p.lost[scheme]
	p.mu.Unlock()
	if why == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	for ctx.Err() == nil {
		if !silent(p.probe(ctx, scheme)) && ctx.Err() == nil {
			p.mu.Lock()
			delete(p.lost, scheme)
			p.mu.Unlock()
			return
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}
