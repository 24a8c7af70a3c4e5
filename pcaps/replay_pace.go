package pcaps

import (
	"context"
	"slices"
	"sync"
	"time"
)

// mostAtOnce bounds the phones that provision again at the same time.
const mostAtOnce = 1000

// pace calls do for each pass: one after the other, those that wait for answers that never come beside them, or, with a
// speed, side by side, each when it began in the capture. Its error is that of ctx.
func (o ReplayOptions) pace(ctx context.Context, passes []pass, do func(i int)) error {
	room := make(chan struct{}, mostAtOnce)
	var all sync.WaitGroup
	defer all.Wait()
	beside := func(i int) {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			do(i)
		})
	}
	if o.Speed <= 0 {
		for i, p := range passes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if p.answers != nil && o.Server == "" && p.answers.waits() {
				beside(i)
			} else {
				do(i)
			}
		}
		return nil
	}
	order := make([]int, len(passes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return passes[a].began().Compare(passes[b].began()) })
	start, first := time.Now(), passes[order[0]].began()
	for _, i := range order {
		after := time.Duration(float64(passes[i].began().Sub(first)) / o.Speed)
		wait := time.NewTimer(time.Until(start.Add(after)))
		select {
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-wait.C:
		}
		beside(i)
	}
	return nil
}

// began is when the captured pass asked for its first file.
func (p pass) began() time.Time {
	if len(p.Events) == 0 {
		return time.Time{}
	}
	return p.Events[0].At
}
