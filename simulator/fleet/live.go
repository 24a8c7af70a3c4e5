package fleet

import "sync"

// Live is a window on loads that are under way, for those who look from other
// goroutines. The zero value is ready; a nil one shows nothing.
type Live struct {
	mu     sync.Mutex
	run    *run
	last   *Report
	search *Found
}

// Report returns the load as it is now, or the last one as it ended; nil before the
// first. Its histograms are not encoded while it is under way. What it costs grows with
// the number of phones: once a second is enough.
func (l *Live) Report() *Report {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	run, last := l.run, l.last
	l.mu.Unlock()
	if run == nil {
		return last
	}
	return run.look()
}

// Search returns the search that is under way, with the trials that were made until
// now, without their reports; nil where there is none.
func (l *Live) Search() *Found {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.search
}

func (l *Live) begin(r *run) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run = r
}

func (l *Live) end(r *Report) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.run, l.last = nil, r
}

// found shows a copy of a search.
func (l *Live) found(f *Found) {
	if l == nil {
		return
	}
	c := *f
	c.Trials = make([]Trial, len(f.Trials))
	for i, t := range f.Trials {
		t.Report = nil
		c.Trials[i] = t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.search = &c
}
