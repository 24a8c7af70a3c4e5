package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// say records a line with the number n.
func say(t *Timeline, n int) {
	t.Record(trace.Event{Kind: trace.ConfigApplied, Detail: fmt.Sprint(n)})
}

func texts(lines []Line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, strings.TrimPrefix(l.Text, "   applied: "))
	}
	return all
}

// A page goes on where it was, and learns where lines are lost.
func TestTimelineAfter(t *testing.T) {
	line := new(Timeline)
	lines, start, gap := line.after(position{})
	if len(lines) != 0 || !gap {
		t.Errorf("an empty timeline has %d lines, gap %t", len(lines), gap)
	}
	say(line, 1)
	say(line, 2)
	lines, at, gap := line.after(start)
	if diff := cmp.Diff([]string{"1", "2"}, texts(lines)); diff != "" || gap {
		t.Errorf("gap %t, (-want +got):\n%s", gap, diff)
	}
	if lines, now, gap := line.after(at); len(lines) != 0 || now != at || gap {
		t.Errorf("nothing happened, yet %d lines, gap %t", len(lines), gap)
	}
	for n := 3; n <= 2+timelineLines; n++ {
		say(line, n)
	}
	if lines, _, gap := line.after(at); len(lines) != timelineLines || gap || texts(lines)[0] != "3" {
		t.Errorf("as many as fit: %d lines, gap %t", len(lines), gap)
	}
	say(line, 3+timelineLines)
	lines, _, gap = line.after(at)
	if len(lines) != timelineLines || !gap || texts(lines)[0] != "4" {
		t.Errorf("overtaken: %d lines from %s, gap %t", len(lines), texts(lines)[0], gap)
	}
}

// A page of an earlier process is told that this is another timeline, whichever has
// more lines.
func TestTimelineOfAnotherProcess(t *testing.T) {
	before, now := new(Timeline), new(Timeline)
	before.epoch, now.epoch = 1, 2
	for n := range 10 {
		say(now, n)
	}
	for _, seen := range []uint64{0, 3, 10, 1000} {
		if lines, _, gap := now.after(position{before.epoch, seen}); !gap || len(lines) != 10 {
			t.Errorf("having seen %d: %d lines, gap %t", seen, len(lines), gap)
		}
	}
}

func TestPosition(t *testing.T) {
	for _, c := range []struct {
		text string
		want position
	}{
		{"1z-5", position{71, 5}},
		{position{1 << 60, 1 << 63}.String(), position{1 << 60, 1 << 63}},
		{"", position{}},
		{"5", position{}},
		{"-5", position{}},
		{"1z-", position{}},
		{"1z--1", position{}},
		{"1z-99999999999999999999", position{}},
		{"!-1", position{}},
	} {
		if got := parsePosition(c.text); got != c.want {
			t.Errorf("%q: %v, want %v", c.text, got, c.want)
		}
	}
}

// Memory is bounded: in lines, and in the length of one.
func TestTimelineIsBounded(t *testing.T) {
	line := new(Timeline)
	for range 3 * timelineLines {
		line.Record(trace.Event{Kind: trace.FetchFailed, Detail: strings.Repeat("ä", 10_000)})
	}
	lines, _ := line.latest(2 * timelineLines)
	if len(lines) != timelineLines || len(line.ring) != timelineLines {
		t.Errorf("%d lines, want %d", len(lines), timelineLines)
	}
	if got := len([]rune(lines[0].Text)); got != lineLength+1 || !strings.HasSuffix(lines[0].Text, "ä…") {
		t.Errorf("a line of %d characters: …%s", got, lines[0].Text[len(lines[0].Text)-10:])
	}
}

// A finding is no line: it stands on the status page.
func TestTimelineLeavesOut(t *testing.T) {
	line := new(Timeline)
	line.Record(trace.Event{Kind: trace.ConfigFinding, Detail: "a finding"})
	if lines, _ := line.latest(1); len(lines) != 0 {
		t.Errorf("%q", texts(lines))
	}
}
