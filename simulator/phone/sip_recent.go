package phone

import (
	"hash/maphash"
	"sync"
	"time"
)

// sipRemembered is how many answers are kept for requests that come again. In a flood
// the oldest are forgotten.
const sipRemembered = 64

// sipTimerJ is how long a request may come again over UDP: 64*T1 (RFC 3261 §17.2.2).
const sipTimerJ = 64 * sipT1

// sipRecent remembers the latest answers by what makes a request the same one again.
// The zero value is empty, and small.
type sipRecent struct {
	mu      sync.Mutex
	seed    maphash.Seed
	entries []sipAnswered // a ring once it is full
	next    int
}

type sipAnswered struct {
	key    uint64
	answer []byte
	until  time.Time
}

// find returns the answer that was given to key; nil: none, or too long ago.
func (r *sipRecent) find(key string, now time.Time) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 {
		return nil
	}
	sum := maphash.String(r.seed, key)
	for _, e := range r.entries {
		if e.key == sum && now.Before(e.until) {
			return e.answer
		}
	}
	return nil
}

// keep remembers an answer.
func (r *sipRecent) keep(key string, answer []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.entries) == 0 {
		r.seed = maphash.MakeSeed()
	}
	e := sipAnswered{maphash.String(r.seed, key), answer, now.Add(sipTimerJ)}
	if len(r.entries) < sipRemembered {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.next] = e
	r.next = (r.next + 1) % sipRemembered
}
