package phone

import (
	"context"

	"github.com/fipsim/fipsim/simulator/trace"
)

// uptime is what a phone has running from one power-on to the next power-off.
type uptime struct {
	phone    *Phone
	attached []Attachment
	lease    leaseKeeper
	changed  bool // the latest pass changed a setting
}

// serve does what was asked for, and returns what asks for a reboot now.
func (u *uptime) serve(ctx context.Context, r request) (reboot string) {
	if r.reboot != "" {
		return r.reboot
	}
	p := u.phone
	_, _ = p.Provision(ctx, r.why) // its report and its events tell how it ended
	last := p.Last()
	u.changed = len(last.Changed) > 0
	u.lease.keep(ctx, p)
	p.mu.Lock()
	p.schedule()
	p.mu.Unlock()
	if ctx.Err() != nil {
		return ""
	}
	return p.rebootAfter(last)
}

// settle lets what is attached see the settings that a pass changed.
func (u *uptime) settle() {
	if !u.changed {
		return
	}
	for _, a := range u.attached {
		a.SettingsChanged(u.phone)
	}
}

// attach gives power to what is attached. What started before one that fails goes off
// with the phone.
func (u *uptime) attach(ctx context.Context) error {
	for _, a := range u.phone.options.Attach {
		if err := a.PowerOn(ctx, u.phone); err != nil {
			return err
		}
		u.attached = append(u.attached, a)
	}
	return nil
}

// goDown ends the time in which the phone hears triggers.
func (p *Phone) goDown(reboot string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reboot == "" {
		p.life.become(StateOff)
		return
	}
	p.life.become(StateRebooting)
	p.life.reboots++
	p.trace.Record(trace.Event{Kind: trace.RebootStart, Detail: reboot})
}

// powerOff gives back what the phone holds from others, the latest first: a reboot
// drops registrations and leases, and flash stays.
func (u *uptime) powerOff(ctx context.Context, reboot string) {
	p := u.phone
	p.goDown(reboot)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), powerOffTime)
	defer cancel()
	for i := len(u.attached) - 1; i >= 0; i-- {
		u.attached[i].PowerOff(ctx)
	}
	u.lease.release(ctx, p)
	p.trace.Record(trace.Event{Kind: trace.PhoneOff})
}
