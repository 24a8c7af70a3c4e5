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
	most int // answers; 0: sipRemembered

	mu      sync.Mutex
	seed    maphash.Seed
	entries []sipAnswered  // a ring once it is full
	at      map[uint64]int // where in entries the latest of a key is
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
	at, ok := r.at[maphash.String(r.seed, key)]
	if !ok || !now.Before(r.entries[at].until) {
		return nil
	}
	return r.entries[at].answer
}

// keep remembers an answer.
func (r *sipRecent) keep(key string, answer []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	most := r.most
	if most == 0 {
		most = sipRemembered
	}
	if len(r.entries) == 0 {
		r.seed, r.at = maphash.MakeSeed(), make(map[uint64]int)
	}
	e := sipAnswered{maphash.String(r.seed, key), answer, now.Add(sipTimerJ)}
	if len(r.entries) < most {
		r.entries = append(r.entries, sipAnswered{})
		r.next = len(r.entries) - 1
	} else if old := r.entries[r.next].key; r.at[old] == r.next {
		delete(r.at, old)
	}
	r.entries[r.next], r.at[e.key] = e, r.next
	r.next = (r.next + 1) % most
}
