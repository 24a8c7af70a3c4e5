package steps_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// What a failure says repeats it: its rule, its row, over its protocol, and nothing else.
func TestRepeatedAlone(t *testing.T) {
	f, err := faulty.Find("http/truncated-64k")
	if err != nil {
		t.Fatal(err)
	}
	target := startFaulty(t, f)
	o := steps.Options{Target: target, Rules: []string{"FIP-CONT-002"}, Seed: 7, Command: "fipsim check"}
	run, err := steps.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if whole := "fipsim check --rule FIP-CONT-002 --seed 7"; run.Command != whole {
		t.Errorf("the run is repeated by %q, want %q", run.Command, whole)
	}
	var failure report.Result
	for _, r := range run.Results {
		if r.Status == report.Fail {
			failure = r
		}
	}
	const want = "fipsim check --rule FIP-CONT-002#7 --tags @over-http --seed 7"
	if failure.Again != want {
		t.Fatalf("the failure %q is repeated by %q, want %q", failure.Example, failure.Again, want)
	}
	o.Rules, o.Tags = []string{"FIP-CONT-002#7"}, "@over-http"
	again, err := steps.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Results) != 1 || again.Results[0].Example != failure.Example || again.Results[0].Status != report.Fail {
		t.Errorf("repeated alone: %+v, want the one failure %q", again.Results, failure.Example)
	}
}

func TestWrongRows(t *testing.T) {
	for _, rule := range []string{"FIP-CONT-002#0", "FIP-CONT-002#10", "FIP-CONT-002#", "FIP-CONT-002#one", "FIP-CFG-001#2"} {
		err := steps.Options{Target: startFaulty(t, faulty.Fault{}), Rules: []string{rule}}.Check()
		var usage *verdict.Usage
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), "rows") {
			t.Errorf("%s: %v, want a usage error that tells how many rows there are", rule, err)
		}
	}
}

// A rule that is named as a whole is judged as a whole, named by a row too or not.
func TestWholeRuleBesideItsRow(t *testing.T) {
	plan, err := steps.Plan(steps.Options{Target: startFaulty(t, faulty.Fault{}), Rules: []string{"FIP-CONT-002#2", "fip-cont-002"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan {
		if p.Rows != 9 {
			t.Errorf("%d rows over %s, want all 9", p.Rows, p.Over)
		}
	}
}
