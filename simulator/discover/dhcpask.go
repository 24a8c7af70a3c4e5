package discover

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
	id = id.WithDefaults()
	b := d.Behaviour
	if b.DHCPWait == 0 || b.DHCPVendorClass == "" || b.DHCPClientID == "" || len(b.DHCPParameters) == 0 || len(b.DHCPURLOptions) == 0 {
		b = b.WithDefaults()
	}
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
			var ok bool
			offer, ok = a.read(p, checkOffer)
			return ok, nil
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
		event := trace.Event{Kind: trace.DHCPRequest, Attempt: attempt,
			Detail: fmt.Sprintf("%s from %s, %s", offer.address, offer.server, a.transaction())}
		if err := a.send(m, Target{}, event); err != nil {
			return ack, err
		}
		done, err := collect(ctx, a.tx, wait.next(), func(p Packet) (bool, error) {
			var ok bool
			if ack, ok = a.read(p, nil); !ok {
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

// read parses p, and has it checked. What is wrong with it becomes an event.
func (a *ask) read(p Packet, check func(dhcpReply) error) (r dhcpReply, ok bool) {
	r, err := parseReply(p.Message)
	r.from, r.fromMAC = p.From, p.MAC
	if err == nil && check != nil {
		err = check(r)
	}
	if err != nil {
		a.ignore(p, err.Error())
		return r, false
	}
	return r, true
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
