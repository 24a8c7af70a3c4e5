package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/steps/report"
)

// conclude records how a scenario ended.
func (s *suite) conclude(ctx context.Context, r *round, w *world, failed *godog.Step, err error) {
	result := s.judged(ctx, w, err)
	if failed != nil {
		result.Step = failed.Text
	}
	w.close()
	if err := w.crash.got(); err != nil { // whatever was found rests on what our code did not do
		result.Status, result.Expected, result.Actual = report.Error, "", err.Error()
	}
	result.Evidence = w.closeEvidence(result)
	r.mu.Lock()
	r.results = append(r.results, result)
	r.mu.Unlock()
	if !r.silent {
		s.tell(result)
	}
}

// judged makes a result of a scenario's error. Fail is the server's fault and needs
// proof: a server that is gone, or that has had enough of us, breaks no rule thereby,
// unless the rule is about what a server bears.
func (s *suite) judged(ctx context.Context, w *world, err error) report.Result {
	r := report.Result{
		Rule: w.rule, Over: w.over, Example: w.example, Status: report.Pass,
		Started: w.started, Took: time.Since(w.started), Events: w.events(), Known: s.known(w.rule.ID),
	}
	r.Again = s.again(w)
	var broken *violation
	var inTheWay *obstacle
	switch {
	case err == nil:
		return r
	case errors.As(err, &inTheWay):
		r.Status, r.Actual = report.Skip, inTheWay.Error()
		if inTheWay.needs != "" { // found out only now
			r.Rule.Needs = append(slices.Clip(r.Rule.Needs), string(inTheWay.needs))
		}
	case errors.Is(err, godog.ErrSkip):
		r.Status, r.Actual = report.Skip, err.Error()
	case errors.As(err, &broken):
		r.Status, r.Expected, r.Actual, r.Came = report.Fail, broken.expected, broken.actual, broken.came
	default:
		r.Status, r.Actual = report.Error, strings.TrimPrefix(err.Error(), "before scenario hook failed: ")
	}
	if r.Status == report.Skip {
		return r
	}
	if why := s.notTheServers(ctx, w, r); why != "" {
		r.Status, r.Expected, r.Actual = report.Error, "", why
	}
	return r
}

// notTheServers says why a failure is nothing to blame the server for; empty: it is.
func (s *suite) notTheServers(ctx context.Context, w *world, r report.Result) string {
	// What was cut off proves nothing, whatever it looks like.
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("the time for this scenario, or for the whole run, was over after %s", r.Took.Round(time.Second))
	case ctx.Err() != nil:
		return "interrupted"
	}
	if w.cancel == nil {
		return "" // it did not begin, and r says why
	}
	for _, e := range r.Events {
		if e.Fault == trace.LocalFailure {
			return "this machine: " + e.Detail
		}
	}
	why := s.pulse.check(ctx, w.scheme)
	if why == "" || r.Status == report.Fail && slices.Contains(w.rule.Needs, string(scenarios.Intrusive)) {
		return ""
	}
	return why
}
