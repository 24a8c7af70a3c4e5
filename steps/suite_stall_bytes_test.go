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
