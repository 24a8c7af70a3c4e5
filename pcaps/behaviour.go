package pcaps

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Ignored lists what Diff does not compare: accidents of a run, not behaviour. It is
// fixed, and printed with every comparison.
var Ignored = []string{
	"time and duration of everything",
	"frame, sequence and pass numbers",
	"addresses and ports (servers are compared as the first, the second, …; the phone's own address is \"phone\")",
	"the phone's MAC where each side has one phone only (in names it is $(MA))",
	"DHCP: transaction id, secs, hops and giaddr; a server's flags, ciaddr, yiaddr, siaddr, length and order of options; the " +
		"lease itself (a server's options 1, 3, 6, 12, 15, 28, 42, 51, 58, 59, 61, 82, anybody's 50 and 54)",
	"everything below UDP and TCP: Ethernet, VLANs, IP's fields, fragments, checksums; ICMP",
	"SIP: Call-ID, tags, branches, Via, Contact, CSeq number, length; From and To but in a SUBSCRIBE; which headers others " +
		"send; registrations; whether it is UDP or TCP",
	"texts for a person: TFTP error texts, reason phrases, FTP reply texts",
	"packets that were passed over, and blocks that came twice",
	"what one side does after the other side's capture has ended in the middle of a file",
}

// Behaviour is what a capture or a trace tells, phone by phone.
type Behaviour struct {
	Name   string
	Phones []*Phone
	Trace  bool     // it is a trace: without what only packets tell
	Notes  []string // what is wrong with the capture itself
}

// ReadBehaviour reads a capture, or a trace file that `fipsim phone --trace` wrote. Its
// error wraps ErrNotCapture, or names the line of the trace.
func ReadBehaviour(name string, r io.Reader) (*Behaviour, error) {
	in := bufio.NewReader(r)
	if head, _ := in.Peek(1); string(head) != "{" {
		c, err := Read(name, in, Options{})
		if err != nil {
			return nil, err
		}
		return &Behaviour{Name: name, Phones: c.Phones, Notes: append(c.Notes, cutNotes(c.Phones)...)}, nil
	}
	b := &Behaviour{Name: name, Trace: true}
	by := make(map[device.MAC]*Phone)
	n := 0
	for e, err := range trace.Read(in) {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if n++; n > maxTotalEvents {
			return nil, fmt.Errorf("%s: more than %d events", name, maxTotalEvents)
		}
		p := by[e.Phone]
		if p == nil {
			p = &Phone{MAC: e.Phone}
			by[e.Phone] = p
			b.Phones = append(b.Phones, p)
		}
		p.Events = append(p.Events, Event{Event: e})
	}
	return b, nil
}

// cutNotes tells of phones that were in the middle of a file when the capture ended.
func cutNotes(phones []*Phone) []string {
	n, last := 0, (*Phone)(nil)
	for _, p := range phones {
		if p.cut != "" {
			n, last = n+1, p
		}
	}
	const rest = "what they do after that on the other side is not compared"
	switch n {
	case 0:
		return nil
	case 1:
		return []string{fmt.Sprintf("the capture ends in the middle of %s for the phone %s: %s", last.cut, last.Name(),
			strings.Replace(rest, "they do", "it does", 1))}
	}
	return []string{fmt.Sprintf("the capture ends in the middle of a file for %d phones: %s", n, rest)}
}

// step is one event as behaviour: what it is about, and its fields by name.
type step struct {
	key    string
	kind   trace.Kind
	frame  int
	seq    uint64
	fields []Fact
}

// where names the place of a step, for a person.
func (s step) where() string {
	if s.frame > 0 {
		return fmt.Sprintf("frame %d", s.frame)
	}
	return fmt.Sprintf("event %d", s.seq)
}

// onTheWire are the kinds that captures and traces both have; the others are a phone's
// own thoughts.
var onTheWire = []trace.Kind{
	trace.DHCPDiscover, trace.DHCPOffer, trace.DHCPRequest, trace.DHCPAck, trace.DHCPNak, trace.DHCPRenew, trace.DHCPRelease,
	trace.PnPSubscribe, trace.PnPResponse, trace.PnPNotify, trace.PnPAnswer, trace.NotifyCheckSync,
	trace.FetchRequest, trace.FetchRedirect, trace.FetchDone, trace.FetchMissing, trace.FetchFailed,
}

// inPackets are those that only captures have.
var inPackets = []trace.Kind{trace.FetchReply, FTPCommand, TLSHello, TLSServer, TLSCertificate}

// servers gives each address the name of its turn.
type servers struct {
	phone []netip.Addr
	names map[netip.Addr]string
}

func (v *servers) name(a netip.Addr) string {
	a = a.Unmap()
	switch {
	case !a.IsValid() || a.IsMulticast() || a.IsUnspecified() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return a.String()
	case slices.Contains(v.phone, a) && !a.IsLoopback():
		return "phone"
	}
	if v.names == nil {
		v.names = make(map[netip.Addr]string)
	}
	if v.names[a] == "" {
		v.names[a] = "server " + strconv.Itoa(len(v.names)+1)
	}
	return v.names[a]
}

var address4 = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b`)

// text takes addresses and the MAC out of a text.
func (v *servers) text(text string, mac device.MAC) string {
	text = address4.ReplaceAllStringFunc(text, func(found string) string {
		host, _, _ := strings.Cut(found, ":")
		a, err := netip.ParseAddr(host)
		if err != nil {
			return found
		}
		return v.name(a)
	})
	if !mac.IsZero() {
		text = strings.ReplaceAll(strings.ReplaceAll(text, mac.String(), "$(MA)"), mac.Colons(), "$(MA)")
	}
	return text
}

// steps is a phone's behaviour. packets says that both sides have packets.
func (p *Phone) steps(packets bool) []step {
	v := &servers{phone: p.Addresses}
	var all []step
	for _, e := range p.Events {
		if !slices.Contains(onTheWire, e.Kind) && (!packets || !slices.Contains(inPackets, e.Kind)) {
			continue
		}
		if e.Kind == trace.FetchFailed && e.Fault == trace.NoFault {
			continue // the capture's fault
		}
		s := step{kind: e.Kind, frame: e.Frame, seq: e.Seq}
		name := v.text(nameOf(e), p.MAC)
		if !packets && e.Kind == trace.FetchFailed && e.Fault == trace.Refused {
			name = "" // what for is in a trace only
		}
		s.key = string(e.Kind) + " " + name
		add := func(field, value string) { s.fields = append(s.fields, Fact{field, v.text(value, p.MAC)}) }
		add("scheme", schemeOf(e))
		if e.Peer.IsValid() {
			s.fields = append(s.fields, Fact{"server", v.name(e.Peer.Addr())})
		}
		if packets || e.Kind != trace.FetchFailed { // the phone gives up, and sends nothing
			add("sending", strconv.Itoa(cmp.Or(e.Attempt, 1)))
		}
		if !strings.HasPrefix(string(e.Kind), "pnp.") { // its URL is compared, as long as the address in it is
			add("bytes", strconv.FormatInt(e.Bytes, 10))
		}
		add("fault", string(e.Fault))
		add("url", offeredURL(e))
		if packets {
			for _, f := range e.Facts {
				if !ignoredFact(e.Kind, f.Name) {
					add(f.Name, f.Value)
				}
			}
		}
		all = append(all, s)
	}
	return all
}

// nameOf is what an event is about: for a file its path.
func nameOf(e Event) string {
	if strings.HasPrefix(string(e.Kind), "fetch.") && e.Kind != trace.FetchRedirect && e.Kind != FTPCommand {
		if u, err := url.Parse(e.URL); err == nil {
			return strings.TrimPrefix(u.Path, "/")
		}
	}
	return e.Name
}

func schemeOf(e Event) string {
	scheme, _, ok := strings.Cut(e.URL, "://")
	if !ok || !strings.HasPrefix(string(e.Kind), "fetch.") {
		return ""
	}
	return scheme
}

// offeredURL is the URL of an event that offers one: of a fetch, host and path are
// compared already.
func offeredURL(e Event) string {
	switch e.Kind { //nolint:exhaustive // the others offer none
	case trace.PnPNotify, trace.DHCPOffer, trace.DHCPAck, trace.FetchRedirect:
		return e.URL
	}
	return ""
}

// leaseOptions are the lease itself.
var leaseOptions = []string{"1", "3", "6", "12", "15", "28", "42", "50", "51", "54", "58", "59", "61", "82"}

// ignoredFact applies Ignored.
func ignoredFact(kind trace.Kind, name string) bool {
	byServer := kind == trace.DHCPOffer || kind == trace.DHCPAck || kind == trace.PnPResponse || kind == trace.PnPNotify ||
		kind == trace.NotifyCheckSync
	option, isOption := strings.CutPrefix(name, "dhcp.option.")
	switch {
	case name == "tftp.message", name == "sip.length", name == "sip.cseq", name == "dhcp.giaddr":
		return true
	case isOption:
		return slices.Contains(leaseOptions, option) && (byServer || option == "50" || option == "54")
	case name == "dhcp.length", name == "dhcp.order", name == "dhcp.flags", name == "dhcp.ciaddr", name == "dhcp.yiaddr",
		name == "dhcp.siaddr", name == "sip.headers", name == "sip.server",
		name == "sip.user-agent":
		return byServer
	}
	return false
}
