package fleet

import (
	"time"

	"golang.org/x/sys/unix"
)

// doze sleeps in the system, which is 50 µs late (prctl(2), PR_SET_TIMERSLACK) where the process's timers are up to a
// millisecond late.
func doze(d time.Duration) {
	if d <= 0 {
		return
	}
	left := unix.NsecToTimespec(d.Nanoseconds())
	for unix.Nanosleep(&left, &left) == unix.EINTR {
	}
}
