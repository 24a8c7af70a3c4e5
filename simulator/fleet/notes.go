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
	maxFailed  = 100  // traces of passes that failed
	maxSampled = 1000 // traces that --sample asked for
	maxWrong   = 100  // phones with wrong settings
	maxSlowest = 10
)

// Sample is the whole trace of one pass.
type Sample struct {
	Phone  device.MAC    `json:"phone"`
	Why    string        `json:"why"`  // failed, wrong, sample
	Took   time.Duration `json:"took"` // nanoseconds from the meant start
	Events []trace.Event `json:"events"`
}

// Slow is one of the slowest passes.
type Slow struct {
	Phone device.MAC    `json:"phone"`
	Took  time.Duration `json:"took"` // nanoseconds from the meant start
}

// notes is what is remembered of single phones: a few of each kind.
type notes struct {
	seed  uint64
	every int // one phone in so many is sampled; 0: none

	mu      sync.Mutex
	failed  []Sample
	sampled []Sample
	wrongs  []Wrong
	mixed   int    // of all wrong phones: those that hold another's
	slowest []Slow // the slowest first
}

func (n *notes) init(seed uint64, every int) { n.seed, n.every = seed, every }

// wants reports whether the trace of a pass of phone i that ended so is to be kept.
func (n *notes) wants(i int32, s state) (bool, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case s == stateFailed:
		return len(n.failed) < maxFailed, "failed"
	case s == stateWrong:
		return len(n.failed) < maxFailed, "wrong"
	case n.every > 0 && fraction(n.seed+5, int(i))*float64(n.every) < 1:
		return len(n.sampled) < maxSampled, "sample"
	}
	return false, ""
}

// keep keeps a trace.
func (n *notes) keep(s Sample, st state) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case st == stateOK && len(n.sampled) < maxSampled:
		n.sampled = append(n.sampled, s)
	case st != stateOK && len(n.failed) < maxFailed:
		n.failed = append(n.failed, s)
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

// slow keeps a pass if it is one of the slowest.
func (n *notes) slow(mac device.MAC, took time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.slowest) == maxSlowest && took <= n.slowest[maxSlowest-1].Took {
		return
	}
	at, _ := slices.BinarySearchFunc(n.slowest, took, func(s Slow, t time.Duration) int { return cmp.Compare(t, s.Took) })
	n.slowest = slices.Insert(n.slowest, at, Slow{mac, took})
	n.slowest = n.slowest[:min(len(n.slowest), maxSlowest)]
}
