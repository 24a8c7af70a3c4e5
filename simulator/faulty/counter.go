package faulty

import (
	"regexp"
	"sync"
)

// mostCounted bounds what a counter remembers.
const mostCounted = 100_000

// counter counts by key. The zero value works.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

// add counts one more and returns how many that makes.
func (c *counter) add(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil || len(c.n) >= mostCounted {
		c.n = make(map[string]int)
	}
	c.n[key]++
	return c.n[key]
}

func (c *counter) count(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[key]
}

// latest remembers a body by key. The zero value works.
type latest struct {
	mu sync.Mutex
	by map[string][]byte
}

// first returns what was remembered first for a key: body where nothing was.
func (l *latest) first(key string, body []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old, ok := l.by[key]; ok {
		return old
	}
	if l.by == nil || len(l.by) >= mostCounted {
		l.by = make(map[string][]byte)
	}
	l.by[key] = body
	return body
}

// get returns what is remembered.
func (l *latest) get(key string) ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, ok := l.by[key]
	return body, ok
}

// swap remembers body and returns what was remembered before; nil: nothing.
func (l *latest) swap(key string, body []byte) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := l.by[key]
	if l.by == nil || len(l.by) >= mostCounted {
		l.by = make(map[string][]byte)
	}
	l.by[key] = body
	return old
}

var macPattern = regexp.MustCompile(`(?i)[0-9a-f]{12}`)

// macIn returns the first MAC in a name; empty: there is none.
func macIn(name string) string { return macPattern.FindString(name) }
