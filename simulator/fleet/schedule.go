package fleet

import (
	"container/heap"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// start is one pass that a phone means to make.
type start struct {
	at    time.Duration // counted from the beginning of the stage
	phone int32
	pass  int32 // its number within the stage; that of the pass that failed, for one that comes again
	again bool  // it failed before
	why   cause
}

// cause is what makes a phone start.
type cause uint8

const (
	byStage  cause = iota // the stage's Pacer
	byNotify              // a server's NOTIFY
	byReboot              // the power that is back after a reboot
)

// trigger is why the phone provisions.
func (s start) trigger(stage *Stage) device.Trigger {
	switch s.why {
	case byNotify:
		return device.CheckSync
	case byReboot:
		return device.PowerOn
	default:
		return stage.trigger()
	}
}

// schedule is the passes to come, the earliest first.
type schedule []start

func newSchedule(p Pacer, phones int) schedule {
	s := make(schedule, 0, phones)
	for i := range phones {
		if at, ok := p.Start(i, 0); ok {
			s = append(s, start{at: at, phone: int32(i)})
		}
	}
	heap.Init(&s)
	return s
}

// due removes and returns the earliest start that is not later than now.
func (s *schedule) due(now time.Duration) (start, bool) {
	if len(*s) == 0 || (*s)[0].at > now {
		return start{}, false
	}
	return heap.Pop(s).(start), true
}

func (s *schedule) add(x start) { heap.Push(s, x) }

// Len implements heap.Interface.
func (s schedule) Len() int { return len(s) }

// Less implements heap.Interface: phones that start together do so in their order.
func (s schedule) Less(i, j int) bool {
	return s[i].at < s[j].at || s[i].at == s[j].at && s[i].phone < s[j].phone
}

// Swap implements heap.Interface.
func (s schedule) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

// Push implements heap.Interface.
func (s *schedule) Push(x any) { *s = append(*s, x.(start)) }

// Pop implements heap.Interface.
func (s *schedule) Pop() any {
	old := *s
	last := old[len(old)-1]
	*s = old[:len(old)-1]
	return last
}
