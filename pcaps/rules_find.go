package pcaps

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ruleDHCP: no answer, a refusal, or no option that names a server.
func ruleDHCP(s *story) []Diagnosis {
	if !slices.ContainsFunc(s.p.Events, func(e Event) bool { return strings.HasPrefix(string(e.Kind), "dhcp.") }) {
		return nil
	}
	discovers, acks, offers := s.of(trace.DHCPDiscover), s.of(trace.DHCPAck), s.of(trace.DHCPOffer)
	requests := slices.Concat(discovers, s.of(trace.DHCPRequest), s.of(trace.DHCPRenew))
	answers := slices.Concat(offers, acks)
	d := Diagnosis{Filter: s.dhcpFilter(), rank: 12}
	if len(s.fetches) > 0 {
		d.rank = 75 // it found a server all the same
	}
	naks := s.of(trace.DHCPNak)
	switch {
	case len(naks) > 0 && len(acks) == 0:
		d.Cause, d.Frames = NoServerNamed, framesOf(naks...)
		d.Text = fmt.Sprintf("the DHCP server %s refuses the phone's address (NAK)", naks[0].Peer)
		d.Next = "Look into the DHCP server's log; are there two DHCP servers on this network?"
	case len(requests) == 0:
		if len(answers) == 0 || s.named("DHCP") || len(s.fetches) > 0 {
			return nil
		}
		d.Cause, d.Frames = NoServerNamed, framesOf(answers...)
		d.Text = "the DHCP server's answer names no provisioning server: it has no option 66"
		d.Next = "Set option 66 on the DHCP server for this phone's network."
	case len(answers) == 0:
		d.Cause, d.Frames = NoAnswer, framesOf(requests...)
		d.Text = fmt.Sprintf("no DHCP server answered: %s", times(len(requests), "request"))
		d.Next = "Is a DHCP server, or a relay to one, on the phone's VLAN? Compare the VLAN of the port with the phone's."
		s.tooShort(&d, requests[len(requests)-1])
		// RFC 2131 §4.3.2: a REQUEST with a server identifier takes what that server offered.
		i := slices.IndexFunc(requests, func(e Event) bool { return e.Kind == trace.DHCPRequest && e.Fact("dhcp.option.54") != "" })
		if i >= 0 {
			d.Cause, d.rank = Incomplete, max(d.rank, 85)
			d.Text = fmt.Sprintf("the phone took what the DHCP server %s had offered, and the offer is not in the capture",
				requests[i].Fact("dhcp.option.54"))
			d.Next = "Capture again, with a larger buffer (tcpdump -B): frames were lost."
		}
	case !s.named("DHCP"):
		d.Cause, d.Frames = NoServerNamed, framesOf(answers...)
		d.Text = fmt.Sprintf("the DHCP server %s names no provisioning server: its answer has no option 66", answers[0].Peer.Addr())
		if asked := requests[0].Fact("dhcp.option.55"); asked != "" && !slices.Contains(strings.Split(asked, ","), "66") {
			d.Text += "; the phone did not ask for it either (its option 55 is " + asked + ")"
		}
		d.Next = "Set option 66 on the DHCP server for this phone's network, or type the URL into the phone."
	default:
		return nil
	}
	return []Diagnosis{d}
}

func (s *story) named(source string) bool {
	return slices.ContainsFunc(s.offers, func(o offer) bool { return o.source == source })
}

// rulePnP: nobody answered the SUBSCRIBE, or the NOTIFY was of no use.
func rulePnP(s *story) []Diagnosis {
	subscribes := s.of(trace.PnPSubscribe)
	notifies, foreign := s.of(trace.PnPNotify), s.of(trace.PnPIgnored)
	if len(subscribes)+len(foreign) == 0 {
		return nil
	}
	if len(subscribes) > 0 { // what came before belongs to one that is not in the capture
		foreign = slices.DeleteFunc(foreign, func(e Event) bool { return e.Frame < subscribes[0].Frame })
	}
	d := Diagnosis{Filter: s.filter("sip", netip.Addr{}), rank: 13}
	if len(s.fetches) > 0 {
		d.rank = 70
	}
	responses := s.of(trace.PnPResponse)
	switch {
	case len(subscribes) == 0:
		d.Cause, d.Frames, d.rank = Incomplete, framesOf(foreign...), 85
		d.Text = fmt.Sprintf("the NOTIFY from %s answers no SUBSCRIBE in this capture: whether it is of use to the phone is not known",
			foreign[0].Peer)
		d.Next = "Capture from the moment at which the phone is powered on."
	case len(foreign) > 0 && (!s.named("PnP") || len(s.fetches) == 0):
		d.Cause, d.Frames = NotifyIgnored, framesOf(foreign...)
		d.Text = fmt.Sprintf("the NOTIFY from %s is of no use to the phone: %s", foreign[0].Peer, foreign[0].Detail)
		d.Next = "The PnP server must answer to the address and port that the SUBSCRIBE came from, with its Call-ID " +
			"and tags, and a URL in the body."
	case len(notifies) == 0 && len(responses) == 0:
		d.Cause, d.Frames = NoAnswer, framesOf(subscribes...)
		d.Text = fmt.Sprintf("no PnP server answered the SUBSCRIBE to %s, %s", subscribes[0].Peer, times(len(subscribes), "sending"))
		d.Next = "Does the PnP server listen for multicast 224.0.1.75 on this network? " +
			"Switches with IGMP snooping and routers hold it back."
		s.tooShort(&d, subscribes[0])
	case len(notifies) == 0 && slices.ContainsFunc(responses, func(e Event) bool { return e.Name >= "300" }):
		d.Cause, d.Frames = NoServerNamed, framesOf(responses...)
		d.Text = fmt.Sprintf("%s refused the SUBSCRIBE: %s %s", responses[0].Peer, responses[0].Name, responses[0].Detail)
		d.Next = "Does this PnP server know the phone's MAC? Look into its log."
	case len(notifies) == 0:
		d.Cause, d.Frames = NoServerNamed, framesOf(append(subscribes, responses...)...)
		d.Text = fmt.Sprintf("%s accepted the SUBSCRIBE, but sent no NOTIFY: the phone does not learn a URL", responses[0].Peer)
		d.Next = "Has the PnP server a URL for this MAC? Look into its log; a firewall may drop the NOTIFY, which comes from another port."
		s.tooShort(&d, responses[len(responses)-1])
	default:
		return s.notifyUnheard(d, notifies)
	}
	return []Diagnosis{d}
}

// tooShort says of what did not come after an event that the capture may just end before it.
func (s *story) tooShort(d *Diagnosis, after Event) {
	if s.ended(after.At) < patience {
		d.Cause, d.Side, d.rank = Incomplete, ByCapture, max(d.rank, 85)
	}
}

// notifyUnheard: a NOTIFY with a URL on which the phone did nothing.
func (s *story) notifyUnheard(d Diagnosis, notifies []Event) []Diagnosis {
	if len(s.fetches) > 0 {
		return nil
	}
	last := notifies[len(notifies)-1]
	d.Cause, d.Side, d.Frames = NotifyIgnored, Open, framesOf(notifies...)
	if _, err := config.ParseURL(last.URL, s.p.MAC, true); err != nil {
		d.Side = ByDiscovery
		d.Text = fmt.Sprintf("the NOTIFY's URL is of no use: %v", err)
		d.Next = "Correct the URL on the PnP server: SCHEME://HOST/PATH, with tftp, ftp, http or https."
		return []Diagnosis{d}
	}
	if s.ended(last.At) < patience {
		d.Cause, d.Side, d.rank = Incomplete, ByCapture, 85
		d.Text = "the capture ends right after the NOTIFY: what the phone did with it is not in it"
		d.Next = "Capture longer."
		return []Diagnosis{d}
	}
	if len(s.of(trace.PnPAnswer)) == 0 {
		d.Text = fmt.Sprintf("the NOTIFY from %s, with %s, got no answer from the phone, and no file was asked for: it did not "+
			"arrive, or came too late",
			last.Peer, last.URL)
		d.Next = "Compare the time between SUBSCRIBE and NOTIFY with how long the phone waits, and look whether the NOTIFY " +
			"reaches the phone's port."
	} else {
		d.Text = fmt.Sprintf("the phone answered the NOTIFY, but asked for no file at %s in this capture", last.URL)
		d.Next = "Can the phone reach and resolve that host? A capture that also has DNS and the gateway's side tells."
	}
	return []Diagnosis{d}
}

// ruleWrongServer: the first file of a pass was asked for elsewhere than where the
// phone was told, or it was told different things.
func ruleWrongServer(s *story) []Diagnosis {
	var all []Diagnosis
	all = append(all, s.twoServers()...)
	pass := uint64(0)
	for _, a := range s.fetches {
		if a.pass == pass || len(a.requests) == 0 {
			continue
		}
		pass = a.pass
		first := a.requests[0]
		var told []offer
		for _, o := range s.offers {
			if o.e.Pass == pass && o.e.Seq < first.Seq {
				told = append(told, o)
			}
		}
		if len(told) == 0 || slices.ContainsFunc(told, func(o offer) bool {
			h := s.host(o.url)
			return !h.IsValid() || h == first.Peer.Addr()
		}) {
			continue
		}
		o := told[len(told)-1]
		all = append(all, Diagnosis{Cause: WrongServer, rank: 15, Frames: []int{o.e.Frame, first.Frame},
			Text: fmt.Sprintf("%s named %s, but the phone asked %s for %s: it uses another way of finding its server, or what "+
				"it knew before",
				o.source, o.url, first.Peer, a.name),
			Next: "Look at the provisioning URL in the phone (Profile Rule) and at the order of its sources: PnP, DHCP, static."})
	}
	return all
}

// twoServers: several DHCP servers name different provisioning servers.
func (s *story) twoServers() []Diagnosis {
	for i, o := range s.offers {
		for _, other := range s.offers[:i] {
			if o.source == "DHCP" && other.source == "DHCP" && o.url != other.url && o.by.Addr() != other.by.Addr() {
				return []Diagnosis{{Cause: WrongServer, Side: ByDiscovery, rank: 14, Frames: framesOf(other.e, o.e),
					Text: fmt.Sprintf("two DHCP servers contradict each other: %s names %s, %s names %s", other.by.Addr(),
						other.url, o.by.Addr(), o.url),
					Next: "Find the DHCP server that does not belong there; the phone takes the first offer."}}
			}
		}
	}
	return nil
}

// ruleNeverAsked: a server was named, and nothing was asked of it.
func ruleNeverAsked(s *story) []Diagnosis {
	if len(s.fetches) > 0 || !s.named("DHCP") || len(s.of(trace.PnPSubscribe)) > 0 {
		return nil
	}
	o := s.offers[len(s.offers)-1]
	d := Diagnosis{Cause: WrongServer, rank: 16, Frames: framesOf(o.e), Filter: s.dhcpFilter()}
	if host := s.host(o.url); host.IsValid() && d.Filter != "" {
		d.Filter += " || (" + s.filter("", host) + ")"
	}
	switch {
	case s.ended(o.e.At) < 2*patience:
		d.Cause, d.rank = Incomplete, 85
		d.Text = fmt.Sprintf("DHCP names %s, and the capture ends %s that: what the phone did with it is not in it", o.url,
			after0(max(0, s.ended(o.e.At))))
		d.Next = "Capture longer: a phone needs up to half a minute after DHCP before it asks for its files."
	default:
		d.Text = fmt.Sprintf("DHCP names %s, but the phone asked for no file in this capture", o.url)
		d.Next = "Is DHCP provisioning switched on in the phone, and does the capture see the way to that server?"
	}
	return []Diagnosis{d}
}
