package discover

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

var (
	group     = netip.MustParseAddrPort(PnPGroup)
	responder = netip.MustParseAddrPort("192.0.2.183:5060")
	notifier  = netip.MustParseAddrPort("192.0.2.183:7777") // Guide's capture: the NOTIFY came from there
)

// scripted is a responder in memory. Its function sees each SUBSCRIBE, with the number
// of its sending, and answers through say.
func scripted(f func(n int, sub *sipMessage, say func(from netip.AddrPort, text string))) *wire.Memory {
	m := new(wire.Memory)
	n := 0
	m.HandleUDP(group, func(d wire.Datagram, send func(wire.Datagram)) {
		sub, err := parseSIP(d.Payload)
		if err != nil {
			panic(err) // the phone's own message
		}
		n++
		f(n, sub, func(from netip.AddrPort, text string) {
			send(wire.Datagram{From: from, To: d.From, Payload: []byte(text)})
		})
	})
	return m
}

// fill writes a message for a SUBSCRIBE: {via} and its like are its headers, {tag} its
// From tag; lines end as they are written, with CR LF for \n.
func fill(sub *sipMessage, template string) string {
	contact, _ := sub.header("contact")
	args := []string{"{contact}", strings.Trim(contact, "<>"), "{tag}", sub.tag("from"), "\n", "\r\n"}
	for _, name := range []string{"via", "from", "to", "call-id", "cseq"} {
		v, _ := sub.header(name)
		args = append(args, "{"+name+"}", v)
	}
	return strings.NewReplacer(args...).Replace(template)
}

const (
	ok200 = `SIP/2.0 200 OK
Via: {via}
From: {from}
To: {to};tag=server
Call-ID: {call-id}
CSeq: {cseq}
Contact: <sip:192.0.2.183:5060>
Expires: 0
Content-Length: 0

`
	goodNotify = `NOTIFY {contact} SIP/2.0
Via: SIP/2.0/UDP 192.0.2.183:5060;branch=z9hG4bKserver1
Max-Forwards: 70
From: {to};tag=server
To: {from}
Call-ID: {call-id}
CSeq: 1 NOTIFY
Contact: <sip:192.0.2.183:5060>
Event: ua-profile
Subscription-State: terminated;reason=timeout
Content-Type: application/url
Content-Length: 19

tftp://192.0.2.183/`
)

// find runs one search, and returns what it recorded.
func find(ctx context.Context, t *testing.T, p PnP) (Offer, []trace.Event, error) {
	t.Helper()
	r := new(trace.Recorder)
	p.Trace = r
	offer, err := p.Find(ctx, device.Identity{})
	return offer, r.Events(), err
}

// names lists the names of the events of one kind, in order.
func names(events []trace.Event, k trace.Kind) []string {
	var list []string
	for _, e := range events {
		if e.Kind == k {
			list = append(list, e.Name)
		}
	}
	return list
}

const ms = time.Millisecond
