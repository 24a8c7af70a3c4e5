package steps

import (
	"context"
	"fmt"

	"github.com/cucumber/godog"

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
func phoneSteps(sc *godog.ScenarioContext) {
	sc.When(`^the phone provisions$`, thePhoneProvisions)
	sc.When(`^the phone provisions again$`, thePhoneProvisionsAgain)
	sc.Then(`^it was given "([^"]*)"$`, itWasGiven)
	sc.Then(`^it was told that "([^"]*)" is missing$`, itWasToldMissing)
	sc.Then(`^it holds "([^"]*)" as "([^"]*)"$`, itHolds)
	sc.Then(`^it holds nothing for "([^"]*)"$`, itHoldsNothing)
	sc.Then(`^it is (provisioned|unchanged|served nothing)$`, itIs)
}

// thePhoneProvisions powers on the scenario's phone, which knows the server's URL.
func thePhoneProvisions(ctx context.Context) error {
	w := of(ctx)
	if w.base == nil {
		return harness("the scenario published nothing: the phone has no server")
	}
	p, err := w.newPhone(w.mac, w.base.String())
	if err != nil {
		return err
	}
	p.outcome, p.err = p.Provision(ctx, device.PowerOn)
	return nil
}

func thePhoneProvisionsAgain(ctx context.Context) error {
	p, err := of(ctx).phone()
	if err != nil {
		return err
	}
	p.outcome, p.err = p.Provision(ctx, device.Interval)
	return nil
}

// newPhone adds a phone that provisions from url.
func (w *world) newPhone(mac device.MAC, url string) (*observedPhone, error) {
	p := &observedPhone{recorder: new(trace.Recorder)}
	stream := trace.NewStream(mac, p.recorder)
	var err error
	p.Phone, err = phone.New(phone.Options{
		Identity:  device.Identity{MAC: mac},
		Behaviour: w.suite.options.Behaviour,
		Network:   w.network(),
		Trace:     stream,
		TLS:       w.tls(),
		Finders:   map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: url}},
	})
	if err != nil {
		return nil, harness("no phone: %v", err)
	}
	w.phones = append(w.phones, p)
	return p, nil
}

// phone is "the phone": the first.
func (w *world) phone() (*observedPhone, error) {
	if len(w.phones) == 0 {
		return nil, harness("no phone has come up in this scenario")
	}
	return w.phones[0], nil
}

func itWasGiven(ctx context.Context, name string) error {
	return of(ctx).ended(name, trace.FetchDone, "the file")
}

func itWasToldMissing(ctx context.Context, name string) error {
	return of(ctx).ended(name, trace.FetchMissing, "an answer that there is no such file")
}

// ended checks how the latest fetch of a file ended.
func (w *world) ended(name string, want trace.Kind, wanted string) error {
	p, err := w.phone()
	if err != nil {
		return err
	}
	name = w.expand(name)
	var last trace.Event
	for _, e := range p.recorder.Events() {
		if e.Name == name && (e.Kind == trace.FetchDone || e.Kind == trace.FetchMissing || e.Kind == trace.FetchFailed) {
			last = e
		}
	}
	expected := fmt.Sprintf("%s for the request of %s", wanted, name)
	switch last.Kind {
	case want:
		return nil
	case "":
		return violated(expected, "the phone never asked for it: %s", p.ending())
	case trace.FetchDone:
		return violated(expected, "%d bytes came", last.Bytes)
	default:
		return violated(expected, "%s", last.Detail)
	}
}

// ending says how the phone's pass ended.
func (p *observedPhone) ending() string {
	if p.err == nil {
		return string(p.outcome)
	}
	return fmt.Sprintf("%s: %v", p.outcome, p.err)
}

func itHolds(ctx context.Context, key, want string) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	want = w.expand(want)
	got, ok := p.Settings().Get(key)
	switch {
	case !ok:
		return violated(fmt.Sprintf("%s=%s", key, want), "the phone holds nothing for it: %s", p.ending())
	case got != want:
		return violated(fmt.Sprintf("%s=%s", key, want), "the phone holds %q", got)
	}
	return nil
}

func itHoldsNothing(ctx context.Context, key string) error {
	p, err := of(ctx).phone()
	if err != nil {
		return err
	}
	if got, ok := p.Settings().Get(key); ok {
		return violated("nothing for "+key, "the phone holds %q", got)
	}
	return nil
}

func itIs(ctx context.Context, how string) error {
	p, err := of(ctx).phone()
	if err != nil {
		return err
	}
	want := map[string]device.Outcome{
		"provisioned": device.Provisioned, "unchanged": device.Unchanged, "served nothing": device.NothingFound,
	}[how]
	if p.outcome != want {
		return violated("the phone is "+how, "%s", p.ending())
	}
	return nil
}
