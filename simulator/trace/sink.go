package trace

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// Sink takes events. Record never blocks for long and may be called from several
// goroutines at once.
type Sink interface{ Record(Event) }

// Discard is the sink that keeps nothing.
var Discard Sink = discard{}

type discard struct{}

func (discard) Record(Event) {}

// Tee hands each event to several sinks, in order. Nil sinks are left out.
func Tee(sinks ...Sink) Sink {
	var t tee
	for _, s := range sinks {
		if s != nil {
			t = append(t, s)
		}
	}
	return t
}

type tee []Sink

func (t tee) Record(e Event) {
	for _, s := range t {
		s.Record(e)
	}
}

// Stream is one phone's way into a sink: it stamps each event with the phone, the
// pass, the time and the next sequence number. The zero value discards.
type Stream struct {
	sink  Sink
	phone device.MAC
	seq   atomic.Uint64
	pass  atomic.Uint64
}

// NewStream returns the stream of one phone into sink; a nil sink discards.
func NewStream(phone device.MAC, sink Sink) *Stream {
	return &Stream{sink: sink, phone: phone}
}

// Record stamps e and hands it on. It fills At only where it is zero.
func (s *Stream) Record(e Event) {
	if s == nil || s.sink == nil {
		return
	}
	e.Seq = s.seq.Add(1)
	e.Phone = s.phone
	e.Pass = s.pass.Load()
	if e.At.IsZero() {
		e.At = time.Now()
	}
	s.sink.Record(e)
}

// BeginPass makes the following events belong to the pass with this number, from 1.
func (s *Stream) BeginPass(n uint64) { s.pass.Store(n) }

// Recorder keeps every event, for tests and for judging one phone. For many phones
// use a sink that aggregates.
type Recorder struct {
	mu     sync.Mutex
	events []Event
	more   chan struct{} // closed and replaced at each event
}

// Record implements Sink.
func (r *Recorder) Record(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
}

// Events returns a copy of what was recorded so far, in order.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}
