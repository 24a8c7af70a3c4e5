package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxDatagram is the longest SIP message that the phone reads whole, in bytes; what is
// longer is cut there. A SUBSCRIBE or NOTIFY has about 500.
const maxDatagram = 16 << 10

// pnpSearch is one SUBSCRIBE and what comes of it. It lives in one goroutine.
type pnpSearch struct {
	conn   pnpConn
	to     netip.AddrPort
	sub    *subscription
	wait   time.Duration
	linger time.Duration
	events limitedSink

	start    time.Time
	resend   time.Time     // when the SUBSCRIBE is due again; zero: never
	interval time.Duration // after that
	sends    int
	end      time.Time // of waiting, or of lingering once there is an offer

	offer     *Offer
	accepted  bool                  // somebody answered 2xx
	responses map[netip.Addr]string // To tag of each host's first 2xx
	answers   map[string]*answer    // by what makes a NOTIFY the same one again
	refused   string                // the last refusal, for a person
	useless   string                // the last NOTIFY without a URL, for a person
	ignored   int                   // messages passed over, each with an event
	flood     int                   // and those that were only counted
	exchange  Exchange
}

// answer is what the phone said to a NOTIFY, to be said again when it comes again.
type answer struct {
	bytes []byte
	times int
}

func newPnPSearch(conn pnpConn, to netip.AddrPort, sub *subscription, b device.Behaviour, sink trace.Sink) *pnpSearch {
	return &pnpSearch{
		conn: conn, to: to, sub: sub, wait: b.PnPWait, linger: b.PnPLinger,
		events:    limitedSink{next: sink},
		responses: make(map[netip.Addr]string),
		answers:   make(map[string]*answer),
	}
}

// run subscribes, and reads until there is an offer or the time is over.
func (s *pnpSearch) run(ctx context.Context) (Offer, error) {
	s.start = time.Now()
	s.end = s.start.Add(s.wait)
	s.resend, s.interval = s.start, sipT1
	defer s.close()
	for {
		if err := s.sendDue(); err != nil {
			return Offer{}, err
		}
		raw, from, err := s.conn.read(ctx, s.next())
		switch {
		case ctx.Err() != nil:
			return s.result(ctx)
		case err == nil:
			s.receive(raw, from)
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return Offer{}, s.fail(fmt.Sprintf("the UDP socket broke: %v", err), err)
		}
		if !time.Now().Before(s.end) {
			break
		}
	}
	return s.result(ctx)
}

// next is when something is due.
func (s *pnpSearch) next() time.Time {
	if !s.resend.IsZero() && s.resend.Before(s.end) {
		return s.resend
	}
	return s.end
}

// sendDue sends the SUBSCRIBE when it is time for it. Only the first sending may fail:
// a later one is as good as lost.
func (s *pnpSearch) sendDue() error {
	now := time.Now()
	if s.resend.IsZero() || now.Before(s.resend) {
		return nil
	}
	s.sends++
	event := trace.Event{Kind: trace.PnPSubscribe, Name: s.sub.user, Peer: s.to, Attempt: s.sends,
		Took: now.Sub(s.start), Detail: "from " + s.sub.local.String()}
	err := s.conn.send(s.sub.request, s.to)
	if err != nil {
		event.Fault, event.Detail = trace.LocalFailure, err.Error()
	}
	s.events.Record(event)
	if err != nil && s.sends == 1 {
		return s.fail(fmt.Sprintf("the SUBSCRIBE to %s could not be sent: %v", s.to, err), err)
	}
	s.exchange.keep(Message{At: now, Sent: true, Peer: s.to, Raw: s.sub.request})
	s.resend = now.Add(s.interval)
	s.interval = min(2*s.interval, sipT2)
	if s.resend.Sub(s.start) >= sipTimerF {
		s.resend = time.Time{}
	}
	return nil
}

// receive sorts one datagram. What does not hold the phone's Call-ID costs one search
// through its bytes; the first ones are told apart for the timeline.
func (s *pnpSearch) receive(raw []byte, from netip.AddrPort) {
	cut := len(raw) > maxDatagram
	ours := bytes.Contains(raw, []byte(s.sub.callID))
	if !ours && s.ignored >= maxForeign {
		s.flood++
		s.exchange.Left++
		return
	}
	s.exchange.keep(Message{At: time.Now(), Peer: from, Raw: raw, Cut: cut})
	m, err := parseSIP(raw)
	if err != nil {
		s.ignore(from, "malformed", err.Error())
		return
	}
	callID, _ := m.header("call-id")
	if callID != s.sub.callID {
		s.foreign(m, from)
		return
	}
	r := &received{sipMessage: m, from: from, sub: s.sub, answered: s.accepted, responses: s.responses}
	switch m.method {
	case "":
		s.response(r)
	case "NOTIFY":
		s.notify(r, cut)
	default:
		s.ignore(from, "method", fmt.Sprintf("%s: the phone waits for a NOTIFY", m.method))
	}
}

// maxForeign is how many foreign messages are looked at and reported one by one; the
// rest of a flood is counted.
const maxForeign = 16

// foreign passes over a message of another dialog. A NOTIFY for a subscription that
// the phone does not have is answered 481 (RFC 6665 §4.1.3), so that its sender stops.
func (s *pnpSearch) foreign(m *sipMessage, from netip.AddrPort) {
	what := fmt.Sprintf("a response %d", m.status)
	if m.method != "" {
		what = "a " + m.method
	}
	s.ignore(from, "foreign", what+" with another Call-ID than the SUBSCRIBE's")
	if m.method == "NOTIFY" {
		s.answer(m, from, "481 Subscription Does Not Exist")
	}
}

// ignore counts and records what the phone passes over.
func (s *pnpSearch) ignore(from netip.AddrPort, id, why string) {
	s.ignored++
	s.report(from, id, why)
}

func (s *pnpSearch) report(from netip.AddrPort, id, why string) {
	s.events.Record(trace.Event{Kind: trace.PnPIgnored, Name: id, Peer: from, Detail: short(harmless(why), 400)})
}

// response takes an answer to the SUBSCRIBE.
func (s *pnpSearch) response(r *received) {
	if _, method, ok := r.cseq(); !ok || method != "SUBSCRIBE" {
		s.ignore(r.from, "cseq", fmt.Sprintf("a response %d to something else than the SUBSCRIBE", r.status))
		return
	}
	s.events.Record(trace.Event{Kind: trace.PnPResponse, Name: fmt.Sprint(r.status), Peer: r.from,
		Attempt: s.sends, Took: time.Since(s.start), Detail: short(harmless(r.reason), 200)})
	switch {
	case r.status < 200:
		s.interval = sipT2
		if due := time.Now().Add(sipT2); !s.resend.IsZero() && s.resend.Before(due) {
			s.resend = due
		}
	case r.status < 300:
		s.accepted, s.resend = true, time.Time{}
		if _, again := s.responses[r.from.Addr()]; !again && len(s.responses) < maxForeign {
			s.responses[r.from.Addr()] = r.tag("to")
			s.deviations(broken(responseRules, r), r.from)
		}
	default:
		// A refusal is one responder's: in the group, another one may still say yes.
		s.refused = fmt.Sprintf("%s answered %d %s", r.from, r.status, short(harmless(r.reason), 200))
		if !s.to.Addr().IsMulticast() {
			s.resend = time.Time{}
		}
	}
}

func (s *pnpSearch) deviations(rules []rule, from netip.AddrPort) {
	for _, x := range rules {
		s.events.Record(trace.Event{Kind: trace.PnPDeviation, Name: x.id, Peer: from, Detail: x.text})
	}
}
