package pcaps

import (
	"fmt"
	"net/netip"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ruleRegister: what a phone was given does not let it register. That is not
// provisioning, and is why nobody can call it.
func ruleRegister(s *story) []Diagnosis {
	last := make(map[string]Event) // by address-of-record
	asked := make(map[string][]Event)
	var order []string
	for _, e := range s.p.Events {
		switch e.Kind { //nolint:exhaustive // registrations alone
		case trace.RegisterRequest:
			if asked[e.Name] == nil {
				order = append(order, e.Name)
			}
			asked[e.Name] = append(asked[e.Name], e)
		case trace.RegisterAnswer, trace.RegisterDone, trace.RegisterFailed, trace.RegisterOff:
			last[e.Name] = e
		}
	}
	var all []Diagnosis
	for _, name := range order {
		e, requests := last[name], asked[name]
		d := Diagnosis{rank: 65, Frames: framesOf(requests...), Filter: s.filter("sip", netip.Addr{})}
		switch {
		case e.Kind == trace.RegisterFailed && e.Fault == trace.Unauthorized:
			d.Cause = LoginRefused
			d.Text = fmt.Sprintf("%s does not let %s register: %s to the phone's credentials", e.Peer, name, e.Detail)
			d.Next = "Compare account.N.user_name, the authentication name and the password in the cfg files with the registrar's."
		case e.Kind == trace.RegisterFailed:
			d.Cause, d.Side = ServerFailed, Open
			d.Text = fmt.Sprintf("%s does not let %s register: %s", e.Peer, name, e.Detail)
			d.Next = "Is that account known to the registrar? Look into its log."
		case e.Kind == "" && s.ended(requests[0].At) > patience:
			d.Cause, d.rank = NoAnswer, 66
			d.Text = fmt.Sprintf("no registrar answered at %s for %s, %s", requests[0].Peer, name, times(len(requests), "request"))
			d.Next = "Is that the SIP server, and does it run? Look at account.N.sip_server_host in the cfg files."
		default:
			continue
		}
		if e.Frame > 0 {
			d.Frames = append(d.Frames, e.Frame)
		}
		all = append(all, d)
	}
	return all
}
