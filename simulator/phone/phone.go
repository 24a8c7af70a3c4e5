// Package phone is the virtual FIP phone: its flash, the provisioning pass, and what
// it does with what it downloaded. A phone at rest is a struct, with no goroutine and
// no socket of its own.
package phone

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Options makes a phone. The zero value works: the default phone, with empty flash in
// memory, that knows no way of finding a server.
type Options struct {
	Identity  device.Identity
	Behaviour device.Behaviour
	Network   wire.Network  // nil: wire.OS{}
	Trace     *trace.Stream // this phone's, which its finders record into too; nil: discards
	TLS       fetch.TLS
	Flash     Flash // nil: in memory

	// Finders are the ways of finding the server that this phone has, by the name
	// that the option source_order uses. (The real phone has PnP and DHCP switched
	// on; a simulated one has only what it is given.)
	Finders map[string]discover.Finder
}

// Phone is one virtual phone. Its methods may be called from several goroutines;
// passes run one after the other.
type Phone struct {
	options Options
	trace   *trace.Stream

	passing sync.Mutex // held during a pass

	mu     sync.Mutex
	flash  State
	passes uint64
	last   Pass
}

// New returns a phone that holds what its flash holds. Its error is that of the
// flash, or of certificates that cannot be read.
func New(o Options) (*Phone, error) {
	o.Identity = o.Identity.WithDefaults()
	o.Behaviour = o.Behaviour.WithDefaults()
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	if o.Trace == nil {
		o.Trace = trace.NewStream(o.Identity.MAC, nil)
	}
	if o.Flash == nil {
		o.Flash = new(Memory)
	}
	if _, err := fetch.New(fetch.Options{TLS: o.TLS}); err != nil {
		return nil, err
	}
	held, err := o.Flash.Load()
	if err != nil {
		return nil, fmt.Errorf("flash: %w", err)
	}
	return &Phone{options: o, trace: o.Trace, flash: held}, nil
}

// Identity returns what the phone tells about itself.
func (p *Phone) Identity() device.Identity { return p.options.Identity }

// Settings returns what the phone holds. It is not to be changed.
func (p *Phone) Settings() *config.Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flash.Settings
}

// Last returns the report of the latest pass; the zero Pass before the first.
func (p *Phone) Last() Pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// Provision runs one pass for the reason given (Guide, "Auto Provisioning Process")
// and returns how it ended. Its error is nil for Provisioned and Unchanged; else an
// *fetch.Error, a *discover.Error or an *Error says why. After an error the phone
// holds what it held before.
func (p *Phone) Provision(ctx context.Context, why device.Trigger) (device.Outcome, error) {
	p.passing.Lock()
	defer p.passing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, p.options.Behaviour.PassTime)
	defer cancel()

	s, err := p.begin(why)
	if err != nil {
		return device.Failed, err
	}
	err = s.run(ctx)
	return p.end(s, err), err
}

// begin starts the record of a pass and opens its fetcher.
func (p *Phone) begin(why device.Trigger) (*pass, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passes++
	p.trace.BeginPass(p.passes)
	p.trace.Record(trace.Event{Kind: trace.PassStart, Detail: string(why)})
	files, err := fetch.New(fetch.Options{
		Identity:  p.options.Identity,
		Behaviour: p.options.Behaviour,
		Network:   p.options.Network,
		Trace:     p.trace,
		TLS:       p.options.TLS,
	})
	if err != nil {
		return nil, err
	}
	settings := p.flash.Settings.Clone()
	settings.Compact() // what earlier passes overrode is history
	settings.Blank = p.options.Behaviour.Blank
	return &pass{
		phone:     p,
		id:        p.options.Identity,
		behaviour: p.options.Behaviour,
		trace:     p.trace,
		files:     files,
		held:      p.flash.Settings,
		settings:  settings,
		named:     make(map[string]bool),
		report:    Pass{Number: p.passes, Trigger: why, Start: time.Now()},
	}, nil
}

// end closes the pass, keeps its report and returns its outcome.
func (p *Phone) end(s *pass, err error) device.Outcome {
	_ = s.files.Close() // the files are here already
	s.report.Outcome = outcome(s.report, err)
	s.report.Err = err
	s.report.Took = time.Since(s.report.Start)
	p.trace.Record(trace.Event{
		Kind: trace.PassDone, Detail: string(s.report.Outcome), Took: s.report.Took, Fault: FaultOf(err),
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = s.report
	return s.report.Outcome
}

func outcome(r Pass, err error) device.Outcome {
	switch {
	case err == nil && len(r.Changed) > 0:
		return device.Provisioned
	case err == nil:
		return device.Unchanged
	case FaultOf(err) == trace.NothingToDo, FaultOf(err) == trace.NoServer:
		return device.NothingFound
	default:
		return device.Failed
	}
}
