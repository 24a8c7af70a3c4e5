package pcaps

import "time"

// clock follows the time of a capture, by which what was silent for too long is over. The clock of a capture may be set, as
// one is soon after the power came back, and that must end nothing: where it is set back, what is under way was last heard
// of in a time that is yet to come; where it leaps ahead, the present leaves out the leap for a while, so that what goes on
// shows that it does.
type clock struct {
	latest time.Time     // since the clock was set back
	swept  time.Time     // when it was last due
	leap   time.Duration // the latest time in which no frame came, or by which the clock was set ahead
	leapt  time.Time     // of the first frame after it
	back   bool          // the clock was set back after it
}

// next takes a frame's time. due: it is time to look for what was silent.
func (c *clock) next(at time.Time) (due bool) {
	switch gap := at.Sub(c.latest); {
	case c.latest.IsZero():
		c.swept = at
	case gap > tftpIdle:
		c.leap, c.leapt = gap, at
		if c.back { // two clocks in one capture: nothing is over because it is the other's turn
			c.swept, c.back = at, false
		}
	case gap < -reach:
		c.leap, c.leapt = max(0, c.leap+gap), c.leapt.Add(gap)
		c.swept, c.back = at, true
	case gap < 0: // a frame that is late
		return false
	}
	c.latest = at
	if at.Sub(c.swept) <= sweeping {
		return false
	}
	c.swept = at
	return true
}

// present is the time by which it is told what was silent for longer than idle.
func (c *clock) present(idle time.Duration) time.Time {
	if c.latest.Sub(c.leapt) < idle {
		return c.latest.Add(-c.leap)
	}
	return c.latest
}
