package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// Bounds of a search for the highest rate.
const (
	firstRate     = 10.0             // passes a second
	maxTrials     = 40               //
	closeEnough   = 1.05             // the rate that broke, over the one that held
	shortestTrial = 2 * time.Second  // one that is shorter says nothing
	shortestRest  = time.Second      // after a trial that broke
	trialLimit    = 30 * time.Second // after the last start of a trial
)

// DefaultTrial is how long phones arrive in one trial where nobody says.
const DefaultTrial = 10 * time.Second

// Trial is one rate that was tried.
type Trial struct {
	Rate    float64  `json:"rate"` // phones that mean to start, a second
	Judged  Judged   `json:"judged"`
	Invalid []string `json:"invalid,omitempty"`
	Report  *Report  `json:"report"`
}

// held reports whether the threshold held, and every phone was provisioned.
func (t *Trial) held() bool { return t.Judged.Held && t.Report.Wrong == 0 && len(t.Invalid) == 0 }

// Found is the highest rate at which a threshold holds. It is made to be written as JSON:
// format fipsim-find.
type Found struct {
	Format    string  `json:"format"`  // fipsim-find
	Version   int     `json:"version"` // 1
	Ended     string  `json:"ended"`   // done, interrupted; running, of a Live
	Threshold string  `json:"threshold"`
	Trying    float64 `json:"trying,omitempty"` // the rate of the trial that is under way
	Rate      float64 `json:"rate"`             // the highest that held; 0: none did
	Broke     float64 `json:"broke,omitempty"`  // the lowest that did not; 0: none
	First     string  `json:"first,omitempty"`  // what broke first
	Ours      string  `json:"ours,omitempty"`   // why no higher rate could be tried, though the threshold held
	Trials    []Trial `json:"trials"`           // in the order in which they were made
}

// Find looks for the highest rate of Poisson arrivals at which t holds: it doubles the
// rate until t breaks, and halves the distance until the two are within a twentieth. What
// broke there is tried once more, so that one hiccup does not decide. Each trial is a Run
// of its own, of phones with empty flash.
func Find(ctx context.Context, o Options, t Threshold, trial time.Duration) (*Found, error) {
	if trial < shortestTrial {
		return nil, fmt.Errorf("a trial of %s: want %s or more", trial, shortestTrial)
	}
	o.Thresholds, o.Limit = []Threshold{t}, trialLimit
	s := &search{options: o, trial: trial}
	s.Found = Found{Format: FormatFound, Version: FormatVersion, Ended: "running", Threshold: t.String(), Trials: []Trial{}}
	for rate := firstRate; rate > 0 && len(s.Trials) < maxTrials && s.Ours == ""; rate = s.next() {
		s.Trying = rate
		o.Live.found(&s.Found)
		err := s.try(ctx, rate)
		if err == nil {
			err = s.rest(ctx, rate)
		}
		if err != nil {
			s.Ended, s.Trying = "interrupted", 0
			o.Live.found(&s.Found)
			return &s.Found, err
		}
	}
	s.Ended, s.Trying = "done", 0
	s.conclude()
	o.Live.found(&s.Found)
	return &s.Found, nil
}

// search is a Found in the making.
type search struct {
	Found
	options Options
	trial   time.Duration

	best      *Trial   // of the highest rate that held
	broken    []*Trial // the lowest rate last
	confirmed bool     // it broke twice
}

// try makes one trial. Its error is that of ctx where it ended before.
func (s *search) try(ctx context.Context, rate float64) error {
	over := s.trial
	if most := float64(len(s.options.Phones)); rate*over.Seconds() > most {
		over = time.Duration(most / rate * float64(time.Second))
	}
	if over < shortestTrial {
		s.Ours = fmt.Sprintf("%d phones last for less than %s at %.0f a second: take more", len(s.options.Phones), shortestTrial, rate)
		return nil
	}
	o := s.options
	o.Stages = []Stage{{Arrival: "poisson", Phones: max(int(rate*over.Seconds()), 1), Over: over}}
	r, err := Run(ctx, o)
	if err != nil {
		return err
	}
	if r.Ended != "done" {
		return context.Cause(ctx)
	}
	this := &Trial{rate, r.Thresholds[0], r.Invalid, r}
	s.Trials = append(s.Trials, *this)
	s.add(this)
	s.lean()
	return nil
}

// rest lets a server that bore the last trial's rate badly get over it: what it still
// has in its queues must not decide the next one. It waits as long as the slowest phones
// had to.
func (s *search) rest(ctx context.Context, rate float64) error {
	w := s.worst()
	if w == nil || w.Rate != rate || s.confirmed {
		return nil
	}
	wait := shortestRest
	for _, l := range w.Report.Latencies {
		if l.Stage == StagePass {
			wait = max(wait, l.P99)
		}
	}
	timer := time.NewTimer(min(wait, trialLimit))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// add draws the conclusion from a trial.
func (s *search) add(t *Trial) {
	last := len(s.broken) - 1
	again := last >= 0 && s.broken[last].Rate == t.Rate
	switch {
	case t.held() && again: // it was a hiccup
		s.broken, s.confirmed = s.broken[:last], false
		s.Rate, s.best = t.Rate, t
	case t.held():
		s.Rate, s.best = t.Rate, t
	case again:
		s.broken[last], s.confirmed = t, true
	default:
		s.broken, s.confirmed = append(s.broken, t), false
	}
}

// worst is the trial of the lowest rate that broke; nil for none.
func (s *search) worst() *Trial {
	if len(s.broken) == 0 {
		return nil
	}
	return s.broken[len(s.broken)-1]
}

// lean throws away single phones and the course of trials that do not matter any more.
func (s *search) lean() {
	for i := range s.Trials {
		r := s.Trials[i].Report
		if w := s.worst(); (s.best == nil || r != s.best.Report) && (w == nil || r != w.Report) {
			r.Samples, r.Slowest, r.Course = nil, nil, nil
		}
	}
}

// next is the rate to try next; 0 where it is found.
func (s *search) next() float64 {
	w := s.worst()
	switch {
	case w == nil:
		return 2 * s.Rate
	case s.Rate > 0 && w.Rate/s.Rate > closeEnough:
		return (s.Rate + w.Rate) / 2
	case !s.confirmed:
		return w.Rate
	}
	return 0
}

// conclude says where the search ended, and what broke first.
func (s *search) conclude() {
	w := s.worst()
	if w == nil {
		return
	}
	s.Broke = w.Rate
	switch {
	case s.Ours != "":
	case len(w.Invalid) > 0:
		s.Ours = strings.Join(w.Invalid, "; ")
	default:
		s.First = first(s.best, w)
	}
}

// first compares a trial that broke with one that held, nil for none: the stage that
// became slower by the largest factor, and what failed.
func first(best, worst *Trial) string {
	var words []string
	before := make(map[string]time.Duration)
	if best != nil {
		for _, l := range best.Report.Latencies {
			before[l.Stage] = max(before[l.Stage], l.P99)
		}
	}
	slowest, factor := "", 0.0
	for _, l := range worst.Report.Latencies {
		was := before[l.Stage]
		if slices.Contains([]string{StagePass, StageService, StageServed, StageLate, StageMerge}, l.Stage) || best != nil && was == 0 {
			continue
		}
		if by := float64(l.P99) / float64(max(was, time.Millisecond)); by > factor {
			factor = by
			slowest = fmt.Sprintf("%s took %s (p99)", l.Stage, round(l.P99))
			if best != nil {
				slowest += fmt.Sprintf(" after %s", round(was))
			}
		}
	}
	if slowest != "" {
		words = append(words, slowest)
	}
	return strings.Join(append(words, ranked(worst.Report.Errors)...), ", ")
}

// Summary writes what was found for a person.
func (f *Found) Summary(w io.Writer) error {
	s := &lines{w: w}
	for _, t := range f.Trials {
		word, why := "held", ""
		switch {
		case len(t.Invalid) > 0:
			word, why = "invalid", "; "+strings.Join(t.Invalid, "; ")
		case !t.held():
			word = "broke"
		}
		s.line("  %8.1f a second  %-7s  %s: %s%s", t.Rate, word, t.Judged.Threshold, t.Judged.Shown, why)
	}
	switch {
	case f.Rate == 0:
		s.line("%s holds at no rate that was tried", f.Threshold)
	case f.Broke == 0 || f.Ours != "":
		s.line("%s holds at %.1f phones a second or more", f.Threshold, f.Rate)
	default:
		s.line("%s holds up to %.1f phones a second, and breaks at %.1f", f.Threshold, f.Rate, f.Broke)
	}
	if f.First != "" {
		s.line("  broke first: %s", f.First)
	}
	if f.Ours != "" {
		s.line("  this machine: %s", f.Ours)
	}
	return s.err
}

// Verdict returns nil where a highest rate was found, a *verdict.Fail where none held,
// and a *verdict.Error where this machine ended the search.
func (f *Found) Verdict() error {
	switch {
	case f.Ours != "":
		return &verdict.Error{Err: errors.New(f.Ours)}
	case f.Rate == 0:
		return &verdict.Fail{Err: fmt.Errorf("%s holds at no rate that was tried", f.Threshold)}
	}
	return nil
}
