package steps

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ownSteps are those about phones that the server has of its own: what its files look
// like is its affair, what the phones end with is known.
func ownSteps(sc catalogue) {
	sc.Given(`^phones that the server knows$`, phonesOfTheServer)
	sc.When(`^each of them provisions$`, eachProvisions)
	sc.When(`^each of them provisions twice$`, eachProvisions)
	sc.Then(`^each of them ends as expected$`, eachEndsAsExpected)
	sc.Then(`^each of them holds what is expected of it$`, eachHoldsWhatIsExpected)
	sc.Then(`^the second time changes nothing$`, theSecondTimeChangesNothing)
	sc.Then(`^no line of their files is "([^"]*)"$`, noFinding)
	sc.Then(`^every resource that they are told of is there$`, everyResourceIsThere)
	sc.Then(`^every phonebook that they are told of is XML$`, everyPhonebookIsXML)
	sc.When(`^a phone asks for "([^"]*)" beside "([^"]*)"$`, misspeltBeside)
	sc.Then(`^the first is not there without the second$`, notMisspelt)
	ownOtherSteps(sc)
}

// mostOwn bounds how many of the server's own phones are looked at.
const mostOwn = 8

// resident is a phone that the server knows, and how it fared.
type resident struct {
	scenarios.Enrolled
	*observedPhone
	first, second phone.Pass
}

func phonesOfTheServer(ctx context.Context) error {
	w := of(ctx)
	all, err := share(&w.suite.shared, "the server's own phones over "+w.scheme, func() ([]*resident, error) { return w.moveIn(ctx) })
	if err == nil && len(all) == 0 {
		return blocked("the server has no phone that provisions over %s", w.scheme)
	}
	w.residents = all
	for _, r := range all {
		w.phones = append(w.phones, r.observedPhone)
	}
	return err
}

// moveIn lets the server's own phones provision, all at once and each of them twice.
func (w *world) moveIn(ctx context.Context) ([]*resident, error) {
	target, ok := w.suite.options.Target.(scenarios.Enroller)
	if !ok {
		return nil, harness("the target declares phones of its own, and names none")
	}
	enrolled, err := enroll(ctx, target)
	if err != nil {
		return nil, harness("%v", err)
	}
	defer target.Return(enrolled)
	var all []*resident
	for _, e := range enrolled {
		base := scenarios.BaseOf(e.Bases, w.scheme)
		if base == nil {
			continue
		}
		p, err := w.makePhone(e.Identity, e.Behaviour.Over(w.behaviour), base.String())
		if err != nil {
			return nil, err
		}
		all = append(all, &resident{Enrolled: e, observedPhone: p})
	}
	errs := make([]error, len(all))
	var each side
	for i, r := range all {
		each.Go(func() {
			if errs[i] = w.provision(ctx, r.observedPhone, device.PowerOn); errs[i] == nil {
				r.first = r.Last()
				errs[i] = w.provision(ctx, r.observedPhone, device.Interval)
				r.second = r.Last()
			}
		})
	}
	each.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// enroll waits for phones that other scenarios have.
func enroll(ctx context.Context, target scenarios.Enroller) ([]scenarios.Enrolled, error) {
	const tries = 100
	for n := 1; ; n++ {
		enrolled, err := target.Enroll(ctx, mostOwn)
		if err != nil || len(enrolled) > 0 || n == tries {
			return enrolled, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// eachProvisions has been done when the phones were named: rules that look at the same
// phones share their passes.
func eachProvisions(ctx context.Context) error {
	if len(of(ctx).residents) == 0 {
		return harness("there are no phones")
	}
	return nil
}

// each calls judge for every phone, and shows the one that it finds fault with.
func (w *world) each(judge func(*resident) error) error {
	for _, r := range w.residents {
		if err := judge(r); err != nil {
			w.phones = []*observedPhone{r.observedPhone}
			return err
		}
	}
	return nil
}

func eachEndsAsExpected(ctx context.Context) error {
	return of(ctx).each(func(r *resident) error {
		if wrong := r.Ended(r.first.Outcome); wrong != "" {
			return violated("phone "+r.Enrolled.Identity.MAC.String()+" is provisioned", "%s: %v", wrong, r.first.Err)
		}
		return nil
	})
}

func eachHoldsWhatIsExpected(ctx context.Context) error {
	return of(ctx).each(func(r *resident) error {
		if r.Expects() == 0 || r.Ended(r.first.Outcome) != "" {
			return nil // the rule before this one
		}
		return r.asExpected(r.Enrolled.Phone)
	})
}

func theSecondTimeChangesNothing(ctx context.Context) error {
	return of(ctx).each(func(r *resident) error {
		if r.second.Err == nil && r.first.Err == nil && len(r.second.Changed) > 0 {
			return violated("the same settings for phone "+r.Enrolled.Identity.MAC.String(), "others came: %s", changes(r.second.Changed))
		}
		return nil
	})
}

func noFinding(ctx context.Context, kind string) error {
	return of(ctx).each(func(r *resident) error {
		for _, f := range r.first.Findings {
			if f.Kind == config.Kind(kind) && (f.Kind == config.DuplicateKey || !r.secretAt(f.File, f.Line)) {
				return violated("nothing in the files of phone "+r.Enrolled.Identity.MAC.String()+" that it cannot use", "%s", f)
			}
		}
		return nil
	})
}

// secretAt reports whether a line sets a password, which may look like anything.
func (r *resident) secretAt(file string, line int) bool {
	for s := range r.Settings().All() {
		if s.File == file && s.Line == line {
			return config.IsSecret(s.Key)
		}
	}
	return false
}

func everyResourceIsThere(ctx context.Context) error {
	return of(ctx).each(func(r *resident) error {
		return r.resources(func(code trace.Code) bool { return code != trace.BadContent })
	})
}

func everyPhonebookIsXML(ctx context.Context) error {
	return of(ctx).each(func(r *resident) error {
		return r.resources(func(code trace.Code) bool { return code == trace.BadContent })
	})
}

// resources finds fault with resources that failed for a reason that counts.
func (r *resident) resources(counts func(trace.Code) bool) error {
	for _, res := range r.first.Resources {
		if code := phone.FaultOf(res.Err); res.Err != nil && counts(code) && code.ServersFault() {
			return violated(fmt.Sprintf("the file that %s of phone %s names", res.Key, r.Enrolled.Identity.MAC), "%v", res.Err)
		}
	}
	return nil
}

// commonSpelling tells the two common names.
var commonSpelling = regexp.MustCompile(`^y0+\.(boot|cfg)$`)

// misspeltBeside asks a server for a common name that no phone asks for, and for the
// right one.
func misspeltBeside(ctx context.Context, wrong, right string) error {
	w := of(ctx)
	if !commonSpelling.MatchString(wrong) || !commonSpelling.MatchString(right) {
		return harness("want two common names")
	}
	target, ok := w.suite.options.Target.(scenarios.Located)
	if !ok {
		return blocked("the target names no URL of its own")
	}
	base := scenarios.BaseOf(target.URLs(), w.scheme)
	if base == nil {
		return blocked("the target names no URL for %s", w.scheme)
	}
	w.most = mostOfNothing // whether it is there is all that counts
	for _, name := range []string{wrong, right} {
		a, err := w.request(ctx, config.Join(base, name), w.patience(1))
		if err != nil {
			return err
		}
		w.note(a)
	}
	return nil
}

func notMisspelt(ctx context.Context) error {
	w := of(ctx)
	wrong, right := w.asked[0], w.asked[1]
	there := wrong.fault == nil || wrong.fault.Code == trace.TooLarge
	if there && right.missing() {
		return violated("the name that phones ask for", "the server has %s, which no phone asks for, and no %s", wrong.name, right.name)
	}
	return nil
}
