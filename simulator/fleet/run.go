package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/wire"
)

// run is one load that is under way.
type run struct {
	Options
	began    time.Time
	members  []member
	verify   *verifier
	parser   *parser
	shared   shared
	fetchers *fetch.Shared
	spares   *spares
	paths    []wayOut // ways out of this machine
	sockets  sockets  // that phones share
	desk     *desk
	inFlight int
	// transfers has an element for each pass that may have sockets of its own; nil: all may.
	transfers chan struct{}
	shards    []*shard
	notes     notes
	health    *health
	abort     *abortWindow
	drops     drops
	slots     slots

	mu      sync.Mutex // guards what follows, which a Progress shows
	meant   uint64     // starts that were meant
	shed    uint64     // of them: the phone was not done with the pass before
	stage   int
	flying  int // passes under way
	queued  int // waiting for a permit
	powered int // the first so many phones have power

	told struct { // by the last Progress
		passes uint64
		at     time.Duration
	}
	mostFlying, mostQueued int // since the last look at the run's course

	unserved int // phones that were given up when a stage's limit was over
}

// errAborted ends a run by Options.Abort, errLimit a stage.
var (
	errAborted = errors.New("aborted")
	errLimit   = errors.New("the stage's limit is over")
)

// Run lets the fleet provision and returns what was measured. When ctx ends before, the
// Report is of what was until then. Its error is that of options that make no sense, or
// of a machine too small for them (*BudgetError); nothing was sent then.
func Run(ctx context.Context, o Options) (*Report, error) { return runOn(ctx, o, thisMachine()) }

// runOn is Run within what a machine allows.
func runOn(ctx context.Context, o Options, on machine) (*Report, error) {
	r, err := prepare(ctx, o, on)
	if err != nil {
		return nil, err
	}
	return r.whole(ctx)
}

// prepare makes a run, whose phones hold nothing yet, and opens what they share.
func prepare(ctx context.Context, o Options, on machine) (*run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	r := &run{Options: o, parser: newParser(), verify: newVerifier(o.Expect, o.Phones), spares: new(spares)}
	var err error
	if r.fetchers, err = fetch.NewShared(r.Behaviour, r.TLS); err != nil {
		return nil, err
	}
	if r.paths, err = r.openPaths(ctx); err != nil {
		return nil, err
	}
	if err := r.budget(on); err != nil {
		return nil, err
	}
	r.members = make([]member, len(o.Phones))
	for i := range r.members {
		r.members[i].fleet = &r.shared
	}
	r.makeShards()
	r.notes.init(o.Seed, o.Sample)
	r.began, r.desk = time.Now(), newDesk(r)
	if err := r.openSockets(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

// whole runs all stages, with its watchers beside.
func (r *run) whole(ctx context.Context) (*Report, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	_, sockets := r.Network.(wire.OS)
	r.health = startHealth(sockets, r.Processors)
	if r.Abort != nil {
		r.abort = newAbortWindow(*r.Abort)
	}
	r.Live.begin(r)
	stopWatching := r.watch(end)
	for i := range r.Stages {
		if ctx.Err() != nil {
			break
		}
		r.mu.Lock()
		r.stage = i
		r.powered = max(r.powered, r.Stages[i].Phones)
		r.mu.Unlock()
		r.runStage(ctx, i)
	}
	stopWatching()
	r.health.stop()
	closed := errors.Join(r.sockets.close(), r.spares.close()) // before the report: a socket tells what it lost when it is closed
	report := r.report(context.Cause(ctx))
	r.Live.end(report)
	if r.Progress != nil {
		r.Progress(r.progress(true))
	}
	return report, closed
}

// watch calls what looks at the run once a second, until the function that it returns
// is called.
func (r *run) watch(end context.CancelCauseFunc) (stop func()) {
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { r.watchSlots(done) })
	all.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if r.abort != nil && r.abort.over(time.Now()) {
				end(errAborted)
			}
			if r.Progress != nil {
				r.Progress(r.progress(false))
			}
		}
	})
	return func() {
		close(done)
		all.Wait()
	}
}
