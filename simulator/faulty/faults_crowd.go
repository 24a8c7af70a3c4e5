package faulty

import (
	"sync"
	"time"
)

// crowdFaults are about what becomes of files when many phones ask at once, or one asks
// again.
func crowdFaults() []spec {
	return []spec{
		{"crowd-refused", "tftp http https", OneAtATime, "FIP-MANY-002",
			"while more than a hundred phones ask, the rest get an error: a pool of connections to a database", crowdRefused},
		{"crowd-truncated", "tftp http ftp", MixedUp, "FIP-MANY-003",
			"while many phones ask, a file for all of them ends early now and then: a buffer that is shared", crowdTruncated},
		{"stale-length", "tftp http ftp", Stale, "FIP-CONT-022",
			"a file that has changed has the length that it had when it was first asked for", staleLength},
		{"again-from-middle", "http tftp", Truncated, "FIP-CONT-015",
			"a file of more than 60,000 bytes begins in its middle for who asks second: a handle that is kept and not rewound",
			againFromMiddle},
	}
}

// presence counts the phones of the last seconds by their files. The zero value works.
type presence struct {
	mu     sync.Mutex
	recent map[string]time.Time
	asked  int
}

// presentFor is how long a phone counts.
const presentFor = 5 * time.Second

// see notes whose file is asked for, and returns how many phones there are and how many
// requests there were.
func (p *presence) see(name string) (phones, asked int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.recent == nil {
		p.recent = make(map[string]time.Time)
	}
	if macFor(name) && len(p.recent) < mostCounted {
		p.recent[macIn(name)] = now
	}
	for mac, at := range p.recent {
		if now.Sub(at) > presentFor {
			delete(p.recent, mac)
		}
	}
	p.asked++
	return len(p.recent), p.asked
}

func crowdRefused(b *behaviour) {
	const most = 120
	answering(func(next answerer) answerer {
		var p presence
		return func(r request) reply {
			if phones, _ := p.see(r.name); phones > most && macFor(r.name) {
				if r.scheme == "tftp" {
					return tftpCode(0)
				}
				return reply{code: 500}
			}
			return next(r)
		}
	})(b)
}

func crowdTruncated(b *behaviour) {
	const many, each = 50, 10
	answering(func(next answerer) answerer {
		var p presence
		return func(r request) reply {
			right := next(r)
			phones, asked := p.see(r.name)
			if right.found && phones > many && macIn(r.name) == "" && asked%each == 0 {
				right.body = right.body[:len(right.body)/2]
			}
			return right
		}
	})(b)
}

// staleLength cuts a file to its first length, or fills it up with NULs.
func staleLength(b *behaviour) {
	answering(func(next answerer) answerer {
		var first latest
		return func(r request) reply {
			right := next(r)
			if !right.found || len(right.body) > 4<<20 {
				return right
			}
			body := make([]byte, len(first.first(r.name, right.body)))
			copy(body, right.body)
			right.body = body
			return right
		}
	})(b)
}

func againFromMiddle(b *behaviour) {
	const least = 60_000
	answering(func(next answerer) answerer {
		var asked counter
		return func(r request) reply {
			right := next(r)
			if right.found && len(right.body) > least && asked.add(r.name)%2 == 0 {
				right.body = right.body[len(right.body)/2:]
			}
			return right
		}
	})(b)
}
