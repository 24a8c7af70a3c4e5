package fleet

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A trial that this machine spoilt did not break a threshold that it held.
func TestFoundSummary(t *testing.T) {
	judged := Judged{Threshold: "p99(pass)<5s", Shown: "370ms", Held: true}
	f := &Found{Threshold: judged.Threshold, Rate: 10, Ours: "this machine is too slow for this rate", Trials: []Trial{
		{Rate: 10, Judged: judged, Report: &Report{}},
		{Rate: 20, Judged: judged, Invalid: []string{"timers fired 6s late (p99)"}, Report: &Report{}},
		{Rate: 15, Judged: Judged{Threshold: judged.Threshold, Shown: "6s"}, Report: &Report{}},
	}}
	var text strings.Builder
	if err := f.Summary(&text); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"      10.0 a second  held     p99(pass)<5s: 370ms",
		"      20.0 a second  invalid  p99(pass)<5s: 370ms; timers fired 6s late (p99)",
		"      15.0 a second  broke    p99(pass)<5s: 6s",
		"p99(pass)<5s holds at 10.0 phones a second or more",
		"  this machine: this machine is too slow for this rate", "",
	}, "\n")
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
}
