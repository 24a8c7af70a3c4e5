package phone

import (
	"fmt"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// request is what somebody wants of a living phone: a pass, or a reboot, which ends in
// a pass. The zero value wants nothing.
type request struct {
	why    device.Trigger
	reboot string // what asked for it; empty: no reboot
}

// Trigger asks a running phone for a pass (Guide, "Triggering the IP Phone to Perform
// Auto Provisioning"); it returns at once. What comes during a pass is kept, and served
// once when the pass is over; a reboot among it serves them all. CheckSync and
// CheckSyncReboot do what the setting sip.notify_reboot_enable makes of them. A phone
// that is off or rebooting hears nothing.
func (p *Phone) Trigger(why device.Trigger) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.life.alive() {
		p.ignore(why, "the phone is "+p.life.stateNow())
		return
	}
	if why == device.CheckSync || why == device.CheckSyncReboot {
		lives, _ := readProfile(p.flash.Settings)
		now := lives.checkSync(why)
		if now == "" {
			p.ignore(why, "sip.notify_reboot_enable=2")
			return
		}
		why = now
	}
	r := request{why: why}
	if why == device.CheckSyncReboot {
		r.reboot = "check-sync with reboot=true"
	}
	p.ask(r)
}

// ask puts r where the phone looks when it rests; p.mu is held. There is one place: who
// sends ten thousand triggers gets one pass for them all.
func (p *Phone) ask(r request) {
	l := &p.life
	news := l.kept.why == "" || l.kept.reboot == "" && r.reboot != ""
	if l.kept.why != "" {
		l.merged++
	}
	if news {
		l.kept = r
		if l.state == StateProvisioning {
			p.trace.Record(trace.Event{Kind: trace.TriggerKept, Detail: string(r.why)})
		}
	}
	select {
	case l.wake <- struct{}{}:
	default: // the phone is awake already
	}
}

// ignore tells that a trigger does nothing: the first one, not each of a flood. p.mu is
// held.
func (p *Phone) ignore(why device.Trigger, reason string) {
	if p.life.ignored == reason {
		return
	}
	p.life.ignored = reason
	p.trace.Record(trace.Event{Kind: trace.TriggerIgnored, Name: string(why), Detail: reason})
}

// due takes what was asked for, or the interval that is over; false where there is
// neither.
func (p *Phone) due() (request, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.life
	r, merged := l.kept, l.merged
	l.kept, l.merged = request{}, 0
	if l.intervalOver() {
		if r.why == "" {
			r.why = device.Interval
		} else {
			merged++
		}
	}
	if merged > 0 {
		p.trace.Record(trace.Event{Kind: trace.TriggerMerged, Bytes: merged, Detail: string(r.why)})
	}
	return r, r.why != ""
}

// intervalOver reports whether the time for an interval pass has come, and sets the
// next. Passes come at regular intervals from power-on; one that is missed, because a
// pass took longer, is not made up for.
func (l *life) intervalOver() bool {
	if l.repeat == 0 {
		return false
	}
	late := time.Since(l.next)
	if late < 0 {
		return false
	}
	l.next = l.next.Add((late/l.repeat + 1) * l.repeat)
	return true
}

// schedule sets the time of the next interval pass, where the settings have another
// interval now than before. p.mu is held.
func (p *Phone) schedule() {
	l := &p.life
	lives, _ := readProfile(p.flash.Settings)
	repeat := lives.repeat
	if p.options.Repeat > 0 {
		repeat = p.options.Repeat
	}
	if repeat != l.repeat {
		l.repeat, l.next = repeat, time.Now().Add(repeat)
	}
}

// rest tells for how long the phone has nothing to do.
func (p *Phone) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.life
	if l.kept.why != "" {
		return
	}
	if l.repeat == 0 {
		lives, _ := readProfile(p.flash.Settings)
		p.trace.Record(trace.Event{Kind: trace.IntervalNext, Detail: "no interval pass: " + lives.repeatOff})
		return
	}
	left := max(time.Until(l.next), 0)
	p.trace.Record(trace.Event{
		Kind: trace.IntervalNext, Took: left, Detail: fmt.Sprintf("the next interval pass is in %s", left.Round(time.Second)),
	})
}
