package fleet

import (
	"sync"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of what is kept of a run's course: when there are as many slots as may be,
// each two become one of twice the length.
const (
	maxSlots   = 240
	firstSlot  = 100 * time.Millisecond
	longLook   = time.Second // between two looks at what is counted, at most
	slotDigits = 2           // of the durations within a slot
)

// Slot is what happened in one part of a run's time. Its counts are of what happened in
// it; its durations those of the passes that ended in it, from the moment at which the
// phones meant to start.
type Slot struct {
	At   time.Duration `json:"at"`   // its beginning, nanoseconds from the run's
	Took time.Duration `json:"took"` // its length, nanoseconds

	Meant   uint64 `json:"meant"` // starts
	Shed    uint64 `json:"shed"`
	OK      uint64 `json:"ok"` // passes that ended
	Failed  uint64 `json:"failed"`
	Wrong   uint64 `json:"wrong"`
	Resends uint64 `json:"resends"`
	Bytes   uint64 `json:"bytes"`

	P50 time.Duration `json:"p50"` // nanoseconds; 0 where no pass ended
	P90 time.Duration `json:"p90"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`

	InFlight int           `json:"in_flight"` // the most that were seen
	Queued   int           `json:"queued"`    // waiting for a permit, the most that were seen
	Lag      time.Duration `json:"lag"`       // the latest that a timer fired, nanoseconds
	CPU      float64       `json:"cpu"`       // of all processors, from 0 to 1, by this process
	Drops    uint64        `json:"drops"`     // datagrams that full receive buffers of ours lost

	Heat []uint64 `json:"heat"` // passes by their duration: the bounds are Report.HeatBounds; zeros at the end left out
}

// heatBounds are the upper bounds of a Slot's Heat, two an octave; the last one of Heat
// has none.
var heatBounds = func() []time.Duration {
	var all []time.Duration
	for d := 500 * time.Microsecond; d < 12*time.Hour; d *= 2 {
		all = append(all, d, d*3/2)
	}
	return all
}()

// tally is what is counted from the beginning of a run.
type tally struct {
	counts
	meant, shed, drops uint64
	cpu                time.Duration
}

// slots is a run's course.
type slots struct {
	mu     sync.Mutex
	width  time.Duration
	closed []slot
	open   slot
	seen   tally // what the slots before hold, and the open one
}

// slot is a Slot and what it is made of.
type slot struct {
	Slot
	cpu    time.Duration
	passes *hdr.Histogram // nil: none
}

// watchSlots keeps the course up to date until done is closed.
func (r *run) watchSlots(done <-chan struct{}) {
	timer := time.NewTimer(firstSlot)
	defer timer.Stop()
	for {
		select {
		case <-done:
			return
		case <-timer.C:
		}
		timer.Reset(r.slots.look(r))
	}
}

// look adds what happened since the last look, and returns when the next is due.
func (s *slots) look(r *run) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect(r)
	if s.width == 0 {
		s.width = firstSlot
	}
	if s.open.Took >= s.width {
		s.closed = append(s.closed, s.open)
		s.open = slot{Slot: Slot{At: s.open.At + s.open.Took}}
	}
	if len(s.closed) == maxSlots {
		s.halve(r.health.processors)
	}
	return min(s.width, longLook)
}

// all returns the course until now.
func (s *slots) all(r *run) []Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collect(r)
	list := make([]Slot, 0, len(s.closed)+1)
	for _, c := range s.closed {
		list = append(list, c.Slot)
	}
	if s.open.Took >= firstSlot/2 || len(list) == 0 || s.open.OK+s.open.Failed+s.open.Wrong > 0 {
		list = append(list, s.open.Slot)
	}
	return list
}

// collect moves what happened since the last look into the open slot; s.mu is held.
func (s *slots) collect(r *run) {
	o := &s.open
	o.Took = time.Since(r.began) - o.At
	now := r.tally()
	was := s.seen
	s.seen = now
	o.OK += now.OK - was.OK
	o.Failed += now.Failed - was.Failed
	o.Wrong += now.Wrong - was.Wrong
	o.Resends += now.Resends - was.Resends
	o.Bytes += now.Bytes - was.Bytes
	o.Meant += now.meant - was.meant
	o.Shed += now.shed - was.shed
	o.Drops += now.drops - was.drops
	o.cpu += now.cpu - was.cpu
	o.Lag = max(o.Lag, r.health.worstSince())
	r.mu.Lock()
	o.InFlight, o.Queued = max(o.InFlight, r.flying, r.mostFlying), max(o.Queued, r.queued, r.mostQueued)
	r.mostFlying, r.mostQueued = 0, 0
	r.mu.Unlock()
	for _, shard := range r.shards {
		shard.mu.Lock()
		if h := shard.recent; h != nil && h.TotalCount() > 0 {
			if o.passes == nil {
				o.passes = h
				shard.recent = nil
			} else {
				o.passes.Merge(h)
				h.Reset()
			}
		}
		shard.mu.Unlock()
	}
	o.sum(r.health.processors)
}

// sum makes what is shown of what was collected.
func (o *slot) sum(processors int) {
	o.CPU = float64(o.cpu) / float64(max(o.Took, 1)) / float64(max(processors, 1))
	if o.passes == nil {
		return
	}
	at := func(p float64) time.Duration { return time.Duration(o.passes.ValueAtPercentile(p)) * time.Microsecond }
	o.P50, o.P90, o.P99 = at(50), at(90), at(99)
	o.Max = time.Duration(o.passes.Max()) * time.Microsecond
	o.Heat = countsBelow(o.passes, heatBounds)
}

// halve makes one slot of each two; s.mu is held.
func (s *slots) halve(processors int) {
	s.width *= 2
	for i := range len(s.closed) / 2 {
		s.closed[i] = s.closed[2*i].join(s.closed[2*i+1], processors)
	}
	clear(s.closed[len(s.closed)/2:])
	s.closed = s.closed[:len(s.closed)/2]
}

// join adds the slot after it.
func (o slot) join(next slot, processors int) slot {
	o.Took += next.Took
	o.Meant += next.Meant
	o.Shed += next.Shed
	o.OK += next.OK
	o.Failed += next.Failed
	o.Wrong += next.Wrong
	o.Resends += next.Resends
	o.Bytes += next.Bytes
	o.Drops += next.Drops
	o.InFlight, o.Queued, o.Lag = max(o.InFlight, next.InFlight), max(o.Queued, next.Queued), max(o.Lag, next.Lag)
	o.cpu += next.cpu
	switch {
	case o.passes == nil:
		o.passes = next.passes
	case next.passes != nil:
		o.passes.Merge(next.passes)
	}
	o.sum(processors)
	return o
}

// countsBelow counts the values of h up to each bound, and above the last; zeros at the
// end are left out.
func countsBelow(h *hdr.Histogram, bounds []time.Duration) []uint64 {
	counts := make([]uint64, len(bounds)+1)
	last, at := -1, 0
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		for at < len(bounds) && bar.To > int64(bounds[at]/time.Microsecond) {
			at++
		}
		counts[at] += uint64(bar.Count)
		last = at
	}
	return counts[:last+1]
}
