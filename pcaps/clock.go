package pcaps

import "time"

// clock follows the time of a capture, by which what was silent for too long is over. A clock that was set breaks off
// nothing: where it was set back, nothing was silent since a time that is yet to come; where no frame at all came for long,
// it may have been set ahead, and what goes on soon after was not silent.
type clock struct {
	latest time.Time     // since the clock was set back
	swept  time.Time     // when it was looked last for what is over
	leap   time.Duration // for how long no frame came, or by how much the clock was set ahead
	leapt  time.Time     // the first frame after that
}

// next takes a frame's time. due: it is time to look for what was silent, with now as the present.
func (c *clock) next(at time.Time) (now time.Time, due bool) {
	gap := at.Sub(c.latest)
	switch {
	case c.latest.IsZero():
		c.swept = at
	case gap > flowIdle:
		c.leap, c.leapt = gap, at
	case gap < -reach:
		c.leap, c.swept = 0, at
	case gap < 0: // a frame that is late
		return c.present(), false
	}
	c.latest = at
	if at.Sub(c.swept) <= sweeping {
		return c.present(), false
	}
	c.swept = at
	return c.present(), true
}

// present is the latest time, without a leap that was just now.
func (c *clock) present() time.Time {
	if c.latest.Sub(c.leapt) < tftpIdle {
		return c.latest.Add(-c.leap)
	}
	return c.latest
}
