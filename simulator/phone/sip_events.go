package phone

import (
	"fmt"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// sipEventRate is how many events a second strangers can make; the rest is counted.
const sipEventRate = 64

// sipEvents hands events on. A flood of requests must not become one of events: who
// watches a phone may keep them all.
type sipEvents struct {
	next trace.Sink

	mu    sync.Mutex
	since time.Time
	n     int
	left  int64
}

// always hands on what the phone does of its own.
func (s *sipEvents) always(e trace.Event) { s.next.Record(e) }

// limited hands on what strangers cause.
func (s *sipEvents) limited(e trace.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.since) >= time.Second {
		s.tell()
		s.since, s.n = now, 0
	}
	if s.n++; s.n > sipEventRate {
		s.left++
		return
	}
	s.next.Record(e)
}

// flush tells of what was left out last.
func (s *sipEvents) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell()
}

func (s *sipEvents) tell() {
	if s.left == 0 {
		return
	}
	s.next.Record(trace.Event{Kind: trace.SIPIgnored, Name: "flood", Bytes: s.left,
		Detail: fmt.Sprintf("%d events of a flood, which was answered all the same", s.left)})
	s.left = 0
}
