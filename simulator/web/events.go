package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// The stream of events to an open page.
const (
	maxWatchers = 16                     // pages that follow at the same time
	eventPause  = 100 * time.Millisecond // between two writes to a page, so that a burst is one
	eventBeat   = 20 * time.Second       // a comment, which finds out that a page has gone
	eventWait   = 10 * time.Second       // for a page to take what is written; a slower one is dropped
	eventRetry  = 2 * time.Second        // after which a page that was dropped asks again
)

// events sends the timeline as server-sent events (HTML Living Standard, section
// "Server-sent events"): each carries the lines that came since the last one, as JSON,
// and its id is the place to go on from. The first event after a gap is called "reset".
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	t := s.options.Timeline
	watch := t.watch(maxWatchers)
	if watch == nil {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages follow the timeline already; close some", http.StatusServiceUnavailable)
		return
	}
	defer t.unwatch(watch)
	// A stream outlives the limits of a request; each write gets one of its own.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // not settable in a test's recorder
	out := &eventWriter{w: w, control: control}

	w.Header().Set("Content-Type", "text/event-stream")
	out.printf("retry: %d\n\n", eventRetry.Milliseconds())

	at := parsePosition(r.FormValue("after"))
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		at = parsePosition(id) // where the browser itself took it up again
	}
	beat := time.NewTicker(eventBeat)
	defer beat.Stop()
	for first := true; out.err == nil; first = false {
		lines, now, gap := t.after(at)
		if gap && !first {
			return // overtaken: too slow for what happens; the page asks again
		}
		if len(lines) > 0 || gap {
			out.send(lines, now, gap)
			at = now
			if !pause(r, eventPause) {
				return
			}
		}
		select {
		case <-watch.wake:
		case <-beat.C:
			out.printf(": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// pause waits; false where the request ended meanwhile.
func pause(r *http.Request, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}

// eventWriter writes to one page, and keeps the first error.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (o *eventWriter) send(lines []Line, now position, gap bool) {
	body, err := json.Marshal(lines)
	if err != nil {
		o.err = err
		return
	}
	name := "lines"
	if gap {
		name = "reset"
	}
	// JSON has no line break outside of strings, and none inside.
	o.printf("event: %s\nid: %s\ndata: %s\n\n", name, now, body)
}

func (o *eventWriter) printf(format string, args ...any) {
	if o.err != nil {
		return
	}
	_ = o.control.SetWriteDeadline(time.Now().Add(eventWait)) // not settable in a test's recorder
	if _, o.err = fmt.Fprintf(o.w, format, args...); o.err == nil {
		o.err = o.control.Flush()
	}
}
