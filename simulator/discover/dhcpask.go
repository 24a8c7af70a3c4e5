package discover

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ask is one phone's way to a lease, from INIT to BOUND (RFC 2131 §4.4, figure 5).
type ask struct {
	transport  Transport
	trace      trace.Sink
	mac        device.MAC
	options    dhcpOptions
	wait       time.Duration
	urlOptions []int

	xid                                    uint32
	tx                                     Transaction
	discovers, offers, requests, naks, odd int
	last                                   string // why the last odd message was passed over
}

// Limits of one ask, beside dhcp_wait.
const (
	maxNAKs         = 5               // then the server means it
	nakPause        = 3 * time.Second // before the new start, as udhcpc: a server that always refuses is not flooded
	requestsOfOffer = 4               // "might retransmit the DHCPREQUEST message four times" (RFC 2131 §3.1)
	maxOddEvents    = 20              // further messages that make no sense are only counted
)

var errRefused = errors.New("DHCPNAK")

func (d DHCP) newAsk(id device.Identity) (*ask, error) {
	if d.Transport == nil {
		return nil, errors.New("no way to send DHCP messages: give an interface, a relay's server or the value itself")
	}
	id, b := id.WithDefaults(), d.Behaviour.WithDefaults()
	options, err := readDHCPOptions(b, id)
	if err != nil {
		return nil, err
	}
	a := &ask{transport: d.Transport, trace: d.Trace, mac: id.MAC, options: options, wait: b.DHCPWait, urlOptions: b.DHCPURLOptions}
	if a.trace == nil {
		a.trace = trace.Discard
	}
	return a, nil
}

// lease asks until there is one. "If the client receives a DHCPNAK message, the client
// restarts the configuration process" (RFC 2131 §3.1).
func (a *ask) lease(ctx context.Context) (*Lease, dhcpReply, error) {
	start := time.Now()
	for {
		ack, err := a.round(ctx, start)
		switch {
		case err == nil:
			return a.bound(ack), ack, nil
		case errors.Is(err, errRefused):
			if a.naks++; a.naks >= maxNAKs {
				return nil, ack, fmt.Errorf("refused %d times, the last time by %s: %w", a.naks, ack.from, ErrNothing)
			}
			if err := sleep(ctx, nakPause); err != nil {
				return nil, ack, err
			}
		case errors.Is(err, errNoACK): // start again, as after a NAK
		default:
			return nil, ack, err
		}
	}
}

var errNoACK = errors.New("no ACK")

// round is one transaction: DISCOVER until an OFFER, REQUEST until its ACK.
func (a *ask) round(ctx context.Context, start time.Time) (dhcpReply, error) {
	var err error
	if a.xid, a.tx, err = begin(a.transport, a.mac); err != nil {
		return dhcpReply{}, err
	}
	defer a.tx.Close()
	offer, secs, err := a.discover(ctx, start)
	if err != nil {
		return offer, err
	}
	return a.request(ctx, offer, secs)
}

// discover returns the first OFFER, and the secs field of the DISCOVER it answered.
func (a *ask) discover(ctx context.Context, start time.Time) (offer dhcpReply, secs time.Duration, err error) {
	var wait backoff
	for attempt := 1; ; attempt++ {
		a.discovers++
		secs = time.Since(start)
		m := dhcpMessage{kind: dhcpv4.MessageTypeDiscover, xid: a.xid, mac: a.mac, secs: secs}
		if err := a.send(m, Target{}, trace.Event{Kind: trace.DHCPDiscover, Attempt: attempt, Detail: a.transaction()}); err != nil {
			return offer, secs, err
		}
		done, err := collect(ctx, a.tx, wait.next(), func(p Packet) (bool, error) {
			offer, err = a.read(p)
			if err == nil {
				err = checkOffer(offer)
			}
			if err != nil {
				a.ignore(p, err.Error())
				return false, nil
			}
			return true, nil
		})
		if err != nil {
			return offer, secs, err
		}
		if done {
			a.offers++
			a.record(trace.DHCPOffer, offer, fmt.Sprintf("%s offered by %s", offer.address, offer.server))
			return offer, secs, nil
		}
	}
}

// checkOffer: an OFFER has an address, and a server identifier to answer to (RFC 2131
// table 3: MUST).
func checkOffer(r dhcpReply) error {
	switch {
	case r.kind != dhcpv4.MessageTypeOffer:
		return fmt.Errorf("%s while waiting for an OFFER", r.kind)
	case !r.address.IsValid():
		return errors.New("OFFER without an address (yiaddr 0.0.0.0)")
	case !r.server.IsValid():
		return errors.New("OFFER without a server identifier (option 54)")
	}
	return nil
}

// request asks for what was offered. "The DHCPREQUEST message MUST use the same value
// in the DHCP message header's 'secs' field … as the original DHCPDISCOVER message"
// (RFC 2131 §3.1).
func (a *ask) request(ctx context.Context, offer dhcpReply, secs time.Duration) (ack dhcpReply, err error) {
	m := dhcpMessage{kind: dhcpv4.MessageTypeRequest, xid: a.xid, mac: a.mac, secs: secs, requested: offer.address, server: offer.server}
	var wait backoff
	for attempt := 1; attempt <= requestsOfOffer; attempt++ {
		a.requests++
		event := trace.Event{Kind: trace.DHCPRequest, Attempt: attempt, Detail: fmt.Sprintf("%s from %s, %s", offer.address, offer.server, a.transaction())}
		if err := a.send(m, Target{}, event); err != nil {
			return ack, err
		}
		done, err := collect(ctx, a.tx, wait.next(), func(p Packet) (bool, error) {
			ack, err = a.read(p)
			if err != nil {
				a.ignore(p, err.Error())
				return false, nil
			}
			return a.answered(p, ack, offer)
		})
		if done || err != nil {
			return ack, err
		}
	}
	return ack, errNoACK
}

// answered sorts what comes after a REQUEST to offer's server.
func (a *ask) answered(p Packet, r, offer dhcpReply) (bool, error) {
	switch {
	case r.kind == dhcpv4.MessageTypeOffer && r.server == offer.server:
		a.ignore(p, "a duplicate OFFER")
	case r.kind == dhcpv4.MessageTypeOffer:
		text, _, _ := serverText(r.options, a.urlOptions)
		a.trace.Record(trace.Event{Kind: trace.SourceIgnored, Name: SourceDHCP, Peer: r.from, URL: withoutUserInfo(text),
			Detail: fmt.Sprintf("a further OFFER: %s had offered first", offer.server)})
	case r.server.IsValid() && r.server != offer.server:
		a.ignore(p, fmt.Sprintf("%s from %s: the phone asked %s", r.kind, r.server, offer.server))
	case r.kind == dhcpv4.MessageTypeNak:
		a.trace.Record(trace.Event{Kind: trace.DHCPNak, Peer: r.from, Detail: nakDetail(r)})
		return false, errRefused
	case r.kind == dhcpv4.MessageTypeAck && r.address.IsValid():
		return true, nil
	default:
		a.ignore(p, fmt.Sprintf("%s while waiting for an ACK", r.kind))
	}
	return false, nil
}

func nakDetail(r dhcpReply) string {
	text, err := plainText(r.options[dhcpv4.OptionMessage.Code()])
	if err != nil || text == "" {
		return "no reason given"
	}
	return clip(text)
}

// bound makes a Lease of an ACK, and lets the transport answer for its address.
func (a *ask) bound(ack dhcpReply) *Lease {
	l := newLease(ack)
	hold(a.transport, a.mac, l.Address.Addr())
	a.record(trace.DHCPAck, ack, fmt.Sprintf("%s for %s", l.Address.Addr(), leaseText(l.Time)))
	return l
}

func (a *ask) send(m dhcpMessage, to Target, event trace.Event) error {
	raw, err := m.bytes(a.options)
	if err != nil {
		return err
	}
	a.trace.Record(event)
	if err := a.tx.Send(raw, to); err != nil {
		return fmt.Errorf("sending %s: %w", m.kind, err)
	}
	return nil
}

func (a *ask) read(p Packet) (dhcpReply, error) {
	r, err := parseReply(p.Message)
	r.from, r.fromMAC = p.From, p.MAC
	return r, err
}

// record is the event of a message that counts, with what it says about the server.
func (a *ask) record(kind trace.Kind, r dhcpReply, detail string) {
	text, code, err := serverText(r.options, a.urlOptions)
	switch {
	case err != nil:
		detail += ", " + err.Error()
	case text == "":
		detail += ", no option " + orList(a.urlOptions)
	default:
		detail += fmt.Sprintf(", option %d %q", code, clip(text))
	}
	a.trace.Record(trace.Event{Kind: kind, Peer: r.from, URL: withoutUserInfo(text), Detail: detail})
}

func (a *ask) ignore(p Packet, why string) {
	a.odd, a.last = a.odd+1, why
	if a.odd <= maxOddEvents {
		a.trace.Record(trace.Event{Kind: trace.DHCPIgnored, Peer: p.From, Detail: why})
	}
}

// reportForeign is one event for all that was not for this phone.
func (a *ask) reportForeign(n uint64) {
	if n > 0 {
		a.trace.Record(trace.Event{Kind: trace.DHCPIgnored, Detail: fmt.Sprintf("%d DHCP messages that were for no waiting phone", n)})
	}
	if more := a.odd - maxOddEvents; more > 0 {
		a.trace.Record(trace.Event{Kind: trace.DHCPIgnored, Detail: fmt.Sprintf("%d more replies that made no sense", more)})
	}
}

func (a *ask) transaction() string { return fmt.Sprintf("transaction 0x%08x", a.xid) }

// state says in words how far it went.
func (a *ask) state() string {
	s := fmt.Sprintf("%d DISCOVERs, no OFFER", a.discovers)
	if a.offers > 0 {
		s = fmt.Sprintf("%d DISCOVERs, %d OFFERs, %d REQUESTs, %d NAKs, no ACK", a.discovers, a.offers, a.requests, a.naks)
	}
	if a.odd > 0 {
		s += fmt.Sprintf("; %d replies ignored, the last: %s", a.odd, a.last)
	}
	return s
}

// orList writes 66, 150 as "66 or 150".
func orList(codes []int) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = strconv.Itoa(c)
	}
	return strings.Join(words, " or ")
}

// hold tells a transport that can answer for addresses (Raw, by ARP) which the phone
// has now; invalid: none.
func hold(t Transport, mac device.MAC, addr netip.Addr) {
	if h, ok := t.(interface {
		Hold(mac device.MAC, addr netip.Addr)
	}); ok {
		h.Hold(mac, addr)
	}
}
