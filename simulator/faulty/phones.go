package faulty

import (
	"path"
	"sync"
	"time"
)

// mixedUp serves to some of many phones what the phone before was served.
func mixedUp(b *behaviour) {
	const many, each = 50, 10
	answering(func(next answerer) answerer {
		var (
			mu     sync.Mutex
			recent = make(map[string]time.Time)
			before reply
			n      int
		)
		return func(r request) reply {
			right := next(r)
			if !right.found || !cfg(r.name) || !macFor(r.name) {
				return right
			}
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			recent[macIn(r.name)] = now
			if len(recent) > many {
				for mac, at := range recent {
					if now.Sub(at) > 5*time.Second {
						delete(recent, mac)
					}
				}
			}
			other := before
			before = right
			if n++; len(recent) > many && n%each == 0 && other.found {
				return other
			}
			return right
		}
	})(b)
}

// hashed keeps what it made for each phone for a moment, by the last two digits of the
// MAC without the very last.
func hashed(b *behaviour) {
	answering(func(next answerer) answerer {
		type made struct {
			at   time.Time
			body []byte
		}
		var mu sync.Mutex
		cache := make(map[string]made)
		return func(r request) reply {
			right := next(r)
			mac := macIn(r.name)
			if !right.found || !cfg(r.name) || !macFor(r.name) {
				return right
			}
			mu.Lock()
			defer mu.Unlock()
			key := path.Dir(r.name) + mac[len(mac)-2:len(mac)-1]
			if m, ok := cache[key]; ok && time.Since(m.at) < 20*time.Millisecond {
				return found(m.body)
			}
			cache[key] = made{time.Now(), right.body}
			return right
		}
	})(b)
}

// stale serves what a file was when it was first asked for.
func stale(which selector) func(*behaviour) {
	return answering(func(next answerer) answerer {
		var read latest
		return func(r request) reply {
			right := next(r)
			if right.found && which(r.name) {
				right.body = read.first(r.name, right.body)
			}
			return right
		}
	})
}

// staleOnce serves what a file was when it was asked for before.
func staleOnce(b *behaviour) {
	answering(func(next answerer) answerer {
		var read latest
		return func(r request) reply {
			right := next(r)
			if right.found {
				if old := read.swap(r.name, right.body); old != nil {
					right.body = old
				}
			}
			return right
		}
	})(b)
}

func staleMiss(b *behaviour) {
	answering(func(next answerer) answerer {
		var missed counter
		return func(r request) reply {
			right := next(r)
			if missed.count(r.name) > 0 {
				return miss
			}
			if !right.found {
				missed.add(r.name)
			}
			return right
		}
	})(b)
}

func staleGone(b *behaviour) {
	answering(func(next answerer) answerer {
		var read latest
		return func(r request) reply {
			right := next(r)
			if right.found {
				read.swap(r.name, right.body)
				return right
			}
			if old := read.first(r.name, nil); old != nil {
				return found(old)
			}
			return right
		}
	})(b)
}
