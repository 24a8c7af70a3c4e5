// Package steptest judges a provisioning server within a go test, by the same rules and
// steps as `fipsim check`. A server's own tests need a scenarios.Target, which says how
// files are published on it, and one line.
package steptest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// Run judges o.Target and returns what was found. Each rule is a subtest, with one below
// it for each protocol and each row of examples: it fails where the rule counts and is
// broken, and where it could not be judged; it is skipped, with the reason, where the
// target lacks what the rule needs. A broken @should is a line of the log, unless
// o.Strict.
//
// A run of which nothing can be said, such as one in which everything was skipped, fails
// t too.
func Run(t *testing.T, o steps.Options) *report.Run {
	t.Helper()
	run, err := steps.Run(t.Context(), o)
	if err != nil {
		t.Error(err)
	}
	if run == nil {
		t.FailNow()
	}
	byRule := make(map[string][]report.Result)
	var order []string
	for _, r := range run.Results {
		id := r.Rule.ID
		if byRule[id] == nil {
			order = append(order, id)
		}
		byRule[id] = append(byRule[id], r)
	}
	for _, id := range order {
		t.Run(id, func(t *testing.T) {
			for _, r := range byRule[id] {
				t.Run(name(r), func(t *testing.T) { tell(t, run, r) })
			}
		})
	}
	v := run.Verdict()
	t.Logf("%s (seed %d)", v, run.Seed)
	if v.Exit() != verdict.ExitOK && !t.Failed() {
		t.Error(v)
	}
	return run
}

// name is a subtest's name.
func name(r report.Result) string {
	words := r.Over
	if words == "" {
		words = "any"
	}
	if r.Example != "" {
		words += " " + r.Example
	}
	return strings.ReplaceAll(words, "/", "_")
}

// tell reports one result.
func tell(t *testing.T, run *report.Run, r report.Result) {
	text := fmt.Sprintf("%s (@%s, %s)\n%s\nstep: %s\nexpected: %s\ncame: %s",
		r.Rule.Title, r.Rule.Level, r.Rule.File, r.Rule.Source, r.Step, r.Expected, r.Actual)
	switch {
	case r.Status == report.Error:
		t.Errorf("could not judge: %s\n%s", r.Actual, r.Rule.Title)
	case run.Fails(r):
		t.Error(text)
	case r.Status == report.Fail:
		t.Log(text)
	case r.Status == report.Skip:
		t.Skip(r.Actual)
	}
}
