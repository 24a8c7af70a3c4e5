package pcaps

import (
	"slices"
	"sync"

	"github.com/fipsim/fipsim/simulator/config"
)

// reading remembers how cfg files read: phones have the same ones, or such as a server
// made of one template. Its zero value remembers nothing yet.
type reading struct {
	mu        sync.Mutex
	known     map[*byte]*config.Cfg // by the first byte of the body: equal bodies are kept once
	bytes     int                   // of the bodies in known
	templates []*config.Template    // the last ones
}

// What is remembered at most.
const (
	maxKnown      = 64
	maxKnownBytes = 4 << 20
	maxTemplates  = 4
)

// cfg reads a cfg file, as config.ParseCfg; nil where nothing can be said of it. A nil
// reading reads everything anew.
func (r *reading) cfg(name string, body []byte) *config.Cfg {
	if r == nil || len(body) == 0 {
		return parseCfg(name, body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if c, ok := r.known[&body[0]]; ok {
		if c != nil && c.Name != name {
			c = c.Named(name)
		}
		return c
	}
	for _, t := range r.templates {
		if c, ok := t.ParseCfg(name, body); ok {
			return c
		}
	}
	c := parseCfg(name, body)
	r.remember(body, c)
	return c
}

// remember keeps what was read for the next phone.
func (r *reading) remember(body []byte, c *config.Cfg) {
	if len(r.known) >= maxKnown || r.bytes+len(body) > maxKnownBytes || r.known == nil {
		r.known, r.bytes = make(map[*byte]*config.Cfg), 0
	}
	r.known[&body[0]] = c
	r.bytes += len(body)
	if c == nil || len(body) > maxKnownBytes {
		return
	}
	if t, ok := config.NewTemplate(c); ok {
		r.templates = slices.Insert(r.templates[:min(len(r.templates), maxTemplates-1)], 0, t)
	}
}

func parseCfg(name string, body []byte) *config.Cfg {
	c, err := config.ParseCfg(name, body)
	if c == nil || err != nil && len(c.Findings) == 0 {
		return nil
	}
	return c
}
