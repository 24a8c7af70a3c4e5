package steps

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/steps/report"
)

// round is one way through some rules over one protocol.
type round struct {
	over      string
	rules     []features.Rule
	alone     bool              // one scenario after the other
	behaviour *device.Behaviour // of the phones; nil: that of the options
	silent    bool              // nobody is told of progress

	mu      sync.Mutex
	results []report.Result
}

// aloneTag is on rules that nothing else may go on beside: they look at how fast a
// server is, or how much it bears.
const aloneTag = "@alone"

// round runs the scenarios of some rules and returns how they ended.
func (s *suite) round(ctx context.Context, r *round) []report.Result {
	if len(r.rules) == 0 {
		return nil
	}
	tags := make([]string, len(r.rules))
	for i, rule := range r.rules {
		tags[i] = "@" + rule.ID
	}
	godog.TestSuite{
		Name:                "fipsim",
		ScenarioInitializer: func(sc *godog.ScenarioContext) { s.initialize(sc, r) },
		Options: &godog.Options{
			Format: "progress", Output: io.Discard, NoColors: true, Strict: true, Randomize: s.seed,
			FeatureContents: s.sources.contents(r.rules), Tags: strings.Join(tags, ","),
			Concurrency: s.width(), DefaultContext: ctx,
		},
	}.Run() // its status says only whether all passed; the results say more
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results
}

// initialize gives a scenario its steps, and its world when its turn comes.
func (s *suite) initialize(sc *godog.ScenarioContext, r *round) {
	var w *world
	var failed *godog.Step
	var failure error
	sc.Before(func(ctx context.Context, scenario *godog.Scenario) (context.Context, error) {
		if !s.isChosen(scenario) {
			w = nil
			return ctx, godog.ErrSkip
		}
		w = s.newWorld(scenario, r)
		ctx, err := w.open(ctx)
		return context.WithValue(ctx, worldKey{}, w), err
	})
	sc.StepContext().After(func(ctx context.Context, st *godog.Step, _ godog.StepResultStatus, err error) (context.Context, error) {
		if err != nil && failure == nil {
			failed, failure = st, err
		}
		return ctx, nil
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
		if failure == nil {
			failure = err
		}
		if w != nil {
			s.conclude(ctx, r, w, failed, failure)
		}
		return ctx, nil
	})
	for _, steps := range nouns {
		steps(catalogue{scenario: sc})
	}
}

// isChosen reports whether a scenario is one of the rows that are to be judged.
func (s *suite) isChosen(scenario *godog.Scenario) bool {
	rows := s.rows[s.sources.ruleOf(scenario).ID]
	return len(rows) == 0 || slices.Contains(rows, s.sources.places[keyOf(scenario)])
}

// open waits for the scenario's turn, and begins its evidence. Its error says why the
// scenario is not judged.
func (w *world) open(ctx context.Context) (context.Context, error) {
	s := w.suite
	weight := int64(1)
	if w.solo {
		weight = int64(s.width())
	}
	if err := s.side.Acquire(ctx, weight); err == nil {
		w.release = func() { s.side.Release(weight) }
	}
	w.started = time.Now()
	if err := s.pulse.gone(ctx, w.scheme); err != nil {
		return ctx, err
	}
	limit := s.options.Limit
	if limit == 0 {
		limit = 5 * time.Minute
	}
	ctx, w.cancel = context.WithTimeout(ctx, limit)
	return ctx, w.openEvidence()
}

// close ends what open began.
func (w *world) close() {
	w.talks.close()
	if w.cancel != nil {
		w.cancel()
	}
	if w.release != nil {
		w.release()
	}
}

// newWorld makes the world of one scenario.
func (s *suite) newWorld(scenario *godog.Scenario, r *round) *world {
	key := keyOf(scenario)
	number := s.sources.numbers[key]*(len(schemes)+1) + slices.Index(schemes, r.over) + 1
	w := &world{
		suite: s, scheme: r.over, over: r.over, rule: s.sources.ruleOf(scenario),
		example: s.sources.rows[key], row: s.sources.rows[key], nth: s.sources.places[key],
		mac:       s.block(number),
		canary:    fmt.Sprintf("canary-%d-%d", s.seed, number),
		behaviour: s.options.Behaviour,
		crash:     new(crash),
	}
	if scenario.Name != w.rule.Title {
		w.example = scenario.Name // of an outline, whose name says what varies
	}
	if r.over == "" {
		w.scheme = s.any()
	}
	if r.behaviour != nil {
		w.behaviour = *r.behaviour
	}
	w.solo = r.alone || slices.Contains(w.rule.Tags, aloneTag) || slices.Contains(w.rule.Tags, firstTag) || s.isSlow(w)
	return w
}

// firstMAC begins the range that phones of the suite come from: Flyingvoice's OUI, far
// from any that a server's maker would use in an example. Its 2^21 addresses are given
// out in blocks, one a scenario: the same in every run with the same seed, whatever else
// is judged and in whatever order.
var firstMAC = device.MAC{0x00, 0x21, 0xf2, 0xe0, 0x00, 0x00}

const (
	blockSize = 256     // phones of one scenario
	macs      = 1 << 21 // from firstMAC to the OUI's end
)

// block returns the first MAC of a scenario's block.
func (s *suite) block(number int) device.MAC {
	blocks := int64(macs / blockSize)
	n := (s.seed%blocks + int64(number)) % blocks
	return firstMAC.Add(uint64(n) * blockSize)
}
