package steps_test

import (
	"slices"
	"testing"

	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// A server that serves one session after the other breaks the rules that say so. What else it is asked, it is
// asked by one phone at a time, so that no other rule fails for the same reason.
func TestOneAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("a phone waits as long as phones do")
	}
	all := faulty.All()
	at := slices.IndexFunc(all, func(f faulty.Fault) bool { return f.Name == "ftp/one-at-a-time" })
	if at < 0 {
		t.Fatal("no such fault")
	}
	t.Parallel()
	var run *report.Run
	for range 3 { // beside many others this process stands still at times, and could not judge
		if run = judgeOneAtATime(t, all[at]); !slices.ContainsFunc(run.Results, func(r report.Result) bool { return r.Status == report.Error }) {
			break
		}
	}
	judged := make(map[string]bool)
	for _, r := range run.Results {
		want := report.Pass
		if slices.Contains(ofSeveral, r.Rule.ID) {
			want = report.Fail
		}
		if r.Status != want {
			t.Errorf("%s: %s, want %s: %s", r.Rule.ID, r.Status, want, r.Actual)
		}
		judged[r.Rule.ID] = true
	}
	if len(judged) != 8 {
		t.Errorf("judged %v", judged)
	}
}

// ofSeveral are the rules of those judged here that one session after the other breaks.
var ofSeveral = []string{"FIP-FTP-008", "FIP-MANY-004"}

func judgeOneAtATime(t *testing.T, f faulty.Fault) *report.Run {
	t.Helper()
	run, err := steps.Run(t.Context(), steps.Options{
		Target: startFaulty(t, f), Seed: 1, Tags: "@over-ftp",
		Rules: append([]string{"FIP-FTP-001", "FIP-FTP-002", "FIP-NAME-011", "FIP-NAME-015", "FIP-NAME-016", "FIP-NAME-017"}, ofSeveral...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}
