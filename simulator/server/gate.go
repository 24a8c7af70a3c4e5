package server

import (
	"io"
	"sync"
)

// gate counts what is going on, and lets nothing more in once it is shut. The zero
// value is open.
type gate struct {
	mu   sync.Mutex
	shut bool
	wg   sync.WaitGroup
	open map[io.Closer]struct{} // what shutting closes
}

// enter reports whether the caller may begin; if so, it calls leave when it is over.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.wg.Add(1)
	return true
}

func (g *gate) leave() { g.wg.Done() }

// hold has c closed when the gate is shut, which it reports to have happened already
// by false. Let it go with release.
func (g *gate) hold(c io.Closer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	if g.open == nil {
		g.open = make(map[io.Closer]struct{})
	}
	g.open[c] = struct{}{}
	return true
}

func (g *gate) release(c io.Closer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, c)
}

// isShut reports whether the server is closing.
func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut
}

// close shuts the gate and closes what it holds.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
	for c := range g.open {
		_ = c.Close() // cut off; there is nobody to tell
	}
	g.open = nil
}

// wait returns when all that entered has left. The gate must be shut.
func (g *gate) wait() { g.wg.Wait() }
