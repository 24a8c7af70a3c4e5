package steps

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"sync"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/server"
)

// Embedded is the reference server on loopback, as a Target with every capability that
// needs no privilege: discovery is unicast PnP, and DHCP through a relay agent.
type Embedded struct {
	scenarios.Published // its phones

	open    *server.Server // for everybody
	guarded *server.Server // the same tree, behind a password
	pnp     *server.PnP
	dhcp    *server.DHCP
	ca      []byte
	told    announced

	mu    sync.Mutex
	trees forest
	made  int
}

// Credentials of the part of the embedded server that asks for some.
const (
	embeddedUser     = "fipphone"
	embeddedPassword = "Correct-Horse-7"
)

// StartEmbedded starts the reference server on free ports of 127.0.0.1. Close ends it.
func StartEmbedded(ctx context.Context) (_ *Embedded, err error) {
	e := &Embedded{trees: make(forest)}
	e.Published.Publish = e.Publish
	defer func() {
		if err != nil {
			err = errors.Join(err, e.Close())
		}
	}()
	const free = "127.0.0.1:0"
	if e.open, err = server.Start(ctx, server.Options{Tree: e.trees, TFTP: free, FTP: free, HTTP: free, HTTPS: free}); err != nil {
		return nil, err
	}
	if e.ca, err = e.open.CA(); err != nil {
		return nil, err
	}
	if e.guarded, err = e.startGuarded(ctx); err != nil {
		return nil, err
	}
	if e.pnp, err = server.ListenPnP(ctx, server.PnPOptions{URL: e.told.or(e.open.URL("http"))}); err != nil {
		return nil, err
	}
	e.dhcp, err = server.ListenDHCP(ctx, server.DHCPOptions{Option66: e.told.or(e.open.URL("tftp"))})
	return e, err
}

// startGuarded starts the server that asks for a password. TFTP has none.
func (e *Embedded) startGuarded(ctx context.Context) (*server.Server, error) {
	const free = "127.0.0.1:0"
	s, err := server.Start(ctx, server.Options{
		Tree: e.trees, FTP: free, HTTP: free, HTTPS: free, User: embeddedUser, Password: embeddedPassword,
	})
	if err != nil {
		return nil, err
	}
	ca, err := s.CA()
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	e.ca = append(e.ca, ca...)
	return s, nil
}

// Close ends the server.
func (e *Embedded) Close() error {
	var errs []error
	for _, s := range []*server.Server{e.open, e.guarded} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	if e.pnp != nil {
		errs = append(errs, e.pnp.Close())
	}
	if e.dhcp != nil {
		errs = append(errs, e.dhcp.Close())
	}
	return errors.Join(errs...)
}

// Name implements scenarios.Target.
func (e *Embedded) Name() string { return "the embedded reference server" }

// Capabilities implements scenarios.Target: all that there are.
func (e *Embedded) Capabilities() []scenarios.Capability { return scenarios.Capabilities() }

// CA implements scenarios.Secured.
func (e *Embedded) CA() []byte { return e.ca }

// Insecure implements scenarios.Secured.
func (e *Embedded) Insecure() bool { return false }

// URLs implements scenarios.Located.
func (e *Embedded) URLs() []*url.URL {
	var all []*url.URL
	for _, scheme := range schemes {
		all = append(all, e.open.URL(scheme))
	}
	return all
}

// PnPAddress implements scenarios.Discovery.
func (e *Embedded) PnPAddress() string { return e.pnp.Addr().String() }

// DHCPRelay implements scenarios.Discovery.
func (e *Embedded) DHCPRelay() string { return e.dhcp.Addr().String() }

// Publish implements scenarios.Target: each tree is a folder of the server's.
func (e *Embedded) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made++
	name := fmt.Sprintf("%d", e.made)
	e.plant(func(trees forest) { trees[name] = tree })
	return e.publication(name+"/", func(_ context.Context, tree fs.FS) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.plant(func(trees forest) { trees[name] = tree })
		return nil
	}), nil
}

// publication says where a folder of the server's is.
func (e *Embedded) publication(folder string, replace func(context.Context, fs.FS) error) *scenarios.Publication {
	p := &scenarios.Publication{Replace: replace}
	for _, scheme := range schemes {
		p.Bases = append(p.Bases, e.open.URL(scheme).JoinPath(folder))
		if u := e.guarded.URL(scheme); u != nil {
			u.User = url.UserPassword(embeddedUser, embeddedPassword)
			p.Guarded = append(p.Guarded, u.JoinPath(folder))
		}
	}
	return p
}

// PublishRoot implements scenarios.RootPublisher.
func (e *Embedded) PublishRoot(ctx context.Context, tree fs.FS) (*scenarios.Publication, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if e.trees[entry.Name()] != nil {
			return nil, &fs.PathError{Op: "publish", Path: entry.Name(), Err: fs.ErrExist}
		}
	}
	put := func(tree fs.FS, entries []fs.DirEntry) {
		e.plant(func(trees forest) {
			for _, entry := range entries {
				trees[entry.Name()] = part{tree, entry.Name()}
			}
		})
	}
	put(tree, entries)
	return e.publication("/", func(_ context.Context, next fs.FS) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		later, err := fs.ReadDir(next, ".")
		if err != nil {
			return err
		}
		e.plant(func(trees forest) {
			for _, entry := range entries {
				delete(trees, entry.Name())
			}
		})
		put(next, later)
		entries = later
		return nil
	}), ctx.Err()
}

// plant changes the trees; e.mu is held. The forest that is served never changes, it is
// replaced.
func (e *Embedded) plant(change func(forest)) {
	trees := make(forest, len(e.trees)+1)
	for n, t := range e.trees {
		trees[n] = t
	}
	change(trees)
	e.trees = trees
	e.open.SetTree(trees)
	e.guarded.SetTree(trees)
}

// part is what one name at the top of a tree leads to, as a file system of which that
// name is the root.
type part struct {
	tree fs.FS
	name string
}

// Open implements fs.FS.
func (p part) Open(name string) (fs.File, error) { return p.tree.Open(path.Join(p.name, name)) }

// Reset implements scenarios.Target.
func (e *Embedded) Reset(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Forget()
	e.told.forget()
	e.trees = nil
	e.plant(func(forest) {})
	return nil
}
