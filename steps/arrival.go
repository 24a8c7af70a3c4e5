package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fipsim/fipsim/simulator/fetch"
)

// arrival is a file as it comes in. It is given up when nothing more comes: a server
// that stands still is told apart from one that is slow.
type arrival struct {
	body  bytes.Buffer
	limit time.Duration
	timer *time.Timer
	ctx   context.Context //nolint:containedctx // that of the fetch, whose cause tells how it ended
}

// errStoodStill is why a fetch was cancelled.
var errStoodStill = errors.New("nothing more came")

// arrive fetches a file. Its error is Fetch's.
func arrive(ctx context.Context, get fetch.Fetcher, r fetch.Request, limit time.Duration) (*arrival, error) {
	return arriveIn(ctx, get, r, limit, limit)
}

// arriveIn is arrive with a limit of its own for the beginning of the file.
func arriveIn(ctx context.Context, get fetch.Fetcher, r fetch.Request, first, limit time.Duration) (*arrival, error) {
	within, cancel := context.WithTimeout(ctx, wholeFile)
	defer cancel()
	within, giveUp := context.WithCancelCause(within)
	defer giveUp(nil)
	a := &arrival{limit: limit, ctx: within}
	a.timer = time.AfterFunc(first, func() { giveUp(errStoodStill) })
	defer a.timer.Stop()
	r.Body = a
	_, err := get.Fetch(within, r)
	return a, err
}

// Write implements io.Writer.
func (a *arrival) Write(p []byte) (int, error) {
	a.timer.Reset(a.limit)
	return a.body.Write(p)
}

// stood reports whether the fetch was given up.
func (a *arrival) stood() bool { return errors.Is(context.Cause(a.ctx), errStoodStill) }

// standstill says where it was given up. began is whether the server said anything.
func (a *arrival) standstill(limit time.Duration, began bool) string {
	if !began {
		return fmt.Sprintf("no answer for %s", limit)
	}
	return fmt.Sprintf("nothing more came for %s, after %d bytes", limit, a.body.Len())
}
