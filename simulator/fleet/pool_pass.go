package fleet

import (
	"context"
	"sync"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Pass is what became of one pass of a Member.
type Pass struct {
	Outcome device.Outcome
	Fault   trace.Code // why it failed; LocalFailure: this machine did, not the server
	Err     error      // the same for a person, without secrets
	Took    time.Duration
	Server  string // its URL without user info; empty: none was found

	Steps   []Step // discovery, each file, the merge: in their order
	Resends int    // packets that were sent again after silence

	Settings *config.Settings       // what the phone holds now; not to be changed
	Findings []config.Finding       // what the phone suffers silently
	Wrong    []scenarios.Difference // from what it must hold; nil where nothing is expected, or it was not served
}

// OK reports whether the phone was served, and holds what it must.
func (p *Pass) OK() bool { return p.Outcome.OK() && len(p.Wrong) == 0 }

// Step is a part of a pass that was measured.
type Step struct {
	Stage    string        // one of Stages
	Name     string        // the file; of discovery, the way
	Protocol string        // the scheme; empty for discovery and merge
	Outcome  string        // found, done, missing, failed, applied
	Fault    trace.Code    // why it failed
	Bytes    int64         // of a file
	Took     time.Duration //
}

// Provision lets the phone provision once. What became of it is in Pass, failures
// included.
func (m *Member) Provision(ctx context.Context, why device.Trigger) *Pass {
	p, err := m.awake, error(nil)
	m.awake = nil
	if p == nil {
		if p, err = m.wake(); err != nil {
			return &Pass{Outcome: device.Failed, Fault: trace.LocalFailure, Err: err, Settings: m.held()}
		}
	}
	m.watch.begin(m.options.MAC)
	began := time.Now()
	outcome, err := p.Provision(ctx, why)
	pass := &Pass{Outcome: outcome, Fault: phone.FaultOf(err), Err: err, Took: time.Since(began), Settings: p.Settings()}
	m.known = p.Known()
	if ours(err) {
		pass.Fault = trace.LocalFailure
	}
	last := p.Last()
	pass.Server, pass.Findings = last.Server, last.Findings
	pass.Steps, pass.Resends = m.watch.end()
	if e := m.options.Expect; e != nil && outcome.OK() {
		pass.Wrong = e.Compare(pass.Settings, m.options.MAC)
	}
	return pass
}

// held is what the phone holds at rest.
func (m *Member) held() *config.Settings {
	s, _ := m.Load() // from memory: it has no error
	return s.Settings
}

// watch is a Member's trace.Sink: it makes steps of the events of a pass.
type watch struct {
	mu      sync.Mutex
	names   sink // tells a file's stage by its name; its shard is not used
	steps   []Step
	resends int
}

// begin forgets the pass before.
func (w *watch) begin(mac device.MAC) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names.begin(mac)
	w.steps, w.resends = nil, 0
}

// end returns what was measured since begin.
func (w *watch) end() ([]Step, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.steps, w.resends
}

// Record implements trace.Sink.
func (w *watch) Record(e trace.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.steps) >= maxEvents {
		return
	}
	switch e.Kind {
	case trace.SourceFound:
		w.steps = append(w.steps, Step{Stage: StageDiscovery, Name: e.Name, Outcome: "found", Took: e.Took})
	case trace.FetchRequest:
		w.resends += min(1, max(0, e.Attempt-1))
	case trace.FetchDone:
		w.file(e, "done")
	case trace.FetchMissing:
		w.file(e, "missing")
	case trace.FetchFailed:
		w.file(e, "failed")
	case trace.ConfigApplied:
		w.names.applied = true
		if at := w.names.fetched; !at.IsZero() {
			w.steps = append(w.steps, Step{Stage: StageMerge, Outcome: "applied", Took: e.At.Sub(at)})
		}
	}
}

// file is the end of one file.
func (w *watch) file(e trace.Event, outcome string) {
	w.names.fetched = e.At
	step := Step{
		Stage: w.names.stageOf(e.Name), Name: e.Name, Protocol: scheme(e.URL), Outcome: outcome, Bytes: e.Bytes, Took: e.Took}
	if outcome == "failed" {
		step.Fault = e.Fault
	}
	w.steps = append(w.steps, step)
}
