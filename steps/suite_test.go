package steps_test

import (
	"testing"

	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// The reference server obeys every rule.
func TestReferenceServer(t *testing.T) {
	target, err := steps.StartEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	run, err := steps.Run(t.Context(), steps.Options{Target: target})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range run.Results {
		if r.Status != report.Pass {
			t.Errorf("%s over %s: %s: %s: expected %s; %s", r.Rule.ID, r.Over, r.Status, r.Step, r.Expected, r.Actual)
		}
	}
	if len(run.Results) == 0 {
		t.Error("nothing was judged")
	}
	t.Logf("%d results in %v", len(run.Results), run.Took)
}
