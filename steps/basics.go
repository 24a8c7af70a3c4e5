package steps

import (
	"context"
	"fmt"
	"path"
	"testing/fstest"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
)

// basicSteps are those about the ordinary.
func basicSteps(sc catalogue) {
	sc.Given(`^a server with a boot file and cfg files$`, aServerWithFiles)
	sc.When(`^a phone asks for them$`, aPhoneAsksForThem)
	sc.Then(`^at least one of them comes$`, atLeastOneComes)
}

// basics is what nearly every rule stands on. It is looked at once for each protocol:
// where the server lacks it, one rule says so, and those that stand on it are skipped.
type basics struct {
	unserved string // why not even an ordinary file comes; empty: one does
	altered  string // what happens to the bytes of ordinary files; empty: nothing
	answers  []*answer
}

// basics asks for ordinary small files: a boot file, cfg files, and a phonebook.
func (w *world) basics(ctx context.Context) (*basics, error) {
	place, err := w.place(ctx, "basics")
	if err != nil || place == nil {
		return new(basics), err
	}
	return share(&w.suite.shared, "basics over "+w.scheme, func() (*basics, error) {
		at := *w
		at.base = place.Base(w.scheme)
		b := new(basics)
		tree := basicTree()
		for _, name := range basicNames() {
			a, err := at.request(ctx, config.Join(at.base, name), at.patience(1))
			if err != nil {
				return nil, err
			}
			b.answers = append(b.answers, a)
		}
		b.judge(tree)
		return b, nil
	})
}

// judge draws the conclusions. A protocol serves nothing where every answer failed; a
// miss is a question of names.
func (b *basics) judge(tree fstest.MapFS) {
	failed := 0
	for _, a := range b.answers {
		switch {
		case a.fault != nil && !a.missing():
			failed++
		case a.fault == nil && b.altered == "":
			published := tree[a.name].Data
			if how := classify(published, a.body, a.coding); how != identical {
				b.altered = fmt.Sprintf("%s came with %s: %s", a.name, how, firstDifference(published, a.body))
			}
		}
	}
	if failed == len(b.answers) {
		b.unserved = fmt.Sprintf("%s: %s", b.answers[0].name, b.answers[0])
	}
}

// basicMAC is that of a phone whose files are only fetched, never used.
var basicMAC = firstMAC.Add(0xffff)

func basicNames() []string {
	return []string{basicMAC.BootName(), basicMAC.CfgName(), "account.cfg"}
}

func basicTree() fstest.MapFS {
	return fstest.MapFS{
		basicMAC.BootName(): {Data: []byte("include:config <account.cfg>\n"), Mode: 0o644},
		basicMAC.CfgName():  {Data: []byte("account.1.label=Reception\n"), Mode: 0o644},
		"account.cfg":       {Data: []byte("lang.gui=English\n"), Mode: 0o644},
	}
}

// places are the trees that several scenarios look at, by name.
var places = map[string]func() fstest.MapFS{
	"basics":    basicTree,
	"samples":   sampleTree,
	"protocols": servedTree,
}

// place publishes one of those trees, once in a run; nil where nothing can be published.
func (w *world) place(ctx context.Context, name string) (*scenarios.Publication, error) {
	if !w.suite.can(scenarios.PublishTree) {
		return nil, nil
	}
	return keep(&w.suite.shared, "place "+name, func() (*scenarios.Publication, error) {
		// It outlives the scenario that publishes it.
		p, err := w.suite.options.Target.Publish(context.WithoutCancel(ctx), places[name]())
		if err != nil {
			return nil, harness("publishing: %v", err)
		}
		return p, nil
	})
}

// stands returns an obstacle where not even ordinary files come over this protocol.
func (w *world) stands(ctx context.Context) error {
	b, err := w.basics(ctx)
	switch {
	case err != nil:
		return err
	case b.unserved != "":
		return blocked("no ordinary file comes over %s (see FIP-CFG-001): %s", w.scheme, b.unserved)
	}
	return nil
}

// hasSort returns an obstacle where the ordinary file of a name's sort is missing.
func (w *world) hasSort(ctx context.Context, name string) error {
	b, err := w.basics(ctx)
	if err != nil {
		return err
	}
	ordinary := ""
	switch name = path.Base(name); {
	case path.Ext(name) == ".boot":
		ordinary = basicMAC.BootName()
	case name == w.mac.CfgName():
		ordinary = basicMAC.CfgName()
	case path.Ext(name) == ".cfg":
		ordinary = "account.cfg"
	}
	for _, a := range b.answers {
		if a.name == ordinary && a.missing() {
			return blocked("not even %s is found (see FIP-NAME-001, FIP-NAME-003, FIP-NAME-005)", ordinary)
		}
	}
	return nil
}

// faithful returns an obstacle where the bytes of ordinary files are altered.
func (w *world) faithful(ctx context.Context) error {
	b, err := w.basics(ctx)
	switch {
	case err != nil:
		return err
	case b.altered != "":
		return blocked("ordinary files are altered (see FIP-CONT-001 and following): %s", b.altered)
	}
	return nil
}

func aServerWithFiles(ctx context.Context) error {
	_, err := of(ctx).place(ctx, "basics")
	return err
}

func aPhoneAsksForThem(ctx context.Context) error {
	w := of(ctx)
	b, err := w.basics(ctx)
	if err != nil {
		return err
	}
	for _, a := range b.answers {
		w.note(a)
	}
	return nil
}

func atLeastOneComes(ctx context.Context) error {
	b, err := of(ctx).basics(ctx)
	if err == nil && b.unserved != "" {
		return violated("a file", "none of %d came; %s", len(b.answers), b.unserved)
	}
	return err
}
