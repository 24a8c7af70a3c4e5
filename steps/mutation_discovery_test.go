package steps_test

import (
	"context"
	"io/fs"
	"path"
	"slices"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/faulty"
)

// talks are what the server can do beside serving files.
func (f *faultyTarget) talks() []scenarios.Capability {
	var all []scenarios.Capability
	if f.PnPAddress() != "" {
		all = append(all, scenarios.PnP)
	}
	if f.DHCPRelay() != "" {
		all = append(all, scenarios.DHCP)
	}
	if len(all) > 0 {
		all = append(all, scenarios.Announce, scenarios.PublishRoot)
	}
	if f.Notifies() {
		all = append(all, scenarios.CheckSync)
	}
	return all
}

// aboutFault are the tags of the rules that a fault can have to do with: where only
// what tells phones of a server is wrong, its files need not be judged again.
func aboutFault(f faulty.Fault) string {
	if slices.Contains([]string{"pnp", "dhcp", "checksync"}, f.Protocol) {
		return "@needs-" + f.Protocol
	}
	return ""
}

// residence is a faulty server with phones of its own.
type residence struct {
	*faultyTarget
	scenarios.Published
}

// inhabited gives a server phones of its own, where something else than its files is
// wrong.
func inhabited(f *faultyTarget) scenarios.Target {
	if aboutFault(f.Fault) == "" {
		return f
	}
	r := &residence{faultyTarget: f}
	r.Published.Publish = f.Publish
	return r
}

// Publish implements scenarios.Target.
func (r *residence) Publish(ctx context.Context, tree fs.FS) (*scenarios.Publication, error) {
	return r.faultyTarget.Publish(ctx, tree)
}

// Capabilities implements scenarios.Target.
func (r *residence) Capabilities() []scenarios.Capability {
	return append(r.faultyTarget.Capabilities(), scenarios.Phones, scenarios.Change)
}

// rootFile is what one name at the top of a tree leads to.
type rootFile struct {
	tree fs.FS
	name string
}

// Open implements fs.FS.
func (r rootFile) Open(name string) (fs.File, error) { return r.tree.Open(path.Join(r.name, name)) }

// PublishRoot implements scenarios.RootPublisher.
func (f *faultyTarget) PublishRoot(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	p := new(scenarios.Publication)
	for _, e := range entries {
		f.plant(e.Name(), rootFile{tree, e.Name()})
	}
	for _, scheme := range f.schemesOf() {
		p.Bases = append(p.Bases, f.Server.URLs()[scheme])
	}
	return p, nil
}
