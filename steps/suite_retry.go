package steps

import (
	"context"
	"slices"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/steps/report"
)

// retryBusy judges once more, one after the other, the rules that met a busy server: a
// limit on clients at once is no fault.
func (s *suite) retryBusy(ctx context.Context) {
	for over, rules := range s.pick(metBusy) {
		if ctx.Err() != nil {
			return
		}
		results := s.round(ctx, &round{over: over, rules: rules, alone: true, silent: true})
		s.replace(over, rules, results)
	}
}

// metBusy reports whether a scenario failed where the server said "not now".
func metBusy(r report.Result) bool {
	if r.Status != report.Fail && r.Status != report.Error {
		return false
	}
	for _, e := range r.Events {
		if busy(e.Fault, e.Detail) {
			return true
		}
	}
	return false
}

// dependsTag begins the tag of a rule that rests on an option of the phone:
// @depends-on_failure.
const dependsTag = "@depends-"

// tryAlternatives judges what failed and rests on an option once more with each other
// value of that option, and tells where the rule holds. The failure stays: the phone's
// default is our best guess, and the report says that it is one.
func (s *suite) tryAlternatives(ctx context.Context) {
	for _, option := range device.Options() {
		tag := dependsTag + option.Name
		failed := s.pick(func(r report.Result) bool { return r.Status == report.Fail && slices.Contains(r.Rule.Tags, tag) })
		for over, rules := range failed {
			for _, value := range option.Values {
				b := s.options.Behaviour
				if value == b.WithDefaults().Get(option.Name) || b.Set(option.Name, value) != nil || ctx.Err() != nil {
					continue
				}
				held := s.round(ctx, &round{over: over, rules: rules, behaviour: &b, silent: true})
				s.note(over, held, "depends on `"+option.Name+"`: holds with "+value)
			}
		}
	}
}

// pick returns the rules with a result that want picks, by protocol.
func (s *suite) pick(want func(report.Result) bool) map[string][]features.Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	picked := make(map[string][]features.Rule)
	for _, r := range s.results {
		known := slices.ContainsFunc(s.sources.rules, func(rule features.Rule) bool { return rule.ID == r.Rule.ID })
		already := slices.ContainsFunc(picked[r.Over], func(rule features.Rule) bool { return rule.ID == r.Rule.ID })
		if known && !already && want(r) {
			picked[r.Over] = append(picked[r.Over], r.Rule)
		}
	}
	return picked
}

// replace puts new results of some rules in the place of the old ones.
func (s *suite) replace(over string, rules []features.Rule, results []report.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = slices.DeleteFunc(s.results, func(r report.Result) bool {
		return r.Over == over && slices.ContainsFunc(rules, func(rule features.Rule) bool { return rule.ID == r.Rule.ID })
	})
	s.results = append(s.results, results...)
}

// note adds words to the failures for which a later round passed.
func (s *suite) note(over string, later []report.Result, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range later {
		for i := range s.results {
			r := &s.results[i]
			if l.Status == report.Pass && r.Status == report.Fail && r.Over == over && r.Rule.ID == l.Rule.ID && r.Example == l.Example {
				r.Actual += "; " + words
			}
		}
	}
}
