package steps

import (
	"sync"
	"time"
)

// shared is what several scenarios of a run look at and one of them makes: big files
// are published and fetched once, and a server's silence is waited for once.
type shared struct {
	mu     sync.Mutex
	made   map[string]func() (any, error)
	stalls *stalls // nil: this machine never stands still
}

// share returns what look saw when it was first called for this key. Scenarios that
// come meanwhile wait. What was seen while this machine stood still is for them, and not
// for those who come later.
func share[T any](s *shared, key string, look func() (T, error)) (T, error) {
	return keep(s, key, func() (T, error) {
		from := time.Now()
		value, err := look()
		if s.stalls != nil && s.stalls.longest(from, time.Now()) > 0 {
			s.mu.Lock()
			delete(s.made, key)
			s.mu.Unlock()
		}
		return value, err
	})
}

// keep is share for what is had, not seen: it is there until the run's end.
func keep[T any](s *shared, key string, get func() (T, error)) (T, error) {
	s.mu.Lock()
	once := s.made[key]
	if once == nil {
		once = sync.OnceValues(func() (any, error) { return get() })
		if s.made == nil {
			s.made = map[string]func() (any, error){}
		}
		s.made[key] = once
	}
	s.mu.Unlock()
	value, err := once()
	made, _ := value.(T)
	return made, err
}
