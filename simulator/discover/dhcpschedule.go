package discover

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// backoff is the retransmission schedule: "the delay before the first retransmission
// SHOULD be 4 seconds randomized by the value of a uniform random number chosen from
// the range -1 to +1. […] The retransmission delay SHOULD be doubled with subsequent
// retransmissions up to a maximum of 64 seconds" (RFC 2131 §4.1). The zero value
// begins at 4 s.
type backoff struct{ base time.Duration }

const (
	backoffFirst = 4 * time.Second
	backoffMost  = 64 * time.Second
)

func (b *backoff) next() time.Duration {
	b.base = min(max(2*b.base, backoffFirst), backoffMost)
	return b.base - time.Second + rand.N(2*time.Second)
}

// collect hands the replies that come within wait to take, until take has what it
// wants. It reports whether it has; an error is take's, or the context's.
func collect(ctx context.Context, tx Transaction, wait time.Duration, take func(Packet) (bool, error)) (bool, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-tx.Replies():
			if !ok {
				return false, errTransportClosed
			}
			if done, err := take(p); done || err != nil {
				return done, err
			}
		case <-timer.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// sleep waits for d; its error is the context's.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin opens a transaction with a fresh random ID.
func begin(t Transport, mac device.MAC) (xid uint32, tx Transaction, err error) {
	const tries = 8 // that two phones choose the same is one chance in 2^32
	for range tries {
		xid = rand.Uint32()
		if tx, err = t.Begin(xid, mac); !errors.Is(err, ErrTaken) {
			break
		}
	}
	return xid, tx, err
}
