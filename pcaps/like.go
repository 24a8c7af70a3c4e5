package pcaps

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Like returns the options that make a simulated phone do as this one did, where the
// capture shows it and the default is another: by name and value, in order.
func (p *Phone) Like() []Fact {
	s := newStory(p)
	var all []Fact
	set := func(name, value string) {
		var b device.Behaviour
		if value == "" || b.Set(name, value) != nil || (device.Behaviour{}).Get(name) == value {
			return
		}
		if !slices.ContainsFunc(all, func(f Fact) bool { return f.Name == name }) {
			all = append(all, Fact{name, value})
		}
	}
	p.likeFinding(s, set)
	p.likeFetching(s, set)
	p.likeAgent(set)
	return all
}

// behaviour is Like as the simulated phone takes it.
func (p *Phone) behaviour() device.Behaviour {
	var b device.Behaviour
	for _, f := range p.Like() {
		_ = b.Set(f.Name, f.Value) // Like has tried it
	}
	return b
}

// likeFinding takes what its DHCP and PnP messages show.
func (p *Phone) likeFinding(s *story, set func(name, value string)) {
	for _, e := range s.events[trace.DHCPDiscover] {
		set("dhcp_vendor_class", e.Fact("dhcp.option.60"))
		set("dhcp_parameters", e.Fact("dhcp.option.55"))
		set("dhcp_hostname", e.Fact("dhcp.option.12"))
		if id := e.Fact("dhcp.option.61"); id != "01"+p.MAC.String() {
			set("dhcp_client_id", cmp.Or(id, "none"))
		}
	}
	for _, e := range s.events[trace.PnPSubscribe] {
		set("pnp_event", e.Fact("sip.event"))
	}
}

// likeFetching takes what its requests show.
func (p *Phone) likeFetching(s *story, set func(name, value string)) {
	if len(s.fetches) > 0 {
		bare := s.fetches[0].file() == p.MAC.String()
		switch dhcp := s.named("DHCP") && !s.named("PnP"); {
		case bare && !dhcp:
			set("probe_bare_mac", "always")
		case !bare && dhcp:
			set("probe_bare_mac", "never")
		}
	}
	for _, a := range s.fetches {
		for i, e := range a.requests {
			set("tftp_blksize", e.Fact("tftp.option.blksize"))
			set("tftp_timeout", e.Fact("tftp.option.timeout"))
			if i > 0 && a.scheme() == "tftp" && e.Attempt == 2 {
				gap := e.At.Sub(a.requests[i-1].At).Round(100 * 1e6)
				set("tftp_resend", gap.String())
			}
		}
	}
}

// likeAgent takes the User-Agent, as the template that makes it.
func (p *Phone) likeAgent(set func(name, value string)) {
	if agent := p.UserAgent; agent != "" && !p.MAC.IsZero() {
		text := strings.NewReplacer(p.MAC.Colons(), "{MAC}", p.MAC.String(), "{mac}").Replace(agent)
		for _, r := range []struct{ value, name string }{{device.Vendor, "{vendor}"}, {p.Model, "{model}"}, {p.Firmware, "{firmware}"}} {
			if r.value != "" {
				text = strings.Replace(text, r.value, r.name, 1)
			}
		}
		set("user_agent", text)
	}
}
