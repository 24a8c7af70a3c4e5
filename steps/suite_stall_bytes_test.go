package steps

import (
	"testing"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/steps/report"
)

// Bytes that came and are others prove a fault, however long this machine stood still meanwhile; silence does not.
func TestStandstillAndBytes(t *testing.T) {
	at := time.Unix(100, 0)
	s := new(suite)
	s.stalls.note(at, at.Add(time.Second))
	rule := features.Rule{ID: "FIP-CONT-016"}
	for _, c := range []struct {
		name string
		err  error
		want bool // it is doubted
	}{
		{"other bytes", differs("the file a", "it came with pieces in another order"), false},
		{"no answer", violated("the file a", "no answer"), true},
	} {
		r := s.judged(t.Context(), &world{suite: s, rule: rule, started: at}, c.err)
		r.Took = time.Minute
		if r.Status != report.Fail {
			t.Fatalf("%s: %s: %s", c.name, r.Status, r.Actual)
		}
		if doubted := s.stalls.during(r) > 0; doubted != c.want {
			t.Errorf("%s: doubted: %t, want %t", c.name, doubted, c.want)
		}
	}
}

// What was skipped amid a standstill stays skipped: it blames nobody, and a skip is no Error.
func TestStandstillAndSkip(t *testing.T) {
	at := time.Unix(100, 0)
	target, err := StartEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	s, err := newSuite(Options{Target: target, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.stalls.note(at, at.Add(time.Second))
	rule := features.Rule{ID: "FIP-CONT-016"}
	for _, status := range []report.Status{report.Skip, report.Fail} {
		s.results = append(s.results, report.Result{Rule: rule, Status: status, Started: at, Took: time.Minute, Over: "http"})
	}
	s.doubt(t.Context(), "http", rule)
	if s.results[0].Status != report.Skip || s.results[1].Status != report.Error {
		t.Errorf("the skip became %s, the failure %s", s.results[0].Status, s.results[1].Status)
	}
}
