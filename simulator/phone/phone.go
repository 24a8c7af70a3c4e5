// Package phone is the virtual FIP phone: its flash, the provisioning pass, and what
// it does with what it downloaded. A phone at rest is a struct, with no goroutine and
// no socket of its own; Run gives it power.
package phone

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
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
	Network   wire.Network  // nil: wire.Shared()
	Trace     *trace.Stream // this phone's, which its finders record into too; nil: discards
	TLS       fetch.TLS
	Flash     Flash // nil: in memory

	// Finders are the ways of finding the server that this phone has, by the name
	// that the option source_order uses. (The real phone has PnP and DHCP switched
	// on; a simulated one has only what it is given.)
	Finders map[string]discover.Finder

	// Attach is what has power when the phone has.
	Attach []Attachment

	// Parser reads boot and cfg files; nil: package config. Phones that are given one in
	// common can share what they read.
	Parser Parser

	// Shared is what the phone's fetchers have in common with other phones'; nil: made of
	// Behaviour and TLS. Where it is given, it decides and those two are not looked at.
	Shared *fetch.Shared

	// Known is the server that the phone knows since it was powered on, as Phone.Known
	// told; zero: none. With it a phone at rest can be put away, and made again from
	// its flash.
	Known Known

	// ForwardedFor is told to web servers in X-Forwarded-For, for phones that share an
	// address and are to look as many; invalid: not told, as by a real phone.
	ForwardedFor netip.Addr

	// BeforeFetch is called before the phone asks for a file, as fetch.Options.Before;
	// nil: it asks at once.
	BeforeFetch func(ctx context.Context, u *url.URL)

	// Repeat is the time between interval passes, whatever the settings say; 0: they
	// decide, and without them it is 3600 s.
	Repeat time.Duration
}

// Phone is one virtual phone. Its methods may be called from several goroutines;
// passes run one after the other.
type Phone struct {
	options Options
	trace   *trace.Stream

	passing sync.Mutex // held during a pass

	mu        sync.Mutex
	id        device.Identity // Firmware is what runs now
	flash     State
	passes    uint64
	last      Pass
	life      life
	known     known                   // the server, once it is known
	lease     *heldLease              // nil: none
	ruleTyped bool                    // Finders' static URL counts more than that in flash
	typed     []*config.Cfg           // typed in during the pass that is under way
	breakOff  context.CancelCauseFunc // ends it; nil between passes
	resets    int                     // factory resets that wait for its end
}

// New returns a phone that holds what its flash holds. Its error is that of the
// flash, of certificates that cannot be read, or of a User-Agent that no header can carry.
func New(o Options) (*Phone, error) {
	o.Identity = o.Identity.WithDefaults()
	if o.Network == nil {
		o.Network = wire.Shared()
	}
	if o.Trace == nil {
		o.Trace = trace.NewStream(o.Identity.MAC, nil)
	}
	if o.Flash == nil {
		o.Flash = new(Memory)
	}
	held, err := o.Flash.Load()
	if err != nil {
		return nil, fmt.Errorf("flash: %w", err)
	}
	if held.Firmware != "" {
		o.Identity.Firmware = held.Firmware
	}
	if o.Shared == nil {
		if o.Shared, err = fetch.NewShared(o.Behaviour, o.TLS); err != nil {
			return nil, err
		}
	}
	o.Behaviour, o.TLS = o.Shared.Behaviour(), o.Shared.TLS()
	if _, err := o.Shared.Agent(o.Identity); err != nil {
		return nil, err
	}
	if o.Parser == nil {
		o.Parser = plainParser{}
	}
	return &Phone{options: o, trace: o.Trace, id: o.Identity, flash: held, ruleTyped: true, known: o.Known.known()}, nil
}

// Identity returns what the phone tells about itself.
func (p *Phone) Identity() device.Identity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.id
}

// Behaviour returns how the phone behaves where the guide is silent, defaults filled in.
func (p *Phone) Behaviour() device.Behaviour { return p.options.Behaviour }

// Network returns the network that the phone is on.
func (p *Phone) Network() wire.Network { return p.options.Network }

// Trace returns the phone's stream of events, for what is attached to it.
func (p *Phone) Trace() *trace.Stream { return p.trace }

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

	ctx, breakOff := context.WithCancelCause(ctx)
	defer breakOff(nil)

	s := p.begin(why, breakOff)
	err := s.run(ctx)
	return p.end(s, err), err
}

// begin starts the record of a pass.
func (p *Phone) begin(why device.Trigger, breakOff context.CancelCauseFunc) *pass {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.breakOff, p.typed = breakOff, nil
	if p.resets > 0 {
		breakOff(errReset)
	}
	if p.life.running {
		p.life.become(StateProvisioning)
	}
	p.passes++
	p.trace.BeginPass(p.passes)
	p.trace.Record(trace.Event{Kind: trace.PassStart, Detail: string(why)})
	settings := p.flash.Settings.Clone()
	settings.Compact() // what earlier passes overrode is history
	settings.Blank = p.options.Behaviour.Blank
	return &pass{
		phone:     p,
		id:        p.id,
		behaviour: p.options.Behaviour,
		trace:     p.trace,
		held:      p.flash.Settings,
		settings:  settings,
		report:    Pass{Number: p.passes, Trigger: why, Start: time.Now()},
	}
}

// end closes the pass, keeps its report and returns its outcome.
func (p *Phone) end(s *pass, err error) device.Outcome {
	if s.files != nil {
		_ = s.files.Close() // the files are here already
	}
	s.report.Outcome = outcome(s.report, err)
	s.report.Err = err
	s.report.Took = time.Since(s.report.Start)
	p.trace.Record(trace.Event{
		Kind: trace.PassDone, Detail: string(s.report.Outcome), Took: s.report.Took, Fault: FaultOf(err),
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trace.BeginPass(0)
	p.breakOff, p.typed = nil, nil
	if p.life.running {
		p.life.become(StateResting)
	}
	p.last = s.report
	return s.report.Outcome
}

func outcome(r Pass, err error) device.Outcome {
	switch {
	case err == nil && len(r.Changed) > 0:
		return device.Provisioned
	case err == nil:
		return device.Unchanged
	case FaultOf(err) == trace.NothingFound, FaultOf(err) == trace.NoServer:
		return device.NothingFound
	default:
		return device.Failed
	}
}
