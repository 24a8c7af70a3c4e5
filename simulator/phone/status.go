package phone

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// What a phone is doing, as Status.State has it.
const (
	StateOff          = "off"          // Run is not running
	StateResting      = "resting"      // waits for a trigger
	StateProvisioning = "provisioning" // in a pass
	StateRebooting    = "rebooting"    // between power-off and power-on
)

// Status is what a phone would say of itself at one moment.
type Status struct {
	State        string         // StateOff, StateResting, …
	Since        time.Time      // when State began; zero for a phone that never had power
	PoweredOn    time.Time      // when the phone had power last; zero as above
	NextInterval time.Time      // the next interval pass; zero: none
	Kept         device.Trigger // what waits for the end of the pass; empty: nothing
	Passes       uint64         // since New
	Reboots      int            // since New
	RebootLoop   []string       // settings for which the phone stopped rebooting, sorted
	Firmware     string         // that runs
	NewFirmware  string         // that runs after a reboot; empty: the same
	Source       string         // the way that named the server: pnp, dhcp, static; empty: no server is known
	Server       string         // its URL, without user info
	Lease        netip.Prefix   // the address that a DHCP server lent, with the subnet; invalid: none
}

// Status returns what the phone is doing.
func (p *Phone) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &p.life
	s := Status{
		State: l.stateNow(), Since: l.since, PoweredOn: l.poweredOn,
		Kept: l.kept.why, Passes: p.passes, Reboots: l.reboots,
		Firmware: p.id.Firmware, Source: p.known.source, Server: p.known.shown,
	}
	if l.repeat > 0 && l.alive() {
		s.NextInterval = l.next
	}
	if l.loop.told {
		s.RebootLoop = slices.Sorted(maps.Keys(l.loop.keys))
	}
	if p.flash.Firmware != p.id.Firmware {
		s.NewFirmware = p.flash.Firmware
	}
	if p.lease != nil {
		s.Lease = p.lease.address
	}
	return s
}
