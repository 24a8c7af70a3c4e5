package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxLines bounds the timeline of one pass: how it began and how it ended are kept.
const maxLines = 80

// traceView is one pass of one phone.
type traceView struct {
	ID, Phone, Why, Tone string
	Took                 time.Duration
	Lines                []traceLine
}

type traceLine struct{ At, Words, Class string }

func newTraceView(s *fleet.Sample) traceView {
	v := traceView{Phone: s.Phone.Colons(), Why: tame(s.Why), Took: s.Took, Tone: "pass"}
	switch s.Why {
	case "failed":
		v.Tone = "fail"
		if s.Fault != "" {
			v.Why += ": " + tame(string(s.Fault))
		}
	case "wrong":
		v.Tone = "wrong"
		v.Why = "wrong settings"
	}
	v.ID = s.Phone.String() + "-" + strconv.FormatInt(int64(s.Took), 36)
	v.Lines = timeline(s.Events)
	if s.LeftOut > 0 {
		v.Lines = append(v.Lines, traceLine{"…", fmt.Sprintf("and %d more events", s.LeftOut), "gap"})
	}
	return v
}

// timeline are the lines of a pass, in seconds since its first event.
func timeline(events []trace.Event) []traceLine {
	if len(events) == 0 {
		return nil
	}
	start, places := events[0].At, 3
	if events[len(events)-1].At.Sub(start) < 100*time.Millisecond {
		places = 4 // a server next door answers within one millisecond
	}
	var lines []traceLine
	for i := range events {
		words, tone := trace.Line(events[i])
		if words == "" {
			continue
		}
		at := strconv.FormatFloat(events[i].At.Sub(start).Seconds(), 'f', places, 64)
		lines = append(lines, traceLine{at, tame(words), tone.Name()})
	}
	if more := len(lines) - maxLines; more > 1 {
		gap := traceLine{"…", fmt.Sprintf("%d lines left out", more), "gap"}
		tail := lines[len(lines)-maxLines/2:]
		lines = append(append(lines[:maxLines/2:maxLines/2], gap), tail...)
	}
	return lines
}
