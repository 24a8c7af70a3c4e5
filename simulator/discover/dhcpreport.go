package discover

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

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
	s := counted(a.discovers, "DISCOVER") + ", no OFFER"
	if a.offers > 0 {
		s = fmt.Sprintf("%s, %s, %s, %s, no ACK", counted(a.discovers, "DISCOVER"), counted(a.offers, "OFFER"),
			counted(a.requests, "REQUEST"), counted(a.naks, "NAK"))
	}
	if a.odd > 0 {
		s += fmt.Sprintf("; %d replies ignored, the last: %s", a.odd, a.last)
	}
	return s
}

// counted writes 1 OFFER, 2 OFFERs.
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// orList writes 66, 150 as "66 or 150".
func orList(codes []int) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = strconv.Itoa(c)
	}
	return strings.Join(words, " or ")
}
