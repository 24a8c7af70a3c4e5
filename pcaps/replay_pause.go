package pcaps

import (
	"context"
	"net/url"
	"path"
	"slices"
	"time"
)

// pauses let a simulated phone ask for each file when the captured one did, counted from
// its first. What takes longer now is not waited for; resends have the gaps of the phone's
// own options, whatever the speed.
type pauses struct {
	files []pausedFile // in the order of the capture
	speed float64
	start time.Time // of the first file; zero: not yet
}

type pausedFile struct {
	name  string // without its folder: a live server may have another
	after time.Duration
}

// newPauses takes the first requests of a pass; speed is more than 0.
func newPauses(p *Phone, speed float64) *pauses {
	out := &pauses{speed: speed}
	var first time.Time
	moved := make(map[string]bool)
	for _, a := range newStory(p).fetches {
		if len(a.requests) == 0 || moved[a.url] { // a redirect is followed, not asked for
			continue
		}
		moved[a.moved] = true
		asked := a.requests[0].At
		if first.IsZero() {
			first = asked
		}
		out.files = append(out.files, pausedFile{baseName(a.name), sinceOf(first, asked)})
	}
	return out
}

// before waits until it is time for a file. One that the captured phone did not ask for
// is asked for at once. It is called by one goroutine.
func (p *pauses) before(ctx context.Context, u *url.URL) {
	if p.start.IsZero() {
		p.start = time.Now()
	}
	i := slices.IndexFunc(p.files, func(f pausedFile) bool { return f.name == path.Base(u.Path) })
	if i < 0 {
		return
	}
	after := p.files[i].after
	p.files = slices.Delete(p.files, i, i+1)
	wait := time.NewTimer(time.Until(p.start.Add(time.Duration(float64(after) / p.speed))))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}
