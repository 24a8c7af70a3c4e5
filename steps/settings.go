package steps

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ready returns an obstacle where a pass cannot go as the guide has it: the server does
// not tell of a file that the phone will ask for in vain.
func (w *world) ready(ctx context.Context, at string) error {
	if strings.HasSuffix(at, ".cfg") {
		return nil // the URL of one file
	}
	folder := strings.TrimPrefix(strings.TrimSuffix(at, "/")+"/", w.base.String())
	if unescaped, err := url.PathUnescape(folder); err == nil {
		folder = unescaped
	}
	return w.tells(ctx, w.inVain(w.tree, folder)...)
}

// inVain are the files that a pass asks for and that are not there, in a folder of tree.
func (w *world) inVain(tree fstest.MapFS, folder string) []string {
	var missing []string
	has := func(name string) bool {
		if tree[folder+w.expand(name)] != nil {
			return true
		}
		missing = append(missing, name)
		return false
	}
	if !has(ownBoot) && !has(device.CommonBoot) {
		has(device.CommonCfg)
		has(ownCfg)
	}
	return missing
}

// held is the value of a setting, for comparing with what a rule wants of it. Where the
// phone does not hold that and something else than the rule's subject explains it,
// there is an obstacle.
func (w *world) held(key string) (p *observedPhone, value string, err error) {
	if p, err = w.phone(); err != nil {
		return nil, "", err
	}
	value, _ = p.Settings().Get(key)
	return p, config.Masked(key, value), nil
}

// undisturbed returns an obstacle where the pass did not go its way.
func (w *world) undisturbed(ctx context.Context, p *observedPhone) error {
	if p.err != nil {
		return blocked("the pass ended %s", p.ending())
	}
	for _, e := range p.recorder.Events() {
		if e.Kind == trace.FetchMissing && e.Pass == p.Last().Number && w.tree[e.Name] != nil {
			return blocked("the server says of %s that it is missing (see FIP-NAME-001 and following): %s", e.Name, e.Detail)
		}
	}
	return w.faithful(ctx)
}

func itHolds(ctx context.Context, key, want string) error {
	w := of(ctx)
	p, got, err := w.held(key)
	if err != nil {
		return err
	}
	want = w.expand(want)
	if value, _ := p.Settings().Get(key); value == want { // got is masked where it is secret
		return nil
	}
	if err := w.undisturbed(ctx, p); err != nil {
		return err
	}
	want = config.Masked(key, want)
	if got == "" {
		return violated(key+"="+want, "the phone holds nothing for it")
	}
	return violated(key+"="+want, "the phone holds %q", got)
}

// itHoldsAndNot judges which of two values counts; a third is another rule's.
func itHoldsAndNot(ctx context.Context, key, want, wrong string) error {
	w := of(ctx)
	p, got, err := w.held(key)
	if err != nil {
		return err
	}
	switch want, wrong = w.expand(want), w.expand(wrong); got {
	case want:
		return nil
	case wrong:
		if err := w.undisturbed(ctx, p); err != nil {
			return err
		}
		return violated(key+"="+want, "the phone holds %q", got)
	}
	if err := w.undisturbed(ctx, p); err != nil {
		return err
	}
	return blocked("the phone holds %q for %s, which is neither %q nor %q", got, key, w.expand(want), w.expand(wrong))
}

// itHoldsExactly compares all that the phone holds with what the published files come
// to, one laid over the other.
func itHoldsExactly(ctx context.Context) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	if p.err != nil {
		return blocked("the pass ended %s", p.ending())
	}
	var published config.Settings
	for _, name := range w.cfgNames() {
		if n := p.fetches(name); len(n) == 0 || n[len(n)-1].Kind != trace.FetchDone {
			return blocked("the phone was not given %s", name)
		}
		cfg, err := config.ParseCfg(name, w.tree[name].Data)
		if err != nil {
			return harness("%v", err)
		}
		published.Merge(cfg)
	}
	if diff := p.Settings().Diff(&published); len(diff) > 0 {
		return violated("exactly the settings that were published", "the phone ended with others: %s", changes(diff))
	}
	return nil
}

// cfgNames are the cfg files of a tree without boot files, in the order of a pass.
func (w *world) cfgNames() []string {
	var names []string
	for _, name := range []string{device.CommonCfg, w.mac.CfgName()} {
		if w.tree[name] != nil {
			names = append(names, name)
		}
	}
	return names
}

// changes lists the first differences between what a phone holds and what it should.
func changes(diff []config.Change) string {
	const most = 3
	words := make([]string, 0, most+1)
	for i, c := range diff {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(diff)-most))
			break
		}
		words = append(words, fmt.Sprintf("%s is %q instead of %q", c.Key, config.Masked(c.Key, c.New), config.Masked(c.Key, c.Old)))
	}
	return strings.Join(words, "; ")
}
