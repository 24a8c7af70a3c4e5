package steps

import (
	"context"
	"net/url"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// missSteps are those about files that are not there.
func missSteps(sc catalogue) {
	sc.When(`^a phone that has no files asks for "([^"]*)"$`, aPhoneAsksInVain)
	sc.Then(`^it gets an answer$`, itGetsAnAnswer)
	sc.Then(`^it gets no empty file$`, itGetsNoEmptyFile)
	sc.Then(`^it gets no other content$`, itGetsNoOtherContent)
	sc.Then(`^the answer is that there is no such file$`, theAnswerIsNoSuchFile)
	sc.Then(`^the answer is that there is no such file, as for others$`, theAnswerIsAsForOthers)
	sc.Then(`^after the missing files it was given "([^"]*)"$`, afterTheMissing)
}

// The names of files that a pass asks for, as feature files call them.
const (
	ownBoot  = "<mac>.boot"
	ownCfg   = "<mac>.cfg"
	included = "included.cfg"
	contacts = "contacts.xml"
)

// mostOfNothing bounds what is taken for a file that is not there, in bytes: a server
// that sends more has said enough.
const mostOfNothing = 1 << 20

// misses are the answers to requests for files that nobody has, by what is asked for.
type misses map[string]*answer

// misses asks for files that are not there, all at once: a server's silence is waited
// for only once in a run.
func (w *world) misses(ctx context.Context) (misses, error) {
	base, names, err := w.nowhere(ctx)
	if err != nil {
		return nil, err
	}
	return share(&w.suite.shared, "misses over "+w.scheme, func() (misses, error) {
		at := *w
		at.base, at.mac, at.most = base, basicMAC.Add(1), mostOfNothing
		found, errs := make([]*answer, len(names)), make([]error, len(names))
		var all side
		for i, name := range names {
			all.Go(func() {
				found[i], errs[i] = at.request(ctx, config.Join(base, at.expand(name)), at.patience(len(names)))
			})
		}
		all.Wait()
		m := make(misses)
		for i, name := range names {
			if errs[i] != nil {
				return nil, errs[i]
			}
			m[name] = found[i]
		}
		return m, nil
	})
}

// nowhere returns a folder in which a phone has no files, and which names surely aren't
// there: a server that publishes nothing of ours has common files of its own.
func (w *world) nowhere(ctx context.Context) (*url.URL, []string, error) {
	names := []string{ownBoot, ownCfg, included, contacts}
	place, err := w.place(ctx, "basics")
	if err != nil {
		return nil, nil, err
	}
	if place != nil {
		return place.Base(w.scheme), append(names, device.CommonBoot, device.CommonCfg), nil
	}
	if located, ok := w.suite.options.Target.(scenarios.Located); ok {
		if base := scenarios.BaseOf(located.URLs(), w.scheme); base != nil {
			// Its own folder may hold common files; one that nobody made holds none.
			return base.JoinPath("no-such-folder-" + w.canary + "/"), append(names, device.CommonBoot, device.CommonCfg), nil
		}
	}
	return nil, nil, harness("the target names no base URL for %s", w.scheme)
}

func aPhoneAsksInVain(ctx context.Context, name string) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	found, err := w.misses(ctx)
	if err != nil {
		return err
	}
	if found[name] == nil {
		return withoutTree("this server has a %s of its own, and no folder without one", name)
	}
	w.note(found[name])
	return nil
}

func itGetsAnAnswer(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault != nil && (a.fault.Code == trace.NoAnswer || a.fault.Code == trace.Truncated) {
		return violated("an answer to the request of "+a.name, "%s", a)
	}
	return nil
}

func itGetsNoEmptyFile(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault == nil && len(a.body) == 0 {
		return violated("the answer that there is no "+a.name, "%s", a)
	}
	return nil
}

func itGetsNoOtherContent(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault == nil && len(a.body) > 0 {
		return violated("the answer that there is no "+a.name, "%s", a)
	}
	return nil
}

// theAnswerIsNoSuchFile judges what an answer says. That there is none, or that it is a
// file, other rules say.
func theAnswerIsNoSuchFile(ctx context.Context) error {
	a := of(ctx).answer
	switch {
	case a.fault == nil:
		return blocked("something came for %s, which is not there (see FIP-MISS-002 and FIP-MISS-003): %s", a.name, a)
	case a.missing():
		return nil
	case a.fault.Code == trace.NoAnswer, a.fault.Code == trace.Truncated:
		return blocked("no answer came for %s, which is not there (see FIP-MISS-001): %s", a.name, a)
	default:
		return violated("the answer that there is no "+a.name+" ("+noSuchFile[of(ctx).scheme]+")", "%s", a)
	}
}

// noSuchFile is how each protocol says that there is no such file.
var noSuchFile = map[string]string{
	"tftp": "ERROR 1", "ftp": "550", "http": "404", "https": "404",
}

// tells returns an obstacle where the server does not say of each of these names that
// it is missing, when it is: a pass that asks for them would end there.
func (w *world) tells(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	found, err := w.misses(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if a := found[name]; a != nil && !a.missing() {
			return blocked("of a %s that is not there the server does not say so (see FIP-MISS-001 and following): %s", name, a)
		}
	}
	return nil
}

// theAnswerIsAsForOthers judges a miss where ordinary ones are told.
func theAnswerIsAsForOthers(ctx context.Context) error {
	w := of(ctx)
	if w.answer.missing() {
		return nil
	}
	if err := w.tells(ctx, included); err != nil {
		return err
	}
	return violated("the answer that there is no "+w.answer.name+" ("+noSuchFile[w.scheme]+")", "%s", w.answer)
}

// afterTheMissing judges whether the server goes on after misses; that the name is
// known at all is another rule's.
func afterTheMissing(ctx context.Context, name string) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	all := p.fetches(w.expand(name))
	if len(all) > 0 && all[len(all)-1].Kind == trace.FetchMissing {
		return blocked("the server says that %s is missing (see FIP-NAME-003)", w.expand(name))
	}
	if len(all) == 0 && p.err != nil {
		return violated("an answer to each request of the pass", "it ended %s", p.ending())
	}
	return itWasGiven(ctx, name)
}
