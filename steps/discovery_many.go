package steps

import (
	"context"
	"io/fs"
	"testing/fstest"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// pairOf are the phones of a scenario with two, and the folder of each.
func (w *world) pairOf() map[device.MAC]string {
	return map[device.MAC]string{w.mac: "first", w.other(): "second"}
}

// twoPhonesWithFolders publishes a folder for each of two phones, in which the other
// has nothing, and has the server name to each its own.
func twoPhonesWithFolders(ctx context.Context) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	tree := make(fstest.MapFS)
	for mac, folder := range w.pairOf() {
		tree[folder+"/"+mac.CfgName()] = file("lang.gui=" + w.canary + "-" + folder)
	}
	if err := w.publish(ctx, tree); err != nil {
		return err
	}
	for mac, folder := range w.pairOf() {
		if err := w.announce(ctx, mac, w.base.JoinPath(folder+"/").String()); err != nil {
			return err
		}
	}
	return nil
}

func bothFind(ctx context.Context, way string) error {
	w := of(ctx)
	for _, mac := range []device.MAC{w.mac, w.other()} {
		p, err := w.finding(ctx, device.Identity{MAC: mac}, w.behaviour, ways[way])
		if err != nil {
			return err
		}
		w.phones = append(w.phones, p)
	}
	return w.findAll(ctx, w.phones)
}

// findAll lets phones find their server all at once.
func (w *world) findAll(ctx context.Context, phones []*observedPhone) error {
	errs := make([]error, len(phones))
	var all side
	for i, p := range phones {
		all.Go(func() { errs[i] = w.find(ctx, p) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func eachFromItsOwn(ctx context.Context) error {
	w := of(ctx)
	for _, p := range w.phones {
		if err := w.provisionedThere(ctx, p, w.canary+"-"+w.pairOf()[p.Identity().MAC]); err != nil {
			return err
		}
	}
	return nil
}

// eachFinds lets the server's own phones find it, all at once, in the place of
// provisioning from a URL that they know.
func eachFinds(ctx context.Context, way string) error {
	w := of(ctx)
	target, ok := w.suite.options.Target.(scenarios.Enroller)
	if !ok {
		return harness("the target declares phones of its own, and names none")
	}
	enrolled, err := enroll(ctx, target)
	if err != nil {
		return harness("%v", err)
	}
	defer target.Return(enrolled)
	if err := w.moveToRoot(ctx, enrolled); err != nil {
		return err
	}
	w.phones, w.residents = nil, nil // those of the URL are shared with other scenarios
	for _, e := range enrolled {
		if base := scenarios.BaseOf(e.Bases, w.scheme); base != nil && w.suite.can(scenarios.Announce) {
			if err := w.announce(ctx, e.Identity.MAC, base.String()); err != nil {
				return err
			}
		}
		p, err := w.finding(ctx, e.Identity, e.Behaviour.Over(w.behaviour), ways[way])
		if err != nil {
			return err
		}
		w.phones = append(w.phones, p)
		w.residents = append(w.residents, &resident{Enrolled: e, observedPhone: p})
	}
	if len(enrolled) == 0 {
		return blocked("the server has no phone that is free")
	}
	if err := w.findAll(ctx, w.phones); err != nil {
		return err
	}
	for _, r := range w.residents {
		if r.first = r.Last(); r.first.Server == "" {
			return blocked("phone %s was told of no server: it ended %s", r.Enrolled.Identity.MAC, r.ending())
		}
	}
	return nil
}

// moveToRoot puts the files of phones that we made up at the server's root too: where
// nobody can tell the server what to name, that is where it leads.
func (w *world) moveToRoot(ctx context.Context, enrolled []scenarios.Enrolled) error {
	switch {
	case w.suite.can(scenarios.Announce) || !w.suite.can(scenarios.PublishTree):
		return nil
	case !w.suite.can(scenarios.PublishRoot):
		return &obstacle{
			what:  "the server names a folder into which we can put nothing: give its URL without a path",
			needs: scenarios.PublishRoot,
		}
	}
	tree := make(fstest.MapFS)
	for _, e := range enrolled {
		name := e.Identity.MAC.CfgName()
		body, err := fs.ReadFile(scenarios.RosterTree([]scenarios.Phone{e.Phone}), name)
		if err != nil {
			return harness("%v", err)
		}
		tree[name] = &fstest.MapFile{Data: body, Mode: 0o644}
	}
	at := *w
	if err := at.publishRoot(ctx, tree); err != nil {
		return err
	}
	w.atEnd(func() { _ = at.published.Replace(context.WithoutCancel(ctx), fstest.MapFS{}) }) // Reset takes the rest away
	return nil
}
