package web

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of a Timeline.
const (
	timelineLines = 1000 // lines that are kept
	lineLength    = 1000 // characters of one line
)

// Timeline is a sink that keeps the latest events as lines for people, and hands them
// to the pages that are open. It is bounded, and Record never waits for a page. The
// zero value is ready.
type Timeline struct {
	mu       sync.Mutex
	epoch    int64  // tells this timeline from that of an earlier process
	last     uint64 // number of the newest line, from 1
	ring     []Line // the line with number n is at (n-1) % timelineLines
	watchers map[*watcher]struct{}
}

// Line is one event of the timeline, in words.
type Line struct {
	At    time.Time  `json:"at"`
	Clock string     `json:"clock"` // At as the page shows it
	Kind  trace.Kind `json:"kind"`
	Pass  uint64     `json:"pass,omitempty"`
	Tone  string     `json:"tone"` // plain, good, odd, bad, faint
	Text  string     `json:"text"` // leading blanks matter
}

// watcher is one open page. It is woken, and reads the ring by itself: a page that is
// slow holds up nobody and costs no memory.
type watcher struct{ wake chan struct{} }

// Record implements trace.Sink.
func (t *Timeline) Record(e trace.Event) {
	text, tone := trace.Line(e)
	if text == "" {
		return
	}
	line := Line{
		At: e.At, Clock: e.At.Format("15:04:05.000"), Kind: e.Kind, Pass: e.Pass,
		Tone: tone.Name(), Text: strings.Clone(shorten(text, lineLength)),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	if len(t.ring) < timelineLines {
		t.ring = append(t.ring, line)
	} else {
		t.ring[t.last%timelineLines] = line
	}
	t.last++
	for w := range t.watchers {
		select {
		case w.wake <- struct{}{}:
		default: // it has been woken already
		}
	}
}

// begin gives the timeline its epoch. The caller holds mu.
func (t *Timeline) begin() {
	if t.epoch == 0 {
		t.epoch = time.Now().UnixNano()
	}
}

// position is a place in a timeline, which a page goes on from.
type position struct {
	epoch int64
	line  uint64
}

// String returns p as an event's id and as the parameter "after" have it.
func (p position) String() string {
	return strconv.FormatInt(p.epoch, 36) + "-" + strconv.FormatUint(p.line, 10)
}

// parsePosition reads what String wrote; anything else is the zero position, that of a
// page which has seen nothing.
func parsePosition(text string) position {
	epoch, line, _ := strings.Cut(text, "-")
	e, err1 := strconv.ParseInt(epoch, 36, 64)
	n, err2 := strconv.ParseUint(line, 10, 64)
	if err1 != nil || err2 != nil {
		return position{}
	}
	return position{e, n}
}

// after returns the lines after p, oldest first, and the position of the last. gap is
// true where lines between p and them are lost, or where p is of another timeline:
// then lines are all that there are.
func (t *Timeline) after(p position) (lines []Line, now position, gap bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begin()
	now = position{t.epoch, t.last}
	oldest := t.last - uint64(len(t.ring)) // number of the line before the oldest
	if p.epoch != t.epoch || p.line > t.last || p.line < oldest {
		p.line, gap = oldest, true
	}
	for n := p.line; n < t.last; n++ {
		lines = append(lines, t.ring[n%timelineLines])
	}
	return lines, now, gap
}

// latest returns the last n lines, oldest first, and the position of the last.
func (t *Timeline) latest(n int) ([]Line, position) {
	lines, now, _ := t.after(position{})
	return lines[max(0, len(lines)-n):], now
}

// watch adds a watcher, and returns nil where there are as many as may be.
func (t *Timeline) watch(most int) *watcher {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.watchers) >= most {
		return nil
	}
	if t.watchers == nil {
		t.watchers = make(map[*watcher]struct{})
	}
	w := &watcher{wake: make(chan struct{}, 1)}
	t.watchers[w] = struct{}{}
	return w
}

// unwatch removes a watcher.
func (t *Timeline) unwatch(w *watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watchers, w)
}

// shorten cuts text to n characters and an ellipsis.
func shorten(text string, n int) string {
	seen := 0
	for i := range text {
		if seen == n {
			return text[:i] + "…"
		}
		seen++
	}
	return text
}
