package fleet

import (
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// listening reports whether the stage goes on for NOTIFYs that may come.
func (d *dispatcher) listening() bool {
	all := d.stage.waits(&d.Options) && d.called >= d.stage.Phones
	return !d.over && !all && d.now() < d.hears
}

// serveAsked lets phones provision that the server asked to.
func (d *dispatcher) serveAsked() {
	all := d.desk.take()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over || d.hears > 0 && d.now() >= d.hears {
		return // the phones' last pass is over, or will be
	}
	for _, a := range all {
		m := &d.members[a.phone]
		if !m.called && int(a.phone) < d.stage.Phones {
			m.called = true
			d.called++
		}
		if m.busy || m.waiting || m.down {
			d.keep(m, a)
			continue
		}
		d.obey(m, a)
	}
}

// obey does what a server asked a phone for: a pass, or a reboot, which ends in one
// (Guide, "SIP NOTIFY Message"). d.mu is held.
func (d *dispatcher) obey(m *member, a asked) {
	s := start{at: a.at - d.began, phone: a.phone, why: byNotify}
	if a.why == device.CheckSyncReboot {
		m.down = true
		s.at, s.why = s.at+d.Behaviour.RebootTime, byReboot
		d.desk.count(func(c *SIPCounts) { c.Reboots++ })
	}
	s.at += within(d.RandomDelay, d.Seed+d.meant, int(a.phone))
	d.schedule.add(s)
}

// keep remembers what came during a pass: "a trigger that arrives during a pass is
// kept, and served once when the pass is over" (behaviour, grade D); a reboot among
// it serves them all. d.mu is held.
func (d *dispatcher) keep(m *member, a asked) {
	d.desk.count(func(c *SIPCounts) { c.Kept++ })
	if m.kept.why == "" || a.why != device.CheckSync {
		m.kept = a
	}
}

// serveKept obeys what came during the pass that is over; a pass that comes again
// anyway serves a check-sync too. d.mu is held.
func (d *dispatcher) serveKept(m *member) {
	kept := m.kept
	m.kept = asked{}
	if kept.why == "" || d.over || m.waiting && kept.why != device.CheckSyncReboot {
		return
	}
	m.waiting = false
	if kept.why == device.PowerOn { // its power is back already
		d.schedule.add(start{at: kept.at - d.began, phone: kept.phone, why: byReboot})
		return
	}
	d.obey(m, kept)
}

// pacer returns a stage's Pacer.
func (r *run) pacer(s *Stage, seed uint64) Pacer {
	switch {
	case s.waits(&r.Options):
		return waiting{}
	case r.RandomDelay > 0:
		p := delayed{s.pacer(s.Phones, seed), r.RandomDelay, seed + 5}
		if again, ok := p.Pacer.(Retrier); ok {
			return delayedRetrier{p, again}
		}
		return p
	}
	return s.pacer(s.Phones, seed)
}

// waiting is phones that start only when they are asked to.
type waiting struct{}

// Start implements Pacer.
func (waiting) Start(int, int) (time.Duration, bool) { return 0, false }

// delayed is a Pacer whose phones wait before each start, up to Most and each time
// another time by chance.
type delayed struct {
	Pacer
	Most time.Duration
	Seed uint64
}

// Start implements Pacer.
func (d delayed) Start(phone, pass int) (time.Duration, bool) {
	at, ok := d.Pacer.Start(phone, pass)
	return at + within(d.Most, d.Seed+uint64(pass)*0x2545f491, phone), ok
}

// delayedRetrier is one whose phones come again.
type delayedRetrier struct {
	delayed
	Retrier
}
