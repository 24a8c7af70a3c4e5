package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
)

// Planned is one rule over one protocol, before it is judged.
type Planned struct {
	Rule features.Rule
	Over string // the protocol; empty: none in particular
	Skip string // why it will not be judged; empty: it will
	Rows int    // scenarios: the rows of an outline, or else one; at least 1

	scenario *scenarios.Scenario // of the user's own
}

// own reports whether this is a scenario of the user's, with no Gherkin of its own.
func (p Planned) own() bool { return p.scenario != nil }

// Check returns the error that Run would return for what the options choose, without a
// target: an unknown rule or tag is a *verdict.Usage.
func (o Options) Check() error {
	_, err := newSuite(o)
	return err
}

// Plan returns what Run would judge, and what it would skip with the reason, without
// asking the server anything.
//
// Rules are chosen by id and by tags: those of the feature files, and @over-http for
// the protocol. In an expression a comma is OR and binds closer, && is AND, ~ or "not"
// is NOT. An unknown id or tag is a *verdict.Usage.
func Plan(o Options) ([]Planned, error) {
	s, err := newSuite(o)
	if err != nil {
		return nil, err
	}
	return s.plan(), nil
}

// plan applies the rules to the target.
func (s *suite) plan() []Planned {
	tags, _ := parseTags(s.options.Tags, s.sources.tags()) // checked by newSuite
	var all []Planned
	for _, r := range s.rules {
		for _, p := range s.planRule(r) {
			p.Rows = 1
			if p.Skip == "" {
				p.Rows = max(s.sources.counts[r.ID], 1)
				if some := s.rows[r.ID]; len(some) > 0 {
					p.Rows = len(some)
				}
			}
			all = append(all, p)
		}
	}
	all = append(all, s.planScenarios()...)
	return slices.DeleteFunc(all, func(p Planned) bool {
		have := p.Rule.Tags
		if p.Over != "" {
			have = append(slices.Clip(have), overTag+p.Over)
		}
		return !tags.match(have)
	})
}

// planRule applies one rule: one that is judged over each protocol to those that it
// needs, all where it needs none in particular; any other to the first of those.
func (s *suite) planRule(r features.Rule) []Planned {
	for _, need := range r.Needs {
		if !slices.Contains(schemes, need) && !s.can(scenarios.Capability(need)) {
			return []Planned{{Rule: r, Skip: s.lacks(need)}}
		}
	}
	over := s.protocols(r)
	if len(over) == 0 {
		return []Planned{{Rule: r, Skip: s.lacks(wanted(r)...)}}
	}
	if !r.Each {
		over = over[:1]
		if len(wanted(r)) == len(schemes) {
			over[0] = "" // none in particular
		}
	}
	var all []Planned
	for _, scheme := range over {
		all = append(all, Planned{Rule: r, Over: scheme})
	}
	return all
}

// wanted are the protocols that a rule can be judged over.
func wanted(r features.Rule) []string {
	var some []string
	for _, scheme := range schemes {
		if slices.Contains(r.Needs, scheme) {
			some = append(some, scheme)
		}
	}
	if len(some) == 0 {
		return schemes
	}
	return some
}

// protocols are those of wanted that the target has.
func (s *suite) protocols(r features.Rule) []string {
	var have []string
	for _, scheme := range wanted(r) {
		if s.can(scenarios.Capability(scheme)) {
			have = append(have, scheme)
		}
	}
	return have
}

// any is the protocol of a rule that is about none in particular.
func (s *suite) any() string {
	for _, scheme := range schemes {
		if s.can(scenarios.Capability(scheme)) {
			return scheme
		}
	}
	return ""
}

// can reports whether the target has a capability.
func (s *suite) can(c scenarios.Capability) bool { return slices.Contains(s.capabilities(), c) }

// capabilities are those of the target, and what follows from them.
func (s *suite) capabilities() []scenarios.Capability {
	all := slices.Clone(s.options.Target.Capabilities())
	if slices.Contains(all, scenarios.HTTPS) && !s.tls().Insecure && !slices.Contains(all, scenarios.Certificate) {
		all = append(all, scenarios.Certificate)
	}
	return all
}

// lacks says why something cannot be judged here.
func (s *suite) lacks(capabilities ...string) string {
	for _, c := range capabilities {
		if e, ok := s.options.Target.(scenarios.Explainer); ok && len(capabilities) == 1 {
			if why := e.Why(scenarios.Capability(c)); why != "" {
				return fmt.Sprintf("needs %s: %s", c, why)
			}
		}
	}
	return fmt.Sprintf("needs %s, which %s has not", strings.Join(capabilities, " or "), s.options.Target.Name())
}
