package fleet

import (
	"sync"

	"github.com/fipsim/fipsim/simulator/config"
)

// maxBases bounds how many templates are known.
const maxBases = 1024

// shared makes phones hold what they have in common together: a cfg file that a server
// renders for each phone from one template is held as what differs from the first of
// them.
type shared struct {
	mu    sync.RWMutex
	bases map[uint64]*config.Cfg // by shape

	held sync.RWMutex // guards what members hold, which their answers to SIP requests need during a pass
}

// settle returns c as a phone at rest holds it. It says the same; findings were told.
func (s *shared) settle(c *config.Cfg) *config.Cfg {
	shape := c.Shape()
	s.mu.RLock()
	base := s.bases[shape]
	s.mu.RUnlock()
	if base == nil {
		base = s.add(shape, c.Trimmed())
	}
	if base == nil {
		return c.Trimmed()
	}
	if small, ok := c.Against(base); ok {
		return small
	}
	return c.Trimmed()
}

// add makes c the base of its shape; nil where there are too many. It returns the base
// that came first.
func (s *shared) add(shape uint64, c *config.Cfg) *config.Cfg {
	s.mu.Lock()
	defer s.mu.Unlock()
	if base := s.bases[shape]; base != nil {
		return base
	}
	if len(s.bases) >= maxBases {
		return nil
	}
	if s.bases == nil {
		s.bases = make(map[uint64]*config.Cfg)
	}
	s.bases[shape] = c
	return c
}
