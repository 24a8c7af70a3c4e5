package pcaps

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ICMPError is the kind of what the network says of a packet that did not arrive: Name
// is why, Peer who says it, Detail of which packet.
const ICMPError trace.Kind = "icmp.error"

// quote is what an ICMP error quotes of the packet that it is about: "the internet header
// plus the first 64 bits of the original datagram's data" (RFC 792), and as much as fits
// in IPv6 (RFC 4443 §3).
type quote struct {
	from, to netip.AddrPort
	protocol layers.IPProtocol
	header   int // length of its IP header, in bytes
}

// readQuote reads the beginning of a packet with ports; false for any other.
func readQuote(four bool, b []byte) (q quote, ok bool) {
	if four {
		if len(b) < 24 || b[0]>>4 != 4 || b[0]&15 < 5 || len(b) < int(b[0]&15)*4+4 {
			return q, false
		}
		q.header, q.protocol = int(b[0]&15)*4, layers.IPProtocol(b[9])
		q.from, q.to = netip.AddrPortFrom(addr(b[12:16]), 0), netip.AddrPortFrom(addr(b[16:20]), 0)
		if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
			return q, false // a later fragment has no ports
		}
	} else {
		if len(b) < 44 || b[0]>>4 != 6 {
			return q, false
		}
		q.header, q.protocol = 40, layers.IPProtocol(b[6])
		q.from, q.to = netip.AddrPortFrom(addr(b[8:24]), 0), netip.AddrPortFrom(addr(b[24:40]), 0)
	}
	if q.protocol != layers.IPProtocolUDP && q.protocol != layers.IPProtocolTCP {
		return q, false
	}
	ports := b[q.header:]
	q.from = netip.AddrPortFrom(q.from.Addr(), binary.BigEndian.Uint16(ports))
	q.to = netip.AddrPortFrom(q.to.Addr(), binary.BigEndian.Uint16(ports[2:]))
	return q, true
}

// The ICMP errors that are told, by what they come down to.
const (
	icmpPort   = "port unreachable"
	icmpHost   = "host unreachable"
	icmpNet    = "network unreachable"
	icmpFilter = "communication administratively prohibited"
	icmpBig    = "packet too big"
	icmpTime   = "time to live exceeded in transit"
)

// icmpWhy reads type and code (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3); empty for what
// is no error.
func icmpWhy(four bool, kind, code byte) string {
	type cause struct{ kind, code byte }
	is := cause{kind, code}
	words := map[cause]string{{3, 0}: icmpNet, {3, 1}: icmpHost, {3, 3}: icmpPort, {3, 4}: icmpBig, {3, 6}: icmpNet, {3, 7}: icmpHost,
		{3, 9}: icmpFilter, {3, 10}: icmpFilter, {3, 13}: icmpFilter, {11, 0}: icmpTime}
	if !four {
		words = map[cause]string{{1, 0}: icmpNet, {1, 1}: icmpFilter, {1, 3}: icmpHost, {1, 4}: icmpPort, {1, 5}: icmpFilter,
			{1, 6}: icmpFilter, {2, 0}: icmpBig, {3, 0}: icmpTime}
	}
	return words[is]
}

// unreachable reads an ICMP error about a packet of a phone, or to one.
func (r *reader) unreachable(p packet) {
	four, b := p.protocol == layers.IPProtocolICMPv4, p.payload
	if len(b) < 8 {
		return
	}
	why := icmpWhy(four, b[0], b[1])
	if why == "" {
		return
	}
	q, ok := readQuote(four, b[8:])
	if !ok && p.missing > 0 {
		q, ok = r.tftp.latest(p, four, b[8:])
	}
	if !ok {
		return
	}
	phone := r.roster.at[q.from.Addr()].real()
	t := r.tftp.open[q.from]
	switch {
	case q.protocol == layers.IPProtocolUDP && t != nil:
		phone, t.refused = t.phone, true
	case phone == nil:
		phone = r.roster.at[q.to.Addr()].real()
	}
	if phone == nil {
		return
	}
	e := Event{Event: trace.Event{Kind: ICMPError, At: p.at, Frame: p.frame, Peer: netip.AddrPortFrom(p.from, 0), Name: why}}
	e.Detail = fmt.Sprintf("what went from %s to %s was not delivered", q.from, q.to)
	e.Facts = []Fact{{"icmp.type", strconv.Itoa(int(b[0]))}, {"icmp.code", strconv.Itoa(int(b[1]))}, {"icmp.from", q.from.String()},
		{"icmp.to", q.to.String()}}
	if why == icmpBig { // RFC 1191 §4, RFC 4443 §3.2
		mtu := binary.BigEndian.Uint32(b[4:])
		if four {
			mtu &= 0xffff
		}
		e.Facts = append(e.Facts, Fact{"icmp.mtu", strconv.FormatUint(uint64(mtu), 10)})
	}
	r.roster.record(phone, e)
}

// latest is the request of a phone that an ICMP error is about, where the snap length cut the ports off what it quotes,
// and the rest is no other packet's.
func (w *tftpWatch) latest(p packet, four bool, quoted []byte) (q quote, ok bool) {
	phone := w.r.at[p.to].real()
	if phone == nil || phone.latest == nil {
		return q, false
	}
	t := phone.latest
	if t.done || t.client.Addr() != p.to || sinceOf(t.sentAt, p.at) > patience {
		return q, false
	}
	protocol, ends := 6, 8 // where they stand in an IPv6 header
	if four {
		protocol, ends = 9, 12
	}
	if len(quoted) > protocol && quoted[protocol] != byte(layers.IPProtocolUDP) {
		return q, false
	}
	for i, b := range append(t.client.Addr().AsSlice(), t.server.Addr().AsSlice()...) {
		if len(quoted) > ends+i && quoted[ends+i] != b {
			return q, false
		}
	}
	return quote{from: t.client, to: t.server, protocol: layers.IPProtocolUDP}, true
}

// heardOf returns what the network said of a file's requests, and of what the server sent
// for it; zero: nothing.
func (s *story) heardOf(a *attempt) Event {
	if len(a.requests) == 0 && a.end.Frame == 0 {
		return Event{}
	}
	from, until := a.end.At.Add(-a.end.Took), a.end.At
	if len(a.requests) > 0 {
		from = a.requests[0].At
	}
	server := a.server()
	for _, e := range s.of(ICMPError) {
		if e.At.Before(from) || e.At.After(until.Add(patience)) {
			continue
		}
		to, _ := netip.ParseAddrPort(e.Fact("icmp.to"))
		back, _ := netip.ParseAddrPort(e.Fact("icmp.from"))
		if to == server || e.Name == icmpBig && back.Addr() == server.Addr() {
			return e
		}
	}
	return Event{}
}

// undelivered puts what the network said of a request into words.
func (s *story) undelivered(a *attempt, e Event, d *Diagnosis) {
	d.Frames = append(d.Frames, e.Frame)
	sends, server := max(len(a.requests), a.end.Attempt), a.server()
	icmp := map[bool]string{false: "icmp", true: "icmpv6"}[server.Addr().Is6()]
	d.Filter = s.filter("("+protocolFilter(a)+" || "+icmp+")", server.Addr())
	asked := fmt.Sprintf("%s never answered the request for %s, sent %s", server, a.name, times(sends, "time"))
	if span := a.end.Took; sends > 1 && span > 10*time.Millisecond {
		asked += fmt.Sprintf(" in %s", round(span))
	}
	switch by := e.Peer.Addr(); {
	case e.Name == icmpPort && by == server.Addr():
		d.Cause = Refused
		d.Text = fmt.Sprintf("%s: it says by ICMP that nothing listens on that port (port unreachable)", asked)
		d.Next = "Is the server running, and is it the right one? Look at what names it: option 66, the NOTIFY, the URL in the phone."
	case e.Name == icmpBig:
		d.Cause = NoAnswer
		d.Text = fmt.Sprintf("%s of %s did not get through: %s says by ICMP that the server's packets are too big, and may not be cut "+
			"(MTU %s)", a.end.Detail, a.name, by, e.Fact("icmp.mtu"))
		d.Next = "Let the server answer with smaller blocks, or correct the MTU on the way (tunnels, PPPoE)."
	case e.Name == icmpFilter:
		d.Cause = NoAnswer
		d.Text = fmt.Sprintf("%s: %s says by ICMP that a firewall forbids it (%s)", asked, by, e.Name)
		d.Next = fmt.Sprintf("Let %s pass what phones send to %s.", by, server)
	default:
		d.Cause = NoAnswer
		d.Text = fmt.Sprintf("%s: %s says by ICMP that it was not delivered (%s)", asked, by, e.Name)
		d.Next = fmt.Sprintf("Is %s the provisioning server's address, and does the network know a way there?", server.Addr())
	}
}
