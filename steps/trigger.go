package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// triggerSteps are those about what makes a phone provision again.
func triggerSteps(sc catalogue) {
	sc.Given(`^the phone is living, and provisions every (\d+) ms$`, thePhoneLives)
	sc.Given(`^it has lived through (\d+) passes$`, hasLivedThrough)
	sc.When(`^its next interval pass is over$`, nextIntervalPass)
	sc.When(`^it lives through (\d+) passes$`, livesThrough)
	sc.When(`^the phone provisions (\d+) times$`, provisionsTimes)
	sc.Given(`^the phone has provisioned from "([^"]*)"$`, thePhoneHasProvisionedFrom)
	sc.When(`^"([^"]*)" is typed into its Profile Rule, and Save & Apply clicked$`, saveAndApply)
	sc.Then(`^no pass went otherwise than the first$`, noPassWentOtherwise)
	sc.Then(`^it rebooted once$`, itRebootedOnce)
}

// life is a phone with power.
type life struct {
	*observedPhone
	sip  *phone.SIP // nil: it has none
	stop func()     // pulls the plug, and waits for the phone to be off
}

// Times of a phone's life that would make a scenario long, and are no server's concern.
const (
	briefReboot = 50 * time.Millisecond
	lifeTime    = 20 * time.Second // for what a scenario waits for in a phone's life
)

// live gives power to a phone.
func (w *world) live(ctx context.Context, finder discover.Finder, way string, repeat time.Duration, side *phone.SIP) (*life, error) {
	recorder := new(trace.Recorder)
	behaviour := w.behaviour
	behaviour.RebootTime = briefReboot
	l := &life{observedPhone: &observedPhone{recorder: recorder}, sip: side}
	o := phone.Options{
		Identity: device.Identity{MAC: w.mac}, Behaviour: behaviour, Network: w.network(), TLS: w.tls(),
		Trace: trace.NewStream(w.mac, recorder), Finders: map[string]discover.Finder{way: finder}, Repeat: repeat,
	}
	if side != nil {
		o.Attach = []phone.Attachment{side}
	}
	var err error
	if l.Phone, err = phone.New(o); err != nil {
		return nil, harness("no phone: %v", err)
	}
	on, off := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.guard(func() error { return l.Run(on) }) }()
	l.stop = sync.OnceFunc(func() {
		off()
		if err := <-done; err != nil {
			l.err = err
		}
	})
	w.atEnd(l.stop)
	w.phones = append(w.phones, l.observedPhone)
	w.talks.life = l
	return l, nil
}

// thePhoneLives powers on the scenario's phone, and waits for its first pass.
func thePhoneLives(ctx context.Context, repeat int) error {
	w := of(ctx)
	if w.base == nil {
		return harness("the scenario published nothing: the phone has no server")
	}
	if err := w.ready(ctx, w.base.String()); err != nil {
		return err
	}
	l, err := w.live(ctx, discover.Static{URL: w.base.String()}, discover.SourceStatic, time.Duration(repeat)*time.Millisecond, nil)
	if err != nil {
		return err
	}
	return l.firstPass(ctx)
}

// firstPass waits for the pass at power-on. One that fails is no rule's subject here.
func (l *life) firstPass(ctx context.Context) error {
	first, err := l.wait(ctx, passDone)
	if err == nil && first.Fault != trace.NoFault {
		return blocked("the first pass ended %s: %s", first.Detail, first.Fault)
	}
	return err
}

func passDone(e trace.Event) bool { return e.Kind == trace.PassDone }

// wait waits for an event of the phone's life. Its error is the harness's own.
func (l *life) wait(ctx context.Context, match trace.Match) (trace.Event, error) {
	limited, cancel := context.WithTimeout(ctx, lifeTime)
	defer cancel()
	e, err := l.recorder.Wait(limited, match)
	if err != nil {
		return e, harness("the phone did not come so far within %s", lifeTime)
	}
	return e, nil
}

// nextIntervalPass waits for a pass that began after this step, and takes the phone's
// power.
func nextIntervalPass(ctx context.Context) error {
	l := of(ctx).talks.life
	now := time.Now()
	begun, err := l.wait(ctx, func(e trace.Event) bool {
		return e.Kind == trace.PassStart && e.Detail == string(device.Interval) && e.At.After(now)
	})
	if err == nil {
		_, err = l.wait(ctx, func(e trace.Event) bool { return passDone(e) && e.Pass == begun.Pass })
	}
	l.powerOff()
	return err
}

// powerOff takes the phone's power. A pass that this cuts off is none that anybody
// looks at.
func (l *life) powerOff() {
	l.stop()
	if last := l.Last().Err; phone.FaultOf(last) != trace.Cancelled {
		l.err = errors.Join(l.err, last)
	}
}

// hasLivedThrough waits until so many passes are over, since power-on.
func hasLivedThrough(ctx context.Context, n int) error {
	seen := 0
	_, err := of(ctx).talks.life.wait(ctx, func(e trace.Event) bool {
		if passDone(e) {
			seen++
		}
		return seen >= n
	})
	return err
}

// livesThrough waits for them, and takes the phone's power.
func livesThrough(ctx context.Context, n int) error {
	l := of(ctx).talks.life
	err := hasLivedThrough(ctx, n)
	l.powerOff()
	return err
}

// reboots are those that settings asked for.
func (p *observedPhone) reboots() int {
	n := 0
	for _, e := range p.recorder.Events() {
		if e.Kind == trace.RebootStart {
			n++
		}
	}
	return n
}

func itRebootedOnce(ctx context.Context) error {
	w := of(ctx)
	l := w.talks.life
	switch n := l.reboots(); n {
	case 1:
		return nil
	case 0:
		return blocked("the phone was not given the setting that needs a reboot: its last pass ended %s", l.ending())
	default:
		if err := w.faithful(ctx); err != nil {
			return err
		}
		return violated("the same settings at each pass: one reboot", "the phone rebooted %d times, because other ones came", n)
	}
}

// provisionsTimes is a phone's many hours, without the waiting.
func provisionsTimes(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.ready(ctx, w.base.String()); err != nil {
		return err
	}
	p, err := w.newPhone(w.mac, w.base.String())
	if err != nil {
		return err
	}
	for range n {
		err := w.provision(ctx, p, device.Interval)
		w.talks.passes = append(w.talks.passes, p.Last())
		if err != nil || p.err != nil { // the judging step tells which pass it was
			return err
		}
	}
	return nil
}

func noPassWentOtherwise(ctx context.Context) error {
	passes := of(ctx).talks.passes
	if first := passes[0]; first.Err != nil {
		return blocked("the first pass ended %s: %v", first.Outcome, first.Err)
	}
	for i, p := range passes {
		switch {
		case p.Err != nil:
			return violated("the phone is served as at its first pass", "pass %d ended %s: %v", i+1, p.Outcome, p.Err)
		case !slices.Equal(names(p), names(passes[0])):
			return violated(fmt.Sprintf("the files of the first pass: %v", names(passes[0])), "pass %d was given %v", i+1, names(p))
		}
	}
	return nil
}

// names are the files that came in a pass.
func names(p phone.Pass) []string {
	var all []string
	for _, f := range p.Files {
		all = append(all, f.Name)
	}
	return all
}

// thePhoneHasProvisionedFrom is a pass that is no rule's subject.
func thePhoneHasProvisionedFrom(ctx context.Context, url string) error {
	if err := thePhoneProvisionsFrom(ctx, url); err != nil {
		return err
	}
	p, err := of(ctx).phone()
	if err == nil && p.err != nil {
		return blocked("the first pass ended %s", p.ending())
	}
	return err
}

// saveAndApply is what somebody does who gives a phone another server.
func saveAndApply(ctx context.Context, url string) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	url = w.expand(url)
	if err := w.ready(ctx, url); err != nil {
		return err
	}
	if err := p.SetProfileRule(url); err != nil {
		return harness("%v", err)
	}
	return w.provision(ctx, p, device.SaveApply)
}
