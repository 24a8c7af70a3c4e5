package phone

import (
	"context"
	"fmt"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// apply writes what the pass read to flash: "the phone resolves the configuration
// files and resource files [...], and then updates the configurations and resource
// files to the phone flash" (Guide, "Resolving and Updating Configurations").
// Settings that no file mentioned stay.
func (s *pass) apply(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err // nothing is applied by halves
	}
	s.findAll(s.settings.Check(s.id, s.behaviour))
	s.checkLife()
	changed := s.settings.Diff(s.held)
	if err := s.phone.store(s.settings); err != nil {
		return &Error{trace.LocalFailure, fmt.Sprintf("flash: %v", err)}
	}
	s.report.Changed = changed // only now: what flash did not take is no change
	s.trace.Record(trace.Event{
		Kind: trace.ConfigApplied, Bytes: int64(len(s.report.Changed)),
		Detail: fmt.Sprintf("%d settings held, %d of them changed by this pass", s.settings.Len(), len(s.report.Changed)),
	})
	return nil
}

// checkLife finds what the settings say of the phone's own life and the phone cannot
// obey.
func (s *pass) checkLife() {
	_, odd := readProfile(s.settings)
	s.findAll(odd)
	rule, _ := either(s.settings, serverURL)
	if u, err := config.ParseURL(rule.Value, s.id.MAC, s.behaviour.Macros == "on"); err == nil && s.phone.mayAsk(u) != nil {
		s.find(config.Finding{File: rule.File, Line: rule.Line, Kind: config.BadURL, Count: 1,
			Text: rule.Key + ": a file: URL from the network is refused; the phone goes on with the server that it has"})
	}
}

// store makes settings the phone's own, on its flash first. What somebody typed in
// meanwhile stays.
func (p *Phone) store(settings *config.Settings) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.flash
	state.Settings = typedOver(settings, p.typed...)
	if err := p.options.Flash.Store(state); err != nil {
		return err
	}
	p.become(state)
	return nil
}

// noteReboot tells which settings wait for a reboot, "for example, network
// configurations" (Guide, "Resolving and Updating Configurations").
func (s *pass) noteReboot() {
	for _, change := range s.report.Changed {
		if config.NeedsReboot(change.Key) {
			s.report.Reboot = append(s.report.Reboot, change.Key)
		}
	}
	if s.report.Firmware != "" {
		now, _ := either(s.settings, firmwareURL)
		s.report.Reboot = append(s.report.Reboot, now.Key)
	}
	if len(s.report.Reboot) > 0 {
		s.trace.Record(trace.Event{Kind: trace.RebootNeeded, Detail: strings.Join(s.report.Reboot, ", ")})
	}
}
