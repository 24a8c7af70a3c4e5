package web

import (
	"fmt"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// lifeView is what the phone is doing.
type lifeView struct {
	State, Tone    string
	Since          clock
	Kept           string // the trigger that waits for the end of the pass
	Next           clock  // the next interval pass
	Server, Source string
	Lease          string
	Passes         uint64
	Reboots        int
	RebootLoop     []string
	NewFirmware    string
}

func (s *Server) lifeView() lifeView {
	now := s.options.Phone.Status()
	v := lifeView{
		State: now.State, Tone: stateTone(now.State), Since: clock(now.Since), Kept: string(now.Kept),
		Next: clock(now.NextInterval), Server: trace.Clean(now.Server), Source: sourceWords(now.Source),
		Passes: now.Passes, Reboots: now.Reboots, NewFirmware: trace.Clean(now.NewFirmware),
		RebootLoop: cleaned(now.RebootLoop),
	}
	if now.Lease.IsValid() {
		v.Lease = now.Lease.String()
	}
	return v
}

// Counts sums up how often the phone did what.
func (v lifeView) Counts() string {
	return fmt.Sprintf("%s, %s", plural(int(v.Passes), "pass", "passes"), plural(v.Reboots, "reboot", "reboots"))
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func stateTone(state string) string {
	switch state {
	case phone.StateResting:
		return "good"
	case phone.StateProvisioning, phone.StateRebooting:
		return "odd"
	default:
		return "plain"
	}
}

// sourceWords says how the server was found (Guide, "Obtaining the Provisioning Server
// Address").
func sourceWords(source string) string {
	switch source {
	case discover.SourcePnP:
		return "SIP PnP"
	case discover.SourceDHCP:
		return "DHCP option 66"
	case discover.SourceStatic:
		return "static provision"
	default:
		return trace.Clean(source)
	}
}
