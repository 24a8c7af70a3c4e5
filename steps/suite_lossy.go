package steps

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/steps/report"
)

// Where packets are lost on the way, any server looks silent or slow at times. How the way is found
// out by sounding it: a small file that the server is known to have is asked for again and again. On
// a way that loses nothing all take alike long; what is lost once is seen by its resend, which comes
// a second later or more (RFC 6298 §2.1 over TCP, 1.75 s and more over TFTP).
const (
	soundings  = 16
	lateBy     = 800 * time.Millisecond // beside four times what the quickest took
	enoughLate = 2

	fewSoundings = 5                // all of them late: the server is slow
	soundingTime = 45 * time.Second // for all of them
)

// sound returns what shows that packets are lost between us and the server, or by it; empty: nothing
// does. It asks once in a run.
func (p *pulse) sound(ctx context.Context, scheme string) string {
	turn := p.turn[scheme]
	if turn == nil {
		return ""
	}
	turn.Lock()
	defer turn.Unlock()
	p.mu.Lock()
	loses, known := p.loses[scheme]
	p.mu.Unlock()
	if known {
		return loses
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), soundingTime)
	defer cancel()
	var all []sounding
	for range soundings {
		began := time.Now()
		_ = p.probe(ctx, scheme) // silence is late, too
		now := time.Now()
		all = append(all, sounding{now.Sub(began), p.suite.stalls.awake(began, now)})
		slow := len(all) == fewSoundings && quickest(all) > lateBy // always, and so nothing can be told
		if loses = lossy(all); loses != "" || slow || ctx.Err() != nil {
			break
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loses[scheme] = loses
	return loses
}

// least is the shortest time in which a small file ever came.
func (p *pulse) least(scheme string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.quickest[scheme]
}

// served notes in what time a small file came.
func (p *pulse) served(scheme string, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if least, known := p.quickest[scheme]; !known || took < least {
		p.quickest[scheme] = took
	}
}

// sounding is what a small file took, and how much of that this machine did not stand still. The way may have taken as
// little as that, or all of it.
type sounding struct{ took, awake time.Duration }

// quickest is the shortest time in which the file came for certain.
func quickest(all []sounding) time.Duration {
	return slices.MinFunc(all, func(a, b sounding) int { return cmp.Compare(a.took, b.took) }).took
}

// lossy says what soundings show that some requests were sent again; empty: nothing does.
func lossy(all []sounding) string {
	least := quickest(all)
	isLate := func(s sounding) bool { return s.awake > 4*least+lateBy }
	// A server that is late at first, and then no more, was busy with what it was asked before.
	first := slices.IndexFunc(all, func(s sounding) bool { return !isLate(s) })
	var late []string
	for _, s := range all[first:] {
		if isLate(s) {
			late = append(late, s.awake.Round(100*time.Millisecond).String())
		}
	}
	if len(late) < enoughLate {
		return ""
	}
	return fmt.Sprintf("packets are lost on the way to the server, or by it: "+
		"one small file, asked for %d times, came within %s and only after %s",
		len(all), least.Round(100*time.Microsecond), strings.Join(late, ", "))
}

// waited reports whether a scenario was kept waiting: for an answer that did not come, or came as
// late as what is sent again does.
func waited(r report.Result) bool {
	return slices.ContainsFunc(r.Events, func(e trace.Event) bool {
		switch e.Fault {
		case trace.NoAnswer, trace.TimeUp, trace.Cancelled:
			return true
		}
		return e.Kind == trace.FetchDone && e.Took > lateBy
	})
}

// timesAgain is how often what failed is judged again where packets are lost on the way: what a server does wrong it
// does again, and what does not come again is none of its faults that could be proven.
const timesAgain = 2

// retryLossy judges what failed again where packets are lost on the way.
func (s *suite) retryLossy(ctx context.Context) {
	for over, rules := range s.pick(func(r report.Result) bool { return r.Status == report.Fail }) {
		scheme := over
		if scheme == "" {
			scheme = s.any()
		}
		if s.options.MaxRate > 0 || ctx.Err() != nil { // the limit makes some wait, too
			return
		}
		if s.pulse.gone(ctx, scheme) != nil {
			continue // its silence was proved
		}
		loses := s.pulse.sound(ctx, scheme)
		if loses != "" {
			s.excuse(over, loses)
			rules = s.stillFail(over, rules)
		}
		for range timesAgain {
			if loses == "" || len(rules) == 0 || ctx.Err() != nil {
				break
			}
			s.unproven(over, s.round(ctx, &round{over: over, rules: rules, silent: true}), loses)
			rules = s.stillFail(over, rules)
		}
	}
}

// excuse makes an Error of each failure to answer: there, silence proves nothing.
func (s *suite) excuse(over, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.results {
		if r := &s.results[i]; r.Status == report.Fail && r.Over == over && waited(*r) {
			r.Status, r.Expected, r.Actual = report.Error, "", r.Actual+"; "+why
		}
	}
}

// unproven makes an Error of each failure that did not come again.
func (s *suite) unproven(over string, later []report.Result, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range later {
		for i := range s.results {
			r := &s.results[i]
			if l.Status != report.Fail && r.Status == report.Fail && r.Over == over && r.Rule.ID == l.Rule.ID && r.Example == l.Example {
				r.Status, r.Expected, r.Actual = report.Error, "", r.Actual+"; it did not come again, and "+why
			}
		}
	}
}

// stillFail returns those of the rules that still have a failure.
func (s *suite) stillFail(over string, rules []features.Rule) []features.Rule {
	failed := s.pick(func(r report.Result) bool { return r.Status == report.Fail })[over]
	return slices.DeleteFunc(slices.Clone(rules), func(rule features.Rule) bool {
		return !slices.ContainsFunc(failed, func(f features.Rule) bool { return f.ID == rule.ID })
	})
}
