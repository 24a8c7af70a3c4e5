package trace

import (
	"context"
	"fmt"
)

// Match picks events; nil picks every one.
type Match func(Event) bool

// OfKind matches the events of any of these kinds.
func OfKind(kinds ...Kind) Match {
	return func(e Event) bool {
		for _, k := range kinds {
			if e.Kind == k {
				return true
			}
		}
		return false
	}
}

// Wait returns the first event, recorded already or yet to come, that m picks. It
// returns the context's error when that comes first.
func (r *Recorder) Wait(ctx context.Context, m Match) (Event, error) {
	seen := 0
	for {
		r.mu.Lock()
		if r.more == nil {
			r.more = make(chan struct{})
		}
		news, more := r.events[seen:], r.more
		seen = len(r.events)
		r.mu.Unlock()
		for _, e := range news {
			if m == nil || m(e) {
				return e, nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Event{}, fmt.Errorf("no such event among %d: %w", seen, ctx.Err())
		}
	}
}
