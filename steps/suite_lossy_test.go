package steps

import (
	"slices"
	"testing"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/steps/report"
)

func TestLossy(t *testing.T) {
	const quick, late = 3 * time.Millisecond, 4200 * time.Millisecond
	awake := func(times ...time.Duration) (all []sounding) {
		for _, took := range times {
			all = append(all, sounding{took, took})
		}
		return all
	}
	for name, c := range map[string]struct {
		all  []sounding
		want bool
	}{
		"all quick":        {awake(quick, quick, quick), false},
		"one late":         {awake(quick, late, quick, quick), false},
		"now and then":     {awake(quick, late, quick, late), true},
		"busy at first":    {awake(late, late, late, quick, quick, quick), false},
		"slow always":      {awake(late, late, late, late), false},
		"silent always":    {awake(probeTime, probeTime, probeTime), false},
		"late after a lot": {awake(late, quick, quick, quick, quick, late, late), true},
		"standstills":      {[]sounding{{quick, quick}, {late, quick}, {late, quick}}, false},
		"lost amid them":   {[]sounding{{quick, quick}, {late + time.Second, late}, {late + time.Second, late}}, true},
		// The way went on meanwhile: it takes a second as the others do.
		"slow, and one amid a standstill": {append(awake(time.Second, time.Second), sounding{900 * time.Millisecond, quick}, sounding{1100 * time.Millisecond, 1100 * time.Millisecond},
			sounding{1200 * time.Millisecond, 1200 * time.Millisecond}), false},
	} {
		if got := lossy(c.all); (got != "") != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	want := "packets are lost on the way to the server, or by it: one small file, asked for 4 times, came within 3ms and only after 4.2s, 1.5s"
	if got := lossy(awake(quick, late, quick, 1500*time.Millisecond)); got != want {
		t.Errorf("%q", got)
	}
}

// Where packets are lost, silence proves nothing, and neither does what does not come again; what the server does wrong
// each time is its fault there, too.
func TestFailuresOnALossyWay(t *testing.T) {
	silence, late := trace.Event{Kind: trace.FetchFailed, Fault: trace.NoAnswer}, trace.Event{Kind: trace.FetchDone, Took: time.Second}
	failed := func(id string, events ...trace.Event) report.Result {
		return report.Result{Rule: features.Rule{ID: id}, Over: "tftp", Status: report.Fail, Expected: "a file", Actual: "none", Events: events}
	}
	s := &suite{results: []report.Result{
		failed("SILENT", silence), failed("LATE", late), failed("ONCE"), failed("ALWAYS", trace.Event{Kind: trace.FetchDone, Took: time.Millisecond}),
		{Rule: features.Rule{ID: "OTHER"}, Over: "http", Status: report.Fail, Events: []trace.Event{silence}},
	}}
	for _, r := range s.results {
		s.sources.rules = append(s.sources.rules, r.Rule)
	}
	s.excuse("tftp", "packets are lost")
	rules := s.stillFail("tftp", s.sources.rules)
	if want := []string{"ONCE", "ALWAYS"}; !slices.Equal(ids(rules), want) {
		t.Errorf("%v are judged again, want %v", ids(rules), want)
	}
	s.unproven("tftp", []report.Result{
		{Rule: features.Rule{ID: "ONCE"}, Over: "tftp", Status: report.Pass}, failed("ALWAYS"),
	}, "packets are lost")
	if want := []string{"ALWAYS"}; !slices.Equal(ids(s.stillFail("tftp", rules)), want) {
		t.Errorf("%v still fail, want %v", ids(s.stillFail("tftp", rules)), want)
	}
	for i, want := range []report.Status{report.Error, report.Error, report.Error, report.Fail, report.Fail} {
		if r := s.results[i]; r.Status != want || (r.Expected == "") != (want == report.Error || i == 4) {
			t.Errorf("%s: %s: expected %q, %s", r.Rule.ID, r.Status, r.Expected, r.Actual)
		}
	}
	if got, want := s.results[2].Actual, "none; it did not come again, and packets are lost"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func ids(rules []features.Rule) (all []string) {
	for _, r := range rules {
		all = append(all, r.ID)
	}
	return all
}
