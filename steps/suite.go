package steps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps/report"
)

// Options says what is judged, and how.
type Options struct {
	Target    scenarios.Target
	Rules     []string         // rule ids, FIP-CONT-001#3 for the third row of one; empty: all
	Tags      string           // a tag expression, see Plan; empty: all
	Behaviour device.Behaviour // of the phones that judge
	Network   wire.Network     // nil: wire.Shared()
	Seed      int64            // order, MACs and canaries; 0: by chance
	Side      int              // scenarios side by side; 0: 8
	MaxRate   float64          // requests a second, all phones together; 0: no limit
	Limit     time.Duration    // for one scenario; 0: five minutes

	Scenarios []*scenarios.Scenario // of the user's own, judged beside the rules
	Known     []report.Known        // failures that are known
	Strict    bool                  // see report.Run
	Evidence  string                // a folder: what is left of each failed scenario; empty: nothing is
	Version   string                // of the program, for the report

	// Command is the command line that judges this target, for the line that repeats a
	// failure. It holds no password.
	Command string

	// Started is told of what will be judged, before the first scenario.
	Started func([]Planned)
	// Progress is told of each result as it comes, by one goroutine at a time.
	Progress func(report.Result)
}

// suite is one run.
type suite struct {
	options Options
	seed    int64
	rules   []features.Rule  // chosen
	rows    map[string][]int // of them, see chooseRows
	sources sources          // where their text is
	net     wire.Network
	side    *semaphore.Weighted
	pulse   pulse
	slow    []string // schemes, PnP, DHCP that serve one client at a time: known after the first phase
	stalls  stalls

	shared shared // what several scenarios look at

	mu       sync.Mutex
	results  []report.Result
	troubles []error  // of our own, beside the judgement
	ends     []func() // what several scenarios used is given back
}

// defaultSide is how many scenarios go on side by side: most of their time they wait.
const defaultSide = 8

// Run judges o.Target by every rule that was chosen and that its capabilities allow.
// Its error is the caller's (a *verdict.Usage, without a report) or the harness's own (a
// *verdict.Error, beside the report); what was found is in the report. When ctx ends the
// run stops, and its report says so.
func Run(ctx context.Context, o Options) (*report.Run, error) {
	s, err := newSuite(o)
	if err != nil {
		return nil, err
	}
	run := &report.Run{
		Target: o.Target.Name(), Started: time.Now(), Seed: s.seed, Strict: o.Strict,
		Capabilities: s.capabilities(), Selected: selection(o), Command: s.command(), Version: o.Version,
	}
	if l, ok := o.Target.(scenarios.Located); ok {
		run.URLs = bare(l.URLs())
	}
	plan := s.plan()
	if o.Started != nil {
		o.Started(plan)
	}
	watched := s.stalls.watch()
	s.start(ctx, plan)
	s.judgeAll(ctx, plan)
	s.end()
	watched()
	run.Took, run.Results = time.Since(run.Started), s.results
	run.Stopped = s.pulse.stopped(ctx)
	resetting, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := o.Target.Reset(resetting); err != nil {
		s.trouble(fmt.Errorf("cleaning up: %w", err))
	}
	if len(s.troubles) > 0 {
		return run, &verdict.Error{Err: errors.Join(s.troubles...)}
	}
	return run, nil
}

// newSuite checks the options.
func newSuite(o Options) (*suite, error) {
	s := &suite{options: o, seed: o.Seed, net: o.Network}
	if s.seed == 0 {
		s.seed = rand.Int64N(1<<31) + 1
	}
	if s.net == nil {
		s.net = wire.Shared()
	}
	if o.MaxRate > 0 {
		s.net = NewLimited(s.net, o.MaxRate)
	}
	s.side = semaphore.NewWeighted(int64(s.width()))
	s.pulse.suite, s.shared.stalls = s, &s.stalls
	var err error
	if s.sources, err = newSources(o.Scenarios); err != nil {
		return nil, err
	}
	if s.rules, err = s.sources.choose(o.Rules, o.Tags); err == nil {
		s.rows, err = s.sources.chooseRows(o.Rules)
	}
	return s, err
}

// width is how many scenarios go on side by side.
func (s *suite) width() int {
	if s.options.MaxRate > 0 {
		return 1 // whoever waits for a turn would wait longer, and nothing would be quicker
	}
	return cmp.Or(s.options.Side, defaultSide)
}

// network is what the phones of the run use.
func (s *suite) network() wire.Network { return s.net }

// firstTag is on rules that say whether a server serves several clients at once: what
// is judged beside something else rests on that.
const firstTag = "@first"

// lastTag is on rules that may leave a server that breaks them without life: they are
// judged when all others have been.
const lastTag = "@last"

// phases of a run: what says whether anything may go on beside something else, then what
// goes on side by side, then what goes on alone, then what may be a server's end.
const phases = 4

// phase is when a rule is judged.
func phase(r features.Rule) int {
	switch {
	case slices.Contains(r.Tags, firstTag):
		return 0
	case slices.Contains(r.Tags, aloneTag):
		return 2
	case slices.Contains(r.Tags, lastTag):
		return 3
	}
	return 1
}

// judgeAll judges what is planned, phase by phase; then once more, one after the other,
// what met a busy server or a standstill of our own machine, and what depends on an
// option with that option's other values.
func (s *suite) judgeAll(ctx context.Context, plan []Planned) {
	s.skip(plan)
	var all sync.WaitGroup
	for now := range phases {
		if now == 1 {
			s.slowDown(ctx)
			all.Go(func() { s.judgeScenarios(ctx, plan) })
		}
		for _, over := range append([]string{""}, schemes...) {
			var rules []features.Rule
			for _, p := range plan {
				if p.Skip == "" && p.Over == over && !p.own() && phase(p.Rule) == now {
					rules = append(rules, p.Rule)
				}
			}
			all.Go(func() { s.add(s.round(ctx, &round{over: over, rules: rules})...) })
		}
		all.Wait()
	}
	s.retryBusy(ctx)
	s.retryStalled(ctx)
	s.retryLossy(ctx)
	s.tryAlternatives(ctx)
}

// add records results that nobody was told of yet.
func (s *suite) add(results ...report.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results = append(s.results, results...)
}

// skip records what is planned to be skipped.
func (s *suite) skip(plan []Planned) {
	for _, p := range plan {
		if p.Skip == "" {
			continue
		}
		r := report.Result{Rule: p.Rule, Over: p.Over, Status: report.Skip, Actual: p.Skip, Started: time.Now(), Known: s.known(p.Rule.ID)}
		s.add(r)
		s.tell(r)
	}
}

// atEnd has f called when all is judged.
func (s *suite) atEnd(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, f)
}

// end calls what atEnd was given.
func (s *suite) end() {
	s.mu.Lock()
	ends := s.ends
	s.ends = nil
	s.mu.Unlock()
	for _, f := range slices.Backward(ends) {
		f()
	}
}

// trouble notes an error of our own.
func (s *suite) trouble(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = append(s.troubles, err)
}

// tell reports progress.
func (s *suite) tell(r report.Result) {
	if s.options.Progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.Progress(r)
}

// known returns the --known entry of a rule; nil where there is none.
func (s *suite) known(id string) *report.Known {
	i := slices.IndexFunc(s.options.Known, func(k report.Known) bool { return strings.EqualFold(k.Rule, id) })
	if i < 0 {
		return nil
	}
	return &s.options.Known[i]
}

// bare are URLs without user info.
func bare(urls []*url.URL) []string {
	texts := make([]string, len(urls))
	for i, u := range urls {
		texts[i] = trace.URL(u)
	}
	return texts
}

// stoppedBy says why a context ended.
func stoppedBy(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time for the whole run is over"
	}
	return "interrupted"
}

// harness is an error of ours: nothing can be said of the server.
func harness(format string, args ...any) error {
	return &verdict.Error{Err: fmt.Errorf(format, args...)}
}
