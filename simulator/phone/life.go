package phone

import (
	"context"
	"errors"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Attachment is what lives and dies with the phone's power: the SIP side. Its methods
// are called one after the other, by Run.
type Attachment interface {
	// PowerOn is called after each boot, when the power-on pass is over and its
	// settings apply. An error ends Run, which returns it.
	PowerOn(ctx context.Context, p *Phone) error
	// SettingsChanged is called after each later pass that changed a setting.
	SettingsChanged(p *Phone)
	// PowerOff is called before a reboot, and when Run ends: unregister. Its context
	// ends after five seconds.
	PowerOff(ctx context.Context)
}

// powerOffTime is how long a phone that goes down waits for others: a registrar that
// never answers does not keep it.
const powerOffTime = 5 * time.Second

// errRunning is a second Run.
var errRunning = errors.New("this phone has power already: Run is running")

// life is what a phone is doing. It is guarded by Phone.mu.
type life struct {
	running   bool   // Run is running
	state     string // empty: StateOff
	since     time.Time
	poweredOn time.Time
	ignored   string // why triggers were ignored since state began

	wake   chan struct{} // has one element when there is something to look at
	kept   request
	merged int64 // further requests that kept serves too

	repeat time.Duration // between interval passes; 0: none
	next   time.Time     // the next of them

	reboots int
	loop    rebootLoop
}

func (l *life) stateNow() string {
	if l.state == "" {
		return StateOff
	}
	return l.state
}

// alive reports whether the phone hears triggers.
func (l *life) alive() bool {
	return l.running && (l.state == StateResting || l.state == StateProvisioning)
}

func (l *life) become(state string) {
	l.state, l.since, l.ignored = state, time.Now(), ""
}

// Run is the phone's life: power on, then every trigger, until ctx ends. It returns nil
// then, with flash whole, registrations and lease given back. Passes that fail do not
// end it; an Attachment that cannot start does.
func (p *Phone) Run(ctx context.Context) error {
	if err := p.plugIn(); err != nil {
		return err
	}
	defer p.unplug()
	for {
		reboot, err := p.live(ctx)
		if err != nil || reboot == "" {
			return err
		}
		if !p.stayDown(ctx) {
			return nil
		}
	}
}

// plugIn begins a life; unplug ends it.
func (p *Phone) plugIn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life.running {
		return errRunning
	}
	p.life.running, p.life.wake = true, make(chan struct{}, 1)
	return nil
}

func (p *Phone) unplug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life.running = false
	p.life.become(StateOff)
}

// live is one time from power-on to power-off. It returns what asked for a reboot;
// nothing where ctx ended.
func (p *Phone) live(ctx context.Context) (reboot string, err error) {
	u := &uptime{phone: p}
	defer func() { u.powerOff(ctx, reboot) }()
	if p.powerOn() {
		reboot = u.serve(ctx, request{why: device.PowerOn})
	}
	if reboot != "" || ctx.Err() != nil {
		return reboot, nil
	}
	if err := u.attach(ctx); err != nil {
		return "", err
	}
	for {
		asked, ok := p.await(ctx)
		if !ok {
			return "", nil
		}
		if reboot = u.serve(ctx, asked); reboot != "" || ctx.Err() != nil {
			return reboot, nil
		}
		u.settle()
	}
}

// powerOn boots the phone: it runs the firmware and holds the settings that are in
// flash, and knows nothing else. It reports whether there is to be a pass: "The IP
// phone performs the auto provisioning when the IP phone is powered on" (Guide, "Power
// On"), unless that is switched off.
func (p *Phone) powerOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.life
	l.become(StateResting)
	l.poweredOn = l.since
	l.kept, l.merged, l.repeat = request{}, 0, 0
	if p.flash.Firmware != "" {
		p.id.Firmware = p.flash.Firmware
	}
	p.known = known{}
	p.schedule()
	p.trace.Record(trace.Event{Kind: trace.PhoneOn, Name: p.id.Firmware})
	lives, _ := readProfile(p.flash.Settings)
	return lives.powerOn
}

// await blocks until there is something to serve; false when ctx ends.
func (p *Phone) await(ctx context.Context) (request, bool) {
	p.rest()
	for ctx.Err() == nil {
		if r, ok := p.due(); ok {
			return r, true
		}
		p.sleep(ctx)
	}
	return request{}, false
}

// sleep returns when there may be something to serve.
func (p *Phone) sleep(ctx context.Context) {
	p.mu.Lock()
	wake, repeat, next := p.life.wake, p.life.repeat, p.life.next
	p.mu.Unlock()
	var interval <-chan time.Time
	if repeat > 0 {
		timer := time.NewTimer(time.Until(next))
		defer timer.Stop()
		interval = timer.C
	}
	select {
	case <-wake:
	case <-interval:
	case <-ctx.Done():
	}
}
