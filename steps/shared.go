package steps

import "sync"

// shared is what several scenarios of a run look at and one of them makes: big files
// are published and fetched once, and a server's silence is waited for once.
type shared struct {
	mu   sync.Mutex
	made map[string]func() (any, error)
}

// share returns what look returned when it was first called for this key. Scenarios
// that come meanwhile wait.
func share[T any](s *shared, key string, look func() (T, error)) (T, error) {
	s.mu.Lock()
	once := s.made[key]
	if once == nil {
		once = sync.OnceValues(func() (any, error) { return look() })
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
