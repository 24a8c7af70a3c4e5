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
	closeEnough   = 1.1              // the rate that broke, over the one that held
	shortestTrial = 2 * time.Second  // one that is shorter says nothing
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

// Found is the highest rate at which a threshold holds.
type Found struct {
	Threshold string  `json:"threshold"`
	Rate      float64 `json:"rate"`            // the highest that held; 0: none did
	Broke     float64 `json:"broke,omitempty"` // the lowest that did not; 0: none
	First     string  `json:"first,omitempty"` // what broke first
	Ours      string  `json:"ours,omitempty"`  // why no higher rate could be tried, though the threshold held
	Trials    []Trial `json:"trials"`          // in the order in which they were made
}

// Find looks for the highest rate of Poisson arrivals at which t holds: it doubles the
// rate until t breaks, and halves the distance until the two are within a tenth. Each
// trial is a Run of its own, of phones with empty flash.
func Find(ctx context.Context, o Options, t Threshold, trial time.Duration) (*Found, error) {
	if trial < shortestTrial {
		return nil, fmt.Errorf("a trial of %s: want %s or more", trial, shortestTrial)
	}
	o.Thresholds, o.Limit = []Threshold{t}, trialLimit
	f := &Found{Threshold: t.String()}
	var best, worst *Trial
	for rate := firstRate; len(f.Trials) < maxTrials; {
		over := trial
		if most := float64(len(o.Phones)); rate*over.Seconds() > most {
			over = time.Duration(most / rate * float64(time.Second))
		}
		if over < shortestTrial {
			f.Ours = fmt.Sprintf("%d phones last for less than %s at %.0f a second: take more", len(o.Phones), shortestTrial, rate)
			break
		}
		o.Stages = []Stage{{Arrival: "poisson", Phones: max(int(rate*over.Seconds()), 1), Over: over}}
		r, err := Run(ctx, o)
		if err != nil {
			return nil, err
		}
		if r.Ended != "done" {
			return f, ctx.Err()
		}
		f.Trials = append(f.Trials, Trial{rate, r.Thresholds[0], r.Invalid, r})
		this := f.Trials[len(f.Trials)-1]
		if this.held() {
			f.Rate, best = rate, &this
		} else {
			f.Broke, worst = rate, &this
		}
		if f.Broke > 0 && (f.Rate == 0 || f.Broke/f.Rate <= closeEnough) {
			break
		}
		if rate = 2 * f.Rate; f.Broke > 0 {
			rate = (f.Rate + f.Broke) / 2
		}
	}
	f.conclude(best, worst)
	return f, nil
}

// conclude says what broke first.
func (f *Found) conclude(best, worst *Trial) {
	if worst == nil {
		return
	}
	if len(worst.Invalid) > 0 {
		f.Ours = strings.Join(worst.Invalid, "; ")
		return
	}
	f.First = first(best, worst)
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
		word := "held"
		if !t.held() {
			word = "broke"
		}
		s.line("  %8.1f a second  %-5s  %s: %s", t.Rate, word, t.Judged.Threshold, t.Judged.Shown)
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
