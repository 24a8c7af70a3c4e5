package steps

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// observedPhone is a phone of a scenario and what it did.
type observedPhone struct {
	*phone.Phone
	recorder *trace.Recorder
	outcome  device.Outcome // of the latest pass
	err      error
}

// phoneSteps are those about one phone.
func phoneSteps(sc catalogue) {
	sc.When(`^the phone provisions$`, thePhoneProvisions)
	sc.When(`^the phone provisions from "([^"]*)"$`, thePhoneProvisionsFrom)
	sc.When(`^the phone provisions from the URL that asks for a password$`, thePhoneProvisionsWithPassword)
	sc.Given(`^the phone has provisioned$`, thePhoneHasProvisioned)
	sc.When(`^the phone provisions again$`, thePhoneProvisionsAgain)
	sc.Then(`^it was given "([^"]*)"$`, itWasGiven)
	sc.Then(`^it was given "([^"]*)", as "([^"]*)" was$`, itWasGivenAs)
	sc.Then(`^it was given "([^"]*)" (\d+) times$`, itWasGivenTimes)
	sc.Then(`^it holds "([^"]*)" as "([^"]*)"$`, itHolds)
	sc.Then(`^it holds "([^"]*)" as "([^"]*)" and not as "([^"]*)"$`, itHoldsAndNot)
	sc.Then(`^it ends provisioned and holds$`, itEndsHolding)
	sc.Then(`^it holds exactly what was published$`, itHoldsExactly)
}

// thePhoneProvisions powers on the scenario's phone, which knows the server's URL.
func thePhoneProvisions(ctx context.Context) error {
	return thePhoneProvisionsFrom(ctx, "<base>")
}

func thePhoneProvisionsFrom(ctx context.Context, url string) error {
	w := of(ctx)
	if w.base == nil {
		return harness("the scenario published nothing: the phone has no server")
	}
	url = w.expand(url)
	if strings.Contains(url, "-base>") {
		return blocked("the target lacks a protocol that this rule needs")
	}
	if err := w.ready(ctx, url); err != nil {
		return err
	}
	return w.powerOn(ctx, url)
}

// thePhoneProvisionsWithPassword takes the URL with credentials that the target knows.
func thePhoneProvisionsWithPassword(ctx context.Context) error {
	w := of(ctx)
	base := scenarios.BaseOf(w.published.Guarded, w.scheme)
	if base == nil {
		return blocked("nothing asks for a password over %s", w.scheme)
	}
	return w.powerOn(ctx, base.String())
}

func (w *world) powerOn(ctx context.Context, url string) error {
	p, err := w.newPhone(w.mac, url)
	if err != nil {
		return err
	}
	return w.provision(ctx, p, device.PowerOn)
}

// thePhoneHasProvisioned is a pass that is no rule's subject.
func thePhoneHasProvisioned(ctx context.Context) error {
	if err := thePhoneProvisions(ctx); err != nil {
		return err
	}
	p, err := of(ctx).phone()
	if err == nil && p.err != nil {
		return blocked("the first pass ended %s", p.ending())
	}
	return err
}

func thePhoneProvisionsAgain(ctx context.Context) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	if err := w.ready(ctx, w.base.String()); err != nil {
		return err
	}
	return w.provision(ctx, p, device.Interval)
}

// provision runs a pass, again while the server says that it is busy. Its error is the
// harness's own; how the pass ended is in p.
func (w *world) provision(ctx context.Context, p *observedPhone, why device.Trigger) error {
	_ = politely(ctx, func() error {
		p.outcome, p.err = p.Provision(ctx, why)
		return p.err
	})
	if code := phone.FaultOf(p.err); gone(code) || code == trace.TimeUp || ctx.Err() != nil {
		return harness("the pass ended %s", p.ending())
	}
	return nil
}

// newPhone adds a phone that provisions from url.
func (w *world) newPhone(mac device.MAC, url string) (*observedPhone, error) {
	p, err := w.makePhone(device.Identity{MAC: mac}, w.behaviour, url)
	if err == nil {
		w.phones = append(w.phones, p)
	}
	return p, err
}

// makePhone makes a phone that is observed, and not one of the scenario's yet.
func (w *world) makePhone(id device.Identity, behaviour device.Behaviour, url string) (*observedPhone, error) {
	p := &observedPhone{recorder: new(trace.Recorder)}
	stream := trace.NewStream(id.MAC, p.recorder)
	var err error
	p.Phone, err = phone.New(phone.Options{
		Identity:  id,
		Behaviour: behaviour,
		Network:   w.network(),
		Trace:     stream,
		TLS:       w.tls(),
		Finders:   map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: url}},
	})
	if err != nil {
		return nil, harness("no phone: %v", err)
	}
	return p, nil
}

// phone is "the phone": the first.
func (w *world) phone() (*observedPhone, error) {
	if len(w.phones) == 0 {
		return nil, harness("no phone has come up in this scenario")
	}
	return w.phones[0], nil
}

// fetches returns how the requests of a file ended, in order.
func (p *observedPhone) fetches(name string) []trace.Event {
	var ended []trace.Event
	for _, e := range p.recorder.Events() {
		if e.Name == name && (e.Kind == trace.FetchDone || e.Kind == trace.FetchMissing || e.Kind == trace.FetchFailed) {
			ended = append(ended, e)
		}
	}
	return ended
}

// ending says how the phone's pass ended.
func (p *observedPhone) ending() string {
	if p.err == nil {
		return string(p.outcome)
	}
	return fmt.Sprintf("%s: %v", p.outcome, p.err)
}

func itWasGiven(ctx context.Context, name string) error {
	return of(ctx).given(ctx, name, 1)
}

func itWasGivenTimes(ctx context.Context, name string, times int) error {
	return of(ctx).given(ctx, name, times)
}

// itWasGivenAs judges what is special about a file by one that is not.
func itWasGivenAs(ctx context.Context, name, plain string) error {
	if err := itWasGiven(ctx, plain); err != nil {
		return blocked("%s did not come either: %v", of(ctx).expand(plain), err)
	}
	err := itWasGiven(ctx, name)
	var inTheWay *obstacle
	if !errors.As(err, &inTheWay) {
		return err
	}
	// A pass that broke off between the two broke at a file of the same kind.
	w := of(ctx)
	p, failed := w.phones[0], trace.Event{}
	for _, e := range p.recorder.Events() {
		if e.Kind == trace.FetchFailed {
			failed = e
		}
	}
	if w.tree[failed.Name] != nil && path.Ext(failed.Name) == path.Ext(w.expand(name)) {
		return violated(failed.Name+", as "+w.expand(plain)+" came", "%s", failed.Detail)
	}
	return err
}

// given checks how the latest fetches of a file ended. A file that the phone never came
// to ask for says nothing of the server: what kept it from asking is another rule's.
func (w *world) given(ctx context.Context, name string, times int) error {
	p, err := w.phone()
	if err != nil {
		return err
	}
	name = config.Masked("include", w.expand(name))
	all := p.fetches(name)
	for n, e := range all[max(0, len(all)-times):] {
		if e.Kind == trace.FetchMissing && n == 0 {
			if err := w.hasSort(ctx, name); err != nil {
				return err
			}
		}
		if e.Kind != trace.FetchDone {
			return violated(name, "%s", e.Detail)
		}
	}
	if len(all) < times {
		return blocked("the phone asked for %s %d times, %d were to come: %s", name, len(all), times, p.ending())
	}
	return nil
}
