package steps

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/server"
)

// Embedded is the reference server on loopback, as a Target.
type Embedded struct {
	server *server.Server
	ca     []byte

	mu    sync.Mutex
	trees forest
}

// StartEmbedded starts the reference server on free ports of 127.0.0.1. Close ends it.
func StartEmbedded(ctx context.Context) (*Embedded, error) {
	const free = "127.0.0.1:0"
	e := &Embedded{trees: make(forest)}
	var err error
	if e.server, err = server.Start(ctx, server.Options{Tree: e.trees, TFTP: free, FTP: free, HTTP: free, HTTPS: free}); err != nil {
		return nil, err
	}
	e.ca, err = e.server.CA()
	return e, err
}

// Close ends the server.
func (e *Embedded) Close() error { return e.server.Close() }

// Name implements scenarios.Target.
func (e *Embedded) Name() string { return "the embedded reference server" }

// Capabilities implements scenarios.Target.
func (e *Embedded) Capabilities() []scenarios.Capability {
	return []scenarios.Capability{scenarios.TFTP, scenarios.FTP, scenarios.HTTP, scenarios.HTTPS, scenarios.PublishTree}
}

// CA implements scenarios.Secured.
func (e *Embedded) CA() []byte { return e.ca }

// Insecure implements scenarios.Secured.
func (e *Embedded) Insecure() bool { return false }

// Publish implements scenarios.Target: each tree is a folder of the server's.
func (e *Embedded) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := fmt.Sprintf("%d", len(e.trees)+1)
	e.plant(name, tree)
	p := &scenarios.Publication{Replace: func(_ context.Context, tree fs.FS) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.plant(name, tree)
		return nil
	}}
	for _, scheme := range schemes {
		p.Bases = append(p.Bases, e.server.URL(scheme).JoinPath(name+"/"))
	}
	return p, nil
}

// plant puts a tree into the server's; e.mu is held. The forest that is served never
// changes, it is replaced.
func (e *Embedded) plant(name string, tree fs.FS) {
	trees := make(forest, len(e.trees)+1)
	for n, t := range e.trees {
		trees[n] = t
	}
	trees[name] = tree
	e.trees = trees
	e.server.SetTree(trees)
}

// Reset implements scenarios.Target.
func (e *Embedded) Reset(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trees = make(forest)
	e.server.SetTree(e.trees)
	return nil
}
