package fleet

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of what is kept of single phones, whatever happens.
const (
	maxFailed  = 100    // traces of passes that failed
	maxSampled = 1000   // traces that --sample asked for
	maxKept    = 50_000 // events of those
	maxWrong   = 100    // phones with wrong settings
	maxSlowest = 10
)

// Sample is the whole trace of one pass.
type Sample struct {
	Phone   device.MAC    `json:"phone"`
	Why     string        `json:"why"`             // failed, wrong, sample; of the slowest, the outcome
	Fault   trace.Code    `json:"fault,omitempty"` // of one that failed
	Took    time.Duration `json:"took"`            // nanoseconds from the meant start
	Events  []trace.Event `json:"events"`
	LeftOut int           `json:"events_left_out,omitempty"` // at the end
}

// slowSample is one of the slowest passes.
type slowSample struct {
	Sample
	shown bool // somebody else may hold its events
}

// notes is what is remembered of single phones: a few of each kind.
type notes struct {
	seed  uint64
	every int // one phone in so many is sampled; 0: none

	mu      sync.Mutex
	failed  []Sample
	sampled []Sample
	kept    int // events of sampled
	wrongs  []Wrong
	mixed   int          // of all wrong phones: those that hold another's
	slowest []slowSample // the slowest first
}

func (n *notes) init(seed uint64, every int) { n.seed, n.every = seed, every }

// wants reports whether the trace of a pass of phone i that ended so is to be kept.
func (n *notes) wants(i int32, s state, fault trace.Code) (bool, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case s == stateFailed:
		return n.victim(fault) >= 0, "failed"
	case s == stateWrong:
		return n.victim("wrong") >= 0, "wrong"
	case n.every > 0 && fraction(n.seed+5, int(i))*float64(n.every) < 1:
		return n.room(), "sample"
	}
	return false, ""
}

// room reports whether another sample may be kept; n.mu is held.
func (n *notes) room() bool { return len(n.sampled) < maxSampled && n.kept < maxKept }

// victim returns where a trace of a pass that failed so goes: the end, while there is
// room; then, in place of the latest of the most frequent kind, so that what is rare is
// kept, -1 where its own kind is that. n.mu is held.
func (n *notes) victim(fault trace.Code) int {
	if len(n.failed) < maxFailed {
		return len(n.failed)
	}
	of := make(map[trace.Code]int)
	most := 0
	for i := range n.failed {
		k := n.failed[i].kind()
		of[k]++
		most = max(most, of[k])
	}
	if of[fault]+1 >= most {
		return -1
	}
	for i := len(n.failed) - 1; ; i-- {
		if of[n.failed[i].kind()] == most {
			return i
		}
	}
}

// kind is what a trace is told from others by.
func (s *Sample) kind() trace.Code {
	if s.Why == "wrong" {
		return "wrong"
	}
	return s.Fault
}

// keep keeps a trace.
func (n *notes) keep(s Sample) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.Why == "sample" {
		if n.room() {
			n.sampled = append(n.sampled, s)
			n.kept += len(s.Events)
		}
		return
	}
	switch at := n.victim(s.kind()); {
	case at < 0:
	case at == len(n.failed):
		n.failed = append(n.failed, s)
	default:
		n.failed[at] = s
	}
}

// wrong keeps a phone with wrong settings; one with another's settings before others.
func (n *notes) wrong(w Wrong) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !w.Whose.IsZero() {
		n.mixed++
	}
	if len(n.wrongs) < maxWrong {
		n.wrongs = append(n.wrongs, w)
		return
	}
	if i := slices.IndexFunc(n.wrongs, func(o Wrong) bool { return o.Whose.IsZero() }); i >= 0 && !w.Whose.IsZero() {
		n.wrongs[i] = w
	}
}

// slow keeps a pass with its trace if it is one of the slowest.
func (n *notes) slow(mac device.MAC, took time.Duration, outcome string, events *sink) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.slowest) == maxSlowest && took <= n.slowest[maxSlowest-1].Took {
		return
	}
	s := slowSample{Sample: Sample{Phone: mac, Why: outcome, Took: took}}
	if len(n.slowest) == maxSlowest {
		// In a storm each pass is slower than those before it: the room of the one that it
		// ousts is enough for it.
		if last := &n.slowest[maxSlowest-1]; !last.shown {
			s.Events = last.Events
		}
		n.slowest = n.slowest[:maxSlowest-1]
	}
	s.Events, s.LeftOut = events.keep(s.Events)
	at, _ := slices.BinarySearchFunc(n.slowest, took, func(s slowSample, t time.Duration) int { return cmp.Compare(t, s.Took) })
	n.slowest = slices.Insert(n.slowest, at, s)
}

// show returns the slowest passes; n.mu is held.
func (n *notes) show() []Sample {
	var all []Sample
	for i := range n.slowest {
		n.slowest[i].shown = true
		all = append(all, n.slowest[i].Sample)
	}
	return all
}
