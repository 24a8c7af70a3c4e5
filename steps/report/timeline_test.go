package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/steps/report"
)

// A long story is cut: its beginning, its end and what went wrong stay.
func TestLongTimeline(t *testing.T) {
	r := res("R", "c", features.Must, "tftp", report.Fail)
	for i := range 1000 {
		e := trace.Event{At: began.Add(time.Duration(i) * time.Second), Kind: trace.FetchDone, URL: "tftp://h/x", Bytes: int64(i)}
		if i == 500 {
			e = trace.Event{At: e.At, Kind: trace.FetchFailed, Detail: "no answer"}
		}
		r.Events = append(r.Events, e)
	}
	got := write(t, "text", &report.Run{Results: []report.Result{r}})
	_, story, _ := strings.Cut(got, "what led there:\n")
	story, _, _ = strings.Cut(story, "\n\n")
	lines := strings.Split(story, "\n")
	if len(lines) != 32 || !strings.Contains(lines[0], "0.000  <- 0 bytes") || !strings.Contains(lines[31], "999.000  <- 999 bytes") {
		t.Errorf("%d lines:\n%s", len(lines), story)
	}
	for _, want := range []string{"500.000  <- failed: no answer", "…  494 lines left out", "…  476 lines left out"} {
		if !strings.Contains(story, want) {
			t.Errorf("no %q in\n%s", want, story)
		}
	}
}

// Phones that run at once are told apart, in the order of time.
func TestTimelineOfSeveralPhones(t *testing.T) {
	r := res("R", "c", features.Must, "tftp", report.Fail)
	for i, ms := range []int{0, 200, 100, 300} { // phone by phone, as scenarios have them
		r.Events = append(r.Events, trace.Event{
			Phone: device.DefaultMAC.Add(uint64(i / 2)), At: began.Add(time.Duration(ms) * time.Millisecond), Kind: trace.PassStart, Detail: fmt.Sprint(ms),
		})
	}
	got := write(t, "text", &report.Run{Results: []report.Result{r}})
	const want = `               0.000  0021f2000001  == 0
               0.100  0021f2000002  == 100
               0.200  0021f2000001  == 200
               0.300  0021f2000002  == 300
`
	if !strings.Contains(got, want) {
		t.Errorf("no\n%s in\n%s", want, got)
	}
}
