package phone

import (
	"errors"
	"fmt"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// errReset is why a pass breaks off that a factory reset came over.
var errReset = errors.New("factory reset")

// FactoryReset empties the phone's flash: settings and resources go, the firmware
// stays. A pass that is under way breaks off; a running phone reboots. Its error is
// that of the flash.
func (p *Phone) FactoryReset() error {
	p.mu.Lock()
	p.resets++
	if p.breakOff != nil {
		p.breakOff(errReset)
	}
	p.mu.Unlock()
	p.passing.Lock()
	defer p.passing.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.resets--
	state := State{Settings: new(config.Settings), Firmware: p.flash.Firmware}
	if err := p.options.Flash.Clear(state); err != nil {
		return fmt.Errorf("flash: %w", err)
	}
	p.become(state)
	p.known = known{}
	p.trace.Record(trace.Event{Kind: trace.FactoryReset})
	if p.life.alive() {
		p.ask(request{why: resetTrigger, reboot: "factory reset"})
	}
	return nil
}

// resetTrigger stands for a factory reset among the triggers; it never reaches a pass.
const resetTrigger = "factory-reset"
