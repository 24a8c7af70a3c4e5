package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps/report"
)

// Options says what is judged, and how.
type Options struct {
	Target    scenarios.Target
	Rules     []string         // rule ids; empty: all
	Behaviour device.Behaviour // of the phones that judge
	Network   wire.Network     // nil: wire.OS{}
	Seed      int64            // order and canaries; 0: by the clock
	Side      int              // scenarios side by side; 0: 8
	Progress  func(report.Result)
}

// suite is one run.
type suite struct {
	options Options
	seed    int64

	shared shared // what several scenarios look at

	mu      sync.Mutex
	next    uint64          // MACs and canaries given out
	once    map[string]bool // ids of rules that were judged, of those that are judged once
	results []report.Result
}

// Run judges o.Target by every rule that its capabilities allow. Its error is the
// harness's own; what the rules found is in the report.
func Run(ctx context.Context, o Options) (*report.Run, error) {
	s := &suite{options: o, seed: o.Seed}
	if s.seed == 0 {
		s.seed = rand.Int64N(1<<31) + 1
	}
	rules, err := selected(o.Rules)
	if err != nil {
		return nil, err
	}
	run := &report.Run{Target: o.Target.Name(), Started: time.Now(), Seed: s.seed}
	for _, scheme := range schemes {
		if err := s.judge(ctx, scheme, rules); err != nil {
			return nil, err
		}
	}
	run.Took, run.Results = time.Since(run.Started), s.results
	return run, errors.Join(o.Target.Reset(context.WithoutCancel(ctx)))
}

// schemes are the protocols, in the order in which they are judged.
var schemes = []string{"tftp", "ftp", "http", "https"}

// selected returns the rules with these ids; all where there are none.
func selected(ids []string) ([]features.Rule, error) {
	all := features.Rules()
	if len(ids) == 0 {
		return all, nil
	}
	var chosen []features.Rule
	for _, id := range ids {
		i := slices.IndexFunc(all, func(r features.Rule) bool { return strings.EqualFold(r.ID, id) })
		if i < 0 {
			return nil, verdict.Usagef("there is no rule %q", id)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// judge runs the rules that apply to a protocol.
func (s *suite) judge(ctx context.Context, scheme string, rules []features.Rule) error {
	var tags []string
	var files []godog.Feature
	for _, r := range rules {
		if !s.applies(r, scheme) || !r.Each && !s.first(r) {
			continue
		}
		tags = append(tags, "@"+r.ID)
		if !slices.ContainsFunc(files, func(f godog.Feature) bool { return f.Name == r.File }) {
			body, err := fs.ReadFile(features.FS(), r.File)
			if err != nil {
				return err
			}
			files = append(files, godog.Feature{Name: r.File, Contents: body})
		}
	}
	if len(tags) == 0 {
		return nil
	}
	side := s.options.Side
	if side == 0 {
		side = 8
	}
	godog.TestSuite{
		Name:                "fipsim",
		ScenarioInitializer: func(sc *godog.ScenarioContext) { s.initialize(sc, scheme) },
		Options: &godog.Options{
			Format: "progress", Output: io.Discard, NoColors: true, Strict: true,
			FeatureContents: files, Tags: strings.Join(tags, ","), Concurrency: side, DefaultContext: ctx,
		},
	}.Run() // its status says only whether all passed; the results say more
	return nil
}

// applies reports whether a rule is judged over a protocol: a rule that is judged over
// each over those that it needs, all where it needs none; any other over the first that
// it needs, or that the target has.
func (s *suite) applies(r features.Rule, scheme string) bool {
	can := s.options.Target.Capabilities()
	if !slices.Contains(can, scenarios.Capability(scheme)) {
		return false
	}
	needsOther, needsThis := false, false
	for _, need := range r.Needs {
		if !slices.Contains(can, scenarios.Capability(need)) {
			return false
		}
		needsThis = needsThis || need == scheme
		needsOther = needsOther || need != scheme && slices.Contains(schemes, need)
	}
	return needsThis || !needsOther
}

// first reports whether a rule that is judged once is yet to be judged.
func (s *suite) first(r features.Rule) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.once == nil {
		s.once = make(map[string]bool)
	}
	done := s.once[r.ID]
	s.once[r.ID] = true
	return !done
}

// initialize gives a scenario its world and its steps.
func (s *suite) initialize(sc *godog.ScenarioContext, scheme string) {
	started := time.Now()
	w := s.newWorld(scheme)
	var failed *godog.Step
	sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) {
		return context.WithValue(ctx, worldKey{}, w), nil
	})
	sc.StepContext().After(func(ctx context.Context, st *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err != nil && failed == nil {
			failed = st
		}
		return ctx, nil
	})
	sc.After(func(ctx context.Context, scenario *godog.Scenario, err error) (context.Context, error) {
		s.conclude(w, scenario, failed, err, started)
		return ctx, nil
	})
	for _, steps := range nouns {
		steps(sc)
	}
}

// newWorld makes the world of one scenario, with a MAC and a canary of its own.
func (s *suite) newWorld(scheme string) *world {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return &world{
		suite: s, scheme: scheme,
		mac:    firstMAC.Add(uint64(s.seed)%1000*1000 + s.next),
		canary: fmt.Sprintf("canary-%d-%d", s.seed, s.next),
	}
}

// firstMAC begins the range that phones of the suite come from: Flyingvoice's OUI, far
// from any that a server's maker would use in an example.
var firstMAC = device.MAC{0x00, 0x21, 0xf2, 0xe0, 0x00, 0x00}

// conclude records how a scenario ended.
func (s *suite) conclude(w *world, scenario *godog.Scenario, failed *godog.Step, err error, started time.Time) {
	r := report.Result{Rule: ruleOf(scenario), Over: w.scheme, Status: report.Pass, Started: started, Took: time.Since(started), Events: w.events()}
	if scenario.Name != r.Rule.Title {
		r.Example = scenario.Name // of an outline, whose name says what varies
	}
	var broken *violation
	var inTheWay *obstacle
	switch {
	case err == nil:
	case errors.As(err, &inTheWay):
		r.Status, r.Actual = report.Skip, inTheWay.Error()
	case errors.As(err, &broken):
		r.Status, r.Expected, r.Actual = report.Fail, broken.expected, broken.actual
	default:
		r.Status, r.Actual = report.Error, err.Error()
	}
	if failed != nil {
		r.Step = failed.Text
	}
	s.mu.Lock()
	s.results = append(s.results, r)
	s.mu.Unlock()
	if s.options.Progress != nil {
		s.options.Progress(r)
	}
}

// ruleOf finds a scenario's rule by its id.
func ruleOf(scenario *godog.Scenario) features.Rule {
	for _, tag := range scenario.Tags {
		for _, r := range features.Rules() {
			if tag.Name == "@"+r.ID {
				return r
			}
		}
	}
	return features.Rule{Title: scenario.Name}
}

func (s *suite) network() wire.Network {
	if s.options.Network == nil {
		return wire.OS{}
	}
	return s.options.Network
}

// harness is an error of ours: nothing can be said of the server.
func harness(format string, args ...any) error {
	return &verdict.Error{Err: fmt.Errorf(format, args...)}
}
