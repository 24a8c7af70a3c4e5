package fleet

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Abort ends a load early: errors>20%/10s is more than a fifth of the passes that ended
// in the last ten seconds.
type Abort struct {
	text   string
	share  float64
	window time.Duration
}

// Bounds of a window, and how many passes it must have before anything is said.
const (
	shortestWindow = time.Second
	longestWindow  = time.Hour
	fewPasses      = 10
)

// ParseAbort reads such a condition. Its error says what can be written instead.
func ParseAbort(text string) (Abort, error) {
	const form = "want errors>SHARE%%/WINDOW, such as errors>20%%/10s"
	a := Abort{text: strings.Join(strings.Fields(text), "")}
	left, right, ok := strings.Cut(a.text, "/")
	if !ok {
		return a, fmt.Errorf("%q: "+form, text)
	}
	t, err := ParseThreshold(left)
	if err != nil || t.metric != "errors" || t.op != ">" || !t.share {
		return a, fmt.Errorf("%q: "+form, text)
	}
	if a.window, err = time.ParseDuration(right); err != nil || a.window < shortestWindow || a.window > longestWindow {
		return a, fmt.Errorf("%q: the window %q must be from %s to %s", text, right, shortestWindow, longestWindow)
	}
	a.share = t.limit
	return a, nil
}

// String returns the condition as it was written, without blanks.
func (a Abort) String() string { return a.text }

// abortWindow counts the passes of the last so many seconds.
type abortWindow struct {
	Abort
	mu      sync.Mutex
	seconds []windowSecond // a ring
}

type windowSecond struct {
	second         int64 // since 1970
	passes, errors uint64
}

func newAbortWindow(a Abort) *abortWindow {
	return &abortWindow{Abort: a, seconds: make([]windowSecond, int(a.window/time.Second))}
}

// add counts a pass.
func (w *abortWindow) add(now time.Time, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	second := now.Unix()
	s := &w.seconds[int(second)%len(w.seconds)]
	if s.second != second {
		*s = windowSecond{second: second}
	}
	s.passes++
	if failed {
		s.errors++
	}
}

// over reports whether the condition holds now.
func (w *abortWindow) over(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var passes, errors uint64
	for _, s := range w.seconds {
		if s.second > now.Unix()-int64(len(w.seconds)) {
			passes += s.passes
			errors += s.errors
		}
	}
	return passes >= fewPasses && float64(errors) > w.share*float64(passes)
}
