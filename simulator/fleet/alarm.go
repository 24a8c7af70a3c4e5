package fleet

import (
	"sync"
	"time"
)

// early is how long before its time an alarm stops relying on the process's timers: a process that waits for nothing
// else is woken in whole milliseconds.
const early = 1100 * time.Microsecond

// alarm rings when a start is due. A time.Timer is up to a millisecond late, which would be in every latency.
type alarm struct {
	C     chan struct{}
	set   chan time.Time // the latest moment alone
	due   time.Time      // what was set last, and has not rung
	ended sync.WaitGroup
}

// newAlarm makes one. Where exact is false it keeps to the process's timers: those of a test, say, whose time is not
// the system's.
func newAlarm(exact bool) *alarm {
	a := &alarm{C: make(chan struct{}, 1), set: make(chan time.Time, 1)}
	a.ended.Go(func() { a.watch(exact) })
	return a
}

// at makes it ring at due, and not at what was set before.
func (a *alarm) at(due time.Time) {
	if due.Equal(a.due) {
		return
	}
	a.due = due
	select {
	case <-a.set:
	default:
	}
	a.set <- due
}

// rang takes note that it rang.
func (a *alarm) rang() { a.due = time.Time{} }

func (a *alarm) watch(exact bool) {
	ahead := time.Duration(0)
	if exact {
		ahead = early
	}
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var due time.Time
	for {
		select {
		case at, ok := <-a.set:
			if !ok {
				return
			}
			due = at
			timer.Reset(time.Until(due) - ahead)
		case <-timer.C:
			if exact {
				doze(time.Until(due))
			}
			select {
			case a.C <- struct{}{}:
			default: // it rang already, and nobody looked
			}
		}
	}
}

// stop ends it.
func (a *alarm) stop() {
	close(a.set)
	a.ended.Wait()
}
