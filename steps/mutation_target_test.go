package steps_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/faulty"
)

// faultyTarget is a server of package faulty as a Target: a folder for each tree.
type faultyTarget struct {
	*faulty.Server
	scenarios.Published // its phones

	mu    sync.Mutex
	trees folders
	made  int
}

// folders are trees, each in a folder of its own.
type folders map[string]fs.FS

// Open implements fs.FS.
func (f folders) Open(name string) (fs.File, error) {
	folder, rest, _ := strings.Cut(name, "/")
	tree, ok := f[folder]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return tree.Open(path.Clean("./" + rest))
}

// startFaulty starts a server with a fault, without one where f is zero.
func startFaulty(t *testing.T, f faulty.Fault) *faultyTarget {
	t.Helper()
	s, err := faulty.Start(t.Context(), f, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	target := &faultyTarget{Server: s, trees: folders{}}
	target.Published.Publish = target.Publish
	return target
}

// Name implements scenarios.Target.
func (f *faultyTarget) Name() string {
	if f.Fault.Name == "" {
		return "the faulty server without a fault"
	}
	return "a server with the fault " + f.Fault.Name
}

// schemesOf are the protocols that it speaks, in the order in which they are judged.
func (f *faultyTarget) schemesOf() []string {
	var all []string
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		if f.Server.URLs()[scheme] != nil {
			all = append(all, scheme)
		}
	}
	return all
}

// Capabilities implements scenarios.Target.
func (f *faultyTarget) Capabilities() []scenarios.Capability {
	all := []scenarios.Capability{scenarios.PublishTree, scenarios.Intrusive}
	if f.Fault.Rendered {
		all = []scenarios.Capability{scenarios.Phones, scenarios.Change, scenarios.Intrusive}
	}
	for _, scheme := range f.schemesOf() {
		all = append(all, scenarios.Capability(scheme))
	}
	if f.Server.URLs()["https"] != nil {
		all = append(all, scenarios.Certificate)
	}
	if len(f.Guarded()) > 0 && !f.Fault.Rendered {
		all = append(all, scenarios.Credentials)
	}
	return append(all, f.talks()...)
}

// Insecure implements scenarios.Secured.
func (f *faultyTarget) Insecure() bool { return false }

// URLs implements scenarios.Located.
func (f *faultyTarget) URLs() []*url.URL {
	var all []*url.URL
	for _, scheme := range f.schemesOf() {
		all = append(all, f.Server.URLs()[scheme])
	}
	return all
}

// Publish implements scenarios.Target.
func (f *faultyTarget) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made++
	name := fmt.Sprintf("%d", f.made)
	f.plant(name, tree)
	p := &scenarios.Publication{Replace: func(_ context.Context, tree fs.FS) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.plant(name, tree)
		return nil
	}}
	for _, scheme := range f.schemesOf() {
		p.Bases = append(p.Bases, f.Server.URLs()[scheme].JoinPath(name+"/"))
		if u := f.Guarded()[scheme]; u != nil {
			p.Guarded = append(p.Guarded, u.JoinPath(name+"/"))
		}
	}
	return p, nil
}

// plant puts a tree in its place; f.mu is held. What is served never changes, it is
// replaced.
func (f *faultyTarget) plant(name string, tree fs.FS) {
	trees := folders{name: tree}
	for n, t := range f.trees {
		if n != name {
			trees[n] = t
		}
	}
	f.trees = trees
	f.SetTree(trees)
}

// Reset implements scenarios.Target.
func (f *faultyTarget) Reset(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trees = folders{}
	f.SetTree(f.trees)
	return nil
}
