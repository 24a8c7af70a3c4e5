package steps

import (
	"context"
	"maps"
	"slices"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// ownOtherSteps are those about phones that the server does not know, and about changes
// of those that it knows.
func ownOtherSteps(sc catalogue) {
	sc.When(`^a phone that it does not know provisions$`, aStrangerProvisions)
	sc.Then(`^that phone holds no account of theirs$`, holdsNoAccountOfTheirs)
	sc.Given(`^a phone that the server knows has provisioned$`, aResidentHasProvisioned)
	sc.When(`^that phone provisions again$`, thatPhoneProvisionsAgain)
	sc.Then(`^it holds what is meant for it now$`, holdsWhatIsMeantNow)
}

// aStrangerProvisions lets a phone come that nobody has, where the others came.
func aStrangerProvisions(ctx context.Context) error {
	w := of(ctx)
	p, err := w.makePhone(device.Identity{MAC: w.mac}, w.behaviour, scenarios.BaseOf(w.residents[0].Bases, w.scheme).String())
	if err != nil {
		return err
	}
	w.phones = []*observedPhone{p}
	return w.provision(ctx, p, device.PowerOn)
}

// account is what a phone registers with.
type account struct{ user, password string }

// mostAccounts is above the number of accounts of any model.
const mostAccounts = 16

// accountsOf are those that have both.
func accountsOf(s *config.Settings) map[account]int {
	all := make(map[account]int)
	for n := 1; n <= mostAccounts; n++ {
		user, _ := s.AccountSetting(n, "user")
		password, _ := s.AccountSetting(n, "password")
		if user.Value != "" && password.Value != "" {
			all[account{user.Value, password.Value}] = n
		}
	}
	return all
}

// holdsNoAccountOfTheirs forgives what several phones have: an account for guests.
func holdsNoAccountOfTheirs(ctx context.Context) error {
	w := of(ctx)
	owners, err := w.owners(ctx)
	if err != nil {
		return err
	}
	for a, n := range accountsOf(w.phones[0].Settings()) {
		if macs := slices.Collect(maps.Keys(owners[a])); len(macs) == 1 {
			return violated("for phone "+w.mac.String()+", which the server does not know, no account of another phone",
				"its account %d is that of phone %s, password and all", n, macs[0])
		}
	}
	return nil
}

// owners tells which phones have an account: those that provisioned, and all that are
// known and free.
func (w *world) owners(ctx context.Context) (map[account]map[device.MAC]bool, error) {
	owners := make(map[account]map[device.MAC]bool)
	own := func(a account, mac device.MAC) {
		if owners[a] == nil {
			owners[a] = make(map[device.MAC]bool)
		}
		owners[a][mac] = true
	}
	for _, r := range w.residents {
		for a := range accountsOf(r.Settings()) {
			own(a, r.Enrolled.Identity.MAC)
		}
	}
	target, ok := w.suite.options.Target.(scenarios.Enroller)
	if !ok {
		return nil, harness("the target declares phones of its own, and names none")
	}
	free, err := target.Enroll(ctx, mostKnown)
	if err != nil {
		return nil, harness("%v", err)
	}
	defer target.Return(free)
	for _, e := range free {
		for _, a := range e.Accounts {
			own(account{a.User, a.Password}, e.Identity.MAC)
		}
	}
	return owners, nil
}

// mostKnown bounds how many phones are looked at.
const mostKnown = 1000

func aResidentHasProvisioned(ctx context.Context) error {
	w := of(ctx)
	target, ok := w.suite.options.Target.(scenarios.Enroller)
	if !ok {
		return harness("the target declares phones of its own, and names none")
	}
	enrolled, err := w.one(ctx, target)
	if err != nil {
		return err
	}
	r := &resident{Enrolled: enrolled}
	w.residents = []*resident{r}
	base := scenarios.BaseOf(enrolled.Bases, w.scheme)
	if base == nil {
		return blocked("the server has no phone that provisions over %s", w.scheme)
	}
	if r.observedPhone, err = w.makePhone(enrolled.Identity, enrolled.Behaviour.Over(w.behaviour), base.String()); err != nil {
		return err
	}
	w.phones = []*observedPhone{r.observedPhone}
	if err := w.provision(ctx, r.observedPhone, device.PowerOn); err != nil {
		return err
	}
	if r.Ended(r.Last().Outcome) != "" || r.asExpected(enrolled.Phone) != nil {
		return blocked("it did not end as expected before anything was changed (see FIP-CFG-020 and FIP-CFG-021): it ended %s", r.ending())
	}
	return nil
}

func thatPhoneProvisionsAgain(ctx context.Context) error {
	w := of(ctx)
	return w.provision(ctx, w.residents[0].observedPhone, device.Interval)
}

func holdsWhatIsMeantNow(ctx context.Context) error {
	r := of(ctx).residents[0]
	return r.asExpected(r.Enrolled.Phone)
}
