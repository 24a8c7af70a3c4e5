package pcaps

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// story is what happened to a phone, sorted for judging.
type story struct {
	p       *Phone
	offers  []offer
	fetches []*attempt // in the order of their first requests
	soonIs  time.Duration
}

// offer is a server that something named.
type offer struct {
	source string // "DHCP option 66", "PnP NOTIFY"
	url    string
	by     netip.AddrPort
	e      Event
}

// attempt is one file in one pass, from its first request to its end.
type attempt struct {
	place    int // among the story's fetches
	pass     uint64
	name     string
	url      string
	requests []Event
	end      Event // zero Kind: none was seen
	ignored  []Event
	asked    bool // for credentials
	moved    string
}

// newStory sorts the events of a phone.
func newStory(p *Phone) *story {
	s := &story{p: p}
	last := make(map[asked]*attempt)
	for i := range p.Events {
		switch e := &p.Events[i]; {
		case strings.HasPrefix(string(e.Kind), "fetch.") && e.Kind != FTPCommand:
			s.fetch(last, e)
		case (e.Kind == trace.DHCPAck || e.Kind == trace.DHCPOffer) && e.URL != "":
			s.offers = append(s.offers, offer{"DHCP", e.URL, e.Peer, *e})
		case e.Kind == trace.PnPNotify && e.URL != "":
			s.offers = append(s.offers, offer{"PnP", e.URL, e.Peer, *e})
		}
	}
	return s
}

// of returns the events of a kind.
func (s *story) of(kind trace.Kind) (all []Event) {
	for i := range s.p.Events {
		if s.p.Events[i].Kind == kind {
			all = append(all, s.p.Events[i])
		}
	}
	return all
}

// asked is what makes an attempt: the same file in the same pass.
type asked struct {
	pass      uint64
	name, url string
}

func (s *story) fetch(last map[asked]*attempt, e *Event) {
	key := asked{e.Pass, e.Name, e.URL}
	a := last[key]
	if a == nil && e.Kind == trace.FetchRedirect { // its URL is where it leads
		for i := len(s.fetches) - 1; i >= 0 && a == nil; i-- {
			if s.fetches[i].name == e.Name && s.fetches[i].pass == e.Pass {
				a = s.fetches[i]
			}
		}
	}
	if a == nil || e.Kind == trace.FetchRequest && e.Attempt <= 1 && a.end.Kind != "" {
		a = &attempt{place: len(s.fetches), pass: e.Pass, name: cmp.Or(e.Name, "a file without a name"), url: e.URL}
		last[key] = a
		s.fetches = append(s.fetches, a)
	}
	switch e.Kind {
	case trace.FetchRequest:
		a.requests = append(a.requests, *e)
	case trace.FetchIgnored:
		a.ignored = append(a.ignored, *e)
	case trace.FetchDone, trace.FetchMissing, trace.FetchFailed:
		a.end = *e
	case trace.FetchRedirect:
		a.end, a.moved = *e, e.URL
	case trace.FetchReply:
		a.asked = a.asked || e.Fact("http.status") == "401"
	}
}

// frames are those of an attempt.
func (a *attempt) frames() []int {
	var all []int
	for _, e := range a.requests {
		all = append(all, e.Frame)
	}
	if a.end.Frame > 0 {
		all = append(all, a.end.Frame)
	}
	return all
}

// foreign is from where packets of another transfer ID came last; empty: from nowhere.
func (a *attempt) foreign() string {
	for i := len(a.ignored) - 1; i >= 0; i-- {
		if e := a.ignored[i]; e.Fact("tftp.tid") == "foreign" && e.Peer.Addr() == a.server().Addr() {
			return e.Peer.String()
		}
	}
	return ""
}

func (a *attempt) scheme() string {
	scheme, _, _ := strings.Cut(a.url, ":")
	return scheme
}

// file is the last segment of what was asked for: phones may have a folder.
func (a *attempt) file() string { return baseName(a.name) }

// server is who was asked.
func (a *attempt) server() netip.AddrPort {
	if len(a.requests) > 0 {
		return a.requests[0].Peer
	}
	return a.end.Peer
}

// nameCut reports whether the snap length cut the file's name: which file it was is not known.
func (a *attempt) nameCut() bool { return strings.HasSuffix(a.name, beyondSnap) }

// reads reports whether a file was asked for, and not sent.
func (a *attempt) reads() bool {
	for _, e := range a.requests {
		if m := e.Fact("http.method"); m != "" && m != http.MethodGet || e.Fact("tftp.opcode") == "2" {
			return false
		}
	}
	return true
}

// refused reports whether the server said that it does not give the file.
func (a *attempt) refused() bool {
	return a.missing() || a.end.Fault == trace.Forbidden || a.end.Fault == trace.Unauthorized || a.end.Fault == trace.ServerError
}

func (a *attempt) missing() bool { return a.end.Kind == trace.FetchMissing }
func (a *attempt) done() bool    { return a.end.Kind == trace.FetchDone }

// filter is a Wireshark display filter for what the phone said to a server.
func (s *story) filter(protocol string, server netip.Addr) string {
	parts := []string{protocol}
	for _, a := range []netip.Addr{s.address(), server} {
		if a.IsValid() {
			parts = append(parts, family(a)+".addr == "+a.String())
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " && ")
}

// dhcpFilter is a Wireshark display filter for what the phone and DHCP servers said.
// Empty where it was said at other ports than those by which Wireshark knows DHCP.
func (s *story) dhcpFilter() string {
	switch {
	case s.p.oddDHCP:
		return ""
	case s.p.MAC.IsZero():
		return "dhcp"
	}
	return "dhcp.hw.mac_addr == " + strings.ToLower(s.p.MAC.Colons())
}

func family(a netip.Addr) string {
	if a.Is6() {
		return "ipv6"
	}
	return "ip"
}

func (s *story) address() netip.Addr {
	if len(s.p.Addresses) == 0 {
		return netip.Addr{}
	}
	return s.p.Addresses[len(s.p.Addresses)-1]
}

// protocolFilter is the display filter of a file's protocol. Wireshark knows TFTP by its
// port.
func protocolFilter(a *attempt) string {
	switch a.scheme() {
	case "tftp":
		if a.server().Port() != tftpPort {
			return "udp"
		}
		return "tftp"
	case "ftp":
		return "(ftp || ftp-data || tcp)"
	case "https":
		return "(tls || tcp)"
	default:
		return "(http || tcp)"
	}
}

// host is the host of an offer or a URL as an address; invalid for a name.
func (s *story) host(text string) netip.Addr {
	u, err := config.ParseURL(text, s.p.MAC, true)
	if err != nil {
		return netip.Addr{}
	}
	return hostOf(u)
}

func hostOf(u *url.URL) netip.Addr {
	a, _ := netip.ParseAddr(u.Hostname())
	return a
}

// framesOf are the frames of events.
func framesOf(events ...Event) []int {
	var all []int
	for _, e := range events {
		all = append(all, e.Frame)
	}
	return all
}

// own reports whether a name is of a file for this phone alone.
func (s *story) own(name string) bool {
	return !s.p.MAC.IsZero() && strings.HasPrefix(name, s.p.MAC.String())
}

// ended is how long the capture went on after a time.
func (s *story) ended(after time.Time) time.Duration { return s.p.ends.Sub(after) }

// identity is the phone as it told itself.
func (s *story) identity() device.Identity {
	return device.Identity{MAC: s.p.MAC, Model: s.p.Model, Firmware: s.p.Firmware}
}
