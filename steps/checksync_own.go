package steps

import (
	"context"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
)

// aResidentHearsSIP gives power to a phone of the server's own.
func aResidentHearsSIP(ctx context.Context) error {
	w := of(ctx)
	target, ok := w.suite.options.Target.(scenarios.Enroller)
	if !ok {
		return harness("the target declares phones of its own, and names none")
	}
	enrolled, err := w.one(ctx, target)
	if err != nil {
		return err
	}
	w.residents = []*resident{{Enrolled: enrolled}}
	base := scenarios.BaseOf(enrolled.Bases, w.scheme)
	if base == nil {
		return blocked("the server has no phone that provisions over %s", w.scheme)
	}
	w.mac, w.base, w.behaviour = enrolled.Identity.MAC, base, enrolled.Behaviour.Over(w.behaviour)
	if err := w.liveWithSIP(ctx, discover.SourceStatic, discover.Static{URL: base.String()}); err != nil {
		return err
	}
	w.residents[0].observedPhone = w.talks.life.observedPhone
	return w.talks.life.firstPass(ctx)
}

// one enrolls a phone until the scenario ends.
func (w *world) one(ctx context.Context, target scenarios.Enroller) (scenarios.Enrolled, error) {
	all, err := enroll(ctx, target)
	if err != nil {
		return scenarios.Enrolled{}, harness("%v", err)
	}
	if len(all) == 0 {
		return scenarios.Enrolled{}, blocked("the server has no phone that is free")
	}
	target.Return(all[1:])
	w.atEnd(func() { target.Return([]scenarios.Enrolled{w.residents[0].Enrolled}) }) // as it is then
	return all[0], nil
}

func theServerChanges(ctx context.Context) error {
	w := of(ctx)
	target, ok := w.suite.options.Target.(scenarios.Changer)
	if !ok {
		return harness("the target declares that its phones' settings can be changed, and can't")
	}
	changed, err := target.Change(ctx, w.residents[0].Enrolled)
	if err != nil {
		return harness("changing settings: %v", err)
	}
	w.residents[0].Enrolled = changed
	return nil
}

func itHoldsWhatIsExpectedNow(ctx context.Context) error {
	w := of(ctx)
	r := w.residents[0]
	if err := w.talks.sync.needsEvent(); err != nil {
		return err
	}
	if w.talks.sync.ended != device.CheckSync {
		return blocked("the phone began no pass: %q", w.talks.sync.ended)
	}
	r.outcome = r.Last().Outcome
	return r.asExpected(r.Enrolled.Phone)
}
