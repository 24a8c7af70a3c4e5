package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// timeLine is one line of what led to a result.
type timeLine struct {
	At   string // seconds since the first event: "0.004", "0.0004"
	Text string
	Tone trace.Tone
	Gap  int // instead of all that: so many lines were left out
}

// String returns the line as it is printed.
func (l timeLine) String() string {
	if l.Gap > 0 {
		return fmt.Sprintf("%9s  %s left out", "…", plural(l.Gap, "line"))
	}
	return fmt.Sprintf("%9s  %s", l.At, l.Text)
}

// timeline returns at most about limit lines for events: those at the beginning and at
// the end, and between them those that went wrong. Where several phones took part, they
// are told apart, and stand in the order of time.
func timeline(events []trace.Event, limit int) []timeLine {
	events = slices.Clone(events)
	var start, end time.Time
	several := false
	for _, e := range events {
		several = several || e.Phone != events[0].Phone
		if start.IsZero() || e.At.Before(start) {
			start = e.At
		}
		if e.At.After(end) {
			end = e.At
		}
	}
	digits := 3
	if end.Sub(start) < 100*time.Millisecond {
		digits = 4 // a server next door answers within one millisecond
	}
	if several {
		slices.SortStableFunc(events, func(a, b trace.Event) int { return a.At.Compare(b.At) })
	}
	var lines []timeLine
	for _, e := range events {
		text, tone := trace.Line(e)
		if text == "" {
			continue
		}
		if several {
			text = e.Phone.String() + "  " + text
		}
		lines = append(lines, timeLine{
			At: strconv.FormatFloat(e.At.Sub(start).Seconds(), 'f', digits, 64), Text: shorten(clean(redact(text)), maxLine), Tone: tone,
		})
	}
	return cut(lines, limit)
}

// maxLine bounds one line of a timeline, in characters.
const maxLine = 400

// cut leaves out lines from the middle.
func cut(lines []timeLine, limit int) []timeLine {
	if len(lines) <= limit {
		return lines
	}
	keep := make([]bool, len(lines))
	left := limit
	take := func(i int) {
		if left > 0 && !keep[i] {
			keep[i] = true
			left--
		}
	}
	for i := range limit / 5 { // how it began
		take(i)
	}
	for i := range limit / 2 { // how it ended
		take(len(lines) - 1 - i)
	}
	for _, tone := range []string{"bad", "odd"} {
		for i, l := range lines {
			if l.Tone.Name() == tone {
				take(i)
			}
		}
	}
	for i := len(lines) - 1; i >= 0; i-- {
		take(i)
	}
	var short []timeLine
	for i, l := range lines {
		switch last := len(short) - 1; {
		case keep[i]:
			short = append(short, l)
		case last >= 0 && short[last].Gap > 0:
			short[last].Gap++
		default:
			short = append(short, timeLine{Gap: 1})
		}
	}
	return short
}

// shorten cuts text after so many characters, and says how many more there were.
func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return fmt.Sprintf("%s … (%d more characters)", strings.TrimRight(string(runes[:limit]), " "), len(runes)-limit)
}
