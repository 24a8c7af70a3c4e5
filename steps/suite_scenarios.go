package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// planScenarios plans the user's own scenarios: each of them over each protocol.
func (s *suite) planScenarios() []Planned {
	var all []Planned
	for _, own := range s.options.Scenarios {
		if len(own.Phones) == 0 {
			continue // its features are rules like all others
		}
		named := func(id string) bool { return strings.EqualFold(id, own.Name) }
		if len(s.options.Rules) > 0 && !slices.ContainsFunc(s.options.Rules, named) {
			continue
		}
		rule := scenarioRule(own)
		if own.Tree != nil && !s.can(scenarios.PublishTree) {
			all = append(all, Planned{Rule: rule, Skip: s.lacks(string(scenarios.PublishTree)), Rows: 1, scenario: own})
			continue
		}
		for _, scheme := range s.protocols(rule) {
			all = append(all, Planned{Rule: rule, Over: scheme, Rows: len(own.Phones), scenario: own})
		}
	}
	return all
}

// scenarioRule is what a user's scenario is called in reports.
func scenarioRule(own *scenarios.Scenario) features.Rule {
	return features.Rule{
		ID: own.Name, Chapter: "scenarios", Feature: own.Name, Title: "Each phone ends as scenario " + own.Name + " says",
		Source: own.Dir, Level: features.Must, Each: true, Tags: []string{"@must"}, File: own.Dir,
	}
}

// judgeScenarios judges the user's scenarios, one after the other.
func (s *suite) judgeScenarios(ctx context.Context, plan []Planned) {
	for _, p := range plan {
		if p.own() && p.Skip == "" {
			s.judgeScenario(ctx, p)
		}
	}
}

// judgeScenario lets all phones of a scenario provision at once, and records a result
// for each.
func (s *suite) judgeScenario(ctx context.Context, p Planned) {
	r := &round{over: p.Over}
	first := s.scenarioWorld(p, 0)
	phones := p.scenario.Phones
	open, err := first.open(ctx)
	if err == nil {
		phones, err = first.serve(open, p.scenario)
	}
	var all sync.WaitGroup
	for i := range p.scenario.Phones {
		w := first
		if i > 0 {
			w = s.scenarioWorld(p, i)
			w.base, w.started, w.cancel = first.base, time.Now(), func() {}
		}
		all.Go(func() {
			failure := err
			if failure == nil && i > 0 {
				failure = w.openEvidence()
			}
			if failure == nil {
				failure = w.guard(func() error {
					return w.provisions(open, phones[i], w.base.JoinPath(phones[i].File).String())
				})
			}
			if i > 0 { // the first holds the turn for all
				s.conclude(open, r, w, nil, failure)
				return
			}
			first.late = failure
		})
	}
	all.Wait()
	s.conclude(open, r, first, nil, first.late)
	s.add(r.results...)
}

// scenarioWorld is the world of one phone of a scenario.
func (s *suite) scenarioWorld(p Planned, i int) *world {
	id := p.scenario.Phones[i].Identity
	return &world{
		suite: s, rule: p.Rule, over: p.Over, scheme: p.Over, mac: id.MAC, behaviour: s.options.Behaviour, crash: new(crash),
		example: "phone " + id.MAC.String(), row: id.MAC.String(),
	}
}

// serve publishes a scenario's tree, where it has one, and returns its phones. Where
// files name the server that they were taken from, they name this one instead.
func (w *world) serve(ctx context.Context, own *scenarios.Scenario) ([]scenarios.Phone, error) {
	if own.Tree == nil {
		return own.Phones, w.locate()
	}
	if err := w.put(ctx, own.Tree); err != nil {
		return nil, err
	}
	to := scenarios.Moved(own.Origins, w.published.Bases)
	if to == nil {
		return own.Phones, nil
	}
	tree, err := scenarios.MoveTree(own.Tree, to)
	if err != nil {
		return nil, harness("the scenario's tree: %v", err)
	}
	w.publishes(tree)
	if err := w.published.Replace(ctx, tree); err != nil {
		return nil, harness("publishing: %v", err)
	}
	phones := make([]scenarios.Phone, len(own.Phones))
	for i, p := range own.Phones {
		phones[i] = p.Moved(to)
	}
	return phones, nil
}

// locate takes the target's own URL.
func (w *world) locate() error {
	if l, ok := w.suite.options.Target.(scenarios.Located); ok {
		w.base = scenarios.BaseOf(l.URLs(), w.scheme)
	}
	if w.base == nil {
		return harness("the scenario has no tree, and the target no URL of its own for %s", w.scheme)
	}
	return nil
}

// provisions lets one phone provision and compares what it ends with.
func (w *world) provisions(ctx context.Context, p scenarios.Phone, url string) error {
	o, err := w.phoneLike(p, url)
	if err != nil {
		return err
	}
	o.outcome, o.err = o.Provision(ctx, device.PowerOn)
	return o.asExpected(p)
}

// phoneLike adds a phone of a scenario, or of the server's own, to the world.
func (w *world) phoneLike(p scenarios.Phone, url string) (*observedPhone, error) {
	o := &observedPhone{recorder: new(trace.Recorder)}
	behaviour := p.Behaviour.Over(w.behaviour)
	var err error
	o.Phone, err = phone.New(phone.Options{
		Identity: p.Identity, Behaviour: behaviour, Network: w.network(), TLS: w.tls(),
		Trace:   trace.NewStream(p.Identity.MAC, o.recorder),
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: url}},
	})
	if err != nil {
		return nil, harness("no phone: %v", err)
	}
	w.phones = append(w.phones, o)
	return o, nil
}

// mostDifferences bounds what one failure lists.
const mostDifferences = 10

// asExpected compares how the phone's pass ended, and what it holds, with what was
// expected of it.
func (p *observedPhone) asExpected(want scenarios.Phone) error {
	if wrong := want.Ended(p.outcome); wrong != "" {
		expected := "the phone is provisioned"
		if want.Outcome != "" {
			expected = "the phone ends " + string(want.Outcome)
		}
		return violated(expected, "%s: %s", wrong, p.ending())
	}
	differences := want.Differences(p.Settings())
	if len(differences) == 0 {
		return nil
	}
	var lines []string
	for _, d := range differences[:min(len(differences), mostDifferences)] {
		lines = append(lines, d.String())
	}
	if more := len(differences) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return violated(fmt.Sprintf("the %d settings that are expected of %s", want.Expects(), want.Identity.MAC),
		"%d are otherwise: %s", len(differences), strings.Join(lines, "; "))
}
