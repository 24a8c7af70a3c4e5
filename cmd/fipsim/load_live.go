package main

import (
	"fmt"
	"io"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
)

// liveLine shows a run: on a terminal in one line that is written over and over,
// elsewhere in a line from time to time.
type liveLine struct {
	w        io.Writer
	live     *fleet.Live
	terminal bool

	shown bool
	told  time.Duration // when the last line was written that stays
}

// How often lines are written that stay, and the precision of their times.
const (
	plainEvery = 10 * time.Second
	shownTime  = 100 * time.Microsecond
)

func (l *liveLine) show(p fleet.Progress) {
	if p.Took < l.told { // another trial of a search
		l.told = 0
	}
	switch {
	case p.Final:
	case l.terminal:
		l.shown = true
		fmt.Fprint(l.w, "\r\x1b[K"+liveText(p, l.search(), terminalWidth(l.w)))
	case p.Took-l.told >= plainEvery:
		l.told = p.Took
		fmt.Fprintln(l.w, "fipsim: "+liveText(p, l.search(), 0))
	}
}

// search says which trial it is; empty where nothing is searched for.
func (l *liveLine) search() string {
	f := l.live.Search()
	if f == nil {
		return ""
	}
	return fmt.Sprintf("trial %d at %.1f/s, ", len(f.Trials)+1, f.Trying)
}

// liveText is a run in one line. Where it does not fit into width columns it is told in
// fewer words, and cut; 0: it may have any length.
func liveText(p fleet.Progress, search string, width int) string {
	took, p50, p99, lag := p.Took.Round(time.Second), p.P50.Round(shownTime), p.P99.Round(shownTime), p.Lag.Round(shownTime)
	waiting := ""
	if p.Queued > 0 {
		waiting = fmt.Sprintf(" (%d waiting)", p.Queued)
	}
	text := fmt.Sprintf("%s%s: %d started, %d of %d provisioned, %d failed, %d in flight%s, %.0f/s, p50 %s, p99 %s, lag %s",
		search, took, p.Started, p.Provisioned, p.Fleet, p.Failed, p.InFlight, waiting, p.Rate, p50, p99, lag)
	if width <= 0 || len(text) < width {
		return text
	}
	text = fmt.Sprintf("%s %d started %d served %d failed %d flying %.0f/s p50 %s p99 %s lag %s",
		took, p.Started, p.Provisioned, p.Failed, p.InFlight, p.Rate, p50, p99, lag)
	return text[:min(len(text), width-1)] // a line that wraps cannot be written over
}

func (l *liveLine) clear() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}
