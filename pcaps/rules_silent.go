package pcaps

import (
	"fmt"
	"strings"
	"time"
)

// silent: no answer, as far as the capture goes.
func (s *story) silent(a *attempt, d *Diagnosis) {
	server, last := a.server(), a.end.At
	sends := max(len(a.requests), a.end.Attempt)
	if e := s.heardOf(a); e.Frame > 0 {
		s.undelivered(a, e, d)
		return
	}
	if after := s.ended(last); after < patience && !s.goesOn(a) {
		d.Cause, d.rank = Incomplete, 85
		d.Text = fmt.Sprintf("the capture ends %s the request for %s: whether it was answered is not in it", after0(max(0, after)), a.name)
		d.Next = "Capture longer: until a minute after the phone's last request."
		return
	}
	if next := s.hadAnswer(a, sends); next != "" {
		d.Cause, d.rank = Incomplete, 85
		d.Text = fmt.Sprintf("after %s the phone asked for %s at once, and waits longer for an answer: it had one, which is not in "+
			"the capture", a.name, next)
		d.Next = "Capture again, with a larger buffer (tcpdump -B): frames were lost."
		return
	}
	d.Cause = NoAnswer
	if from := a.foreign(); from != "" {
		d.Cause, d.Side = ServerFailed, Open
		d.Text = fmt.Sprintf("the transfer of %s stopped: after it began, packets came from another port (%s), which a "+
			"client must not take for the same transfer (RFC 1350 §4)", a.name, from)
		d.Next = "Does the server answer one transfer from two ports, or does a NAT between the two lose its entry? Capture at the server."
		return
	}
	if a.end.Bytes > 0 || strings.HasPrefix(a.end.Detail, "silence after") {
		d.Text = fmt.Sprintf("%s stopped in the middle of %s: %s", server, a.name, a.end.Detail)
		d.Next = "Look for what drops packets between the two, and into the server's log; does it happen with small files too?"
		return
	}
	span := sinceOf(a.end.At.Add(-a.end.Took), a.end.At)
	d.Text = fmt.Sprintf("%s never answered the request for %s, sent %s", server, a.name, times(sends, "time"))
	if sends > 1 {
		d.Text += fmt.Sprintf(" in %s", round(span))
	}
	d.Text += ": nothing came back at this point of the network"
	d.Next = fmt.Sprintf("Is %s the provisioning server, and does it run? Capture at the server: if the request arrives there, "+
		"the server is silent; if not, "+
		"a firewall or a route is in between (TFTP answers come from a new port).", server.Addr())
}

// atOnce is less than a phone waits for an answer before it goes on without (patience, or what it was told).
const atOnce = time.Second

// soon is less than this phone waits: it asks again after longer.
func (s *story) soon() time.Duration {
	if s.soonIs > 0 {
		return s.soonIs
	}
	soon := atOnce
	for _, a := range s.fetches {
		for i := 1; i < len(a.requests); i++ {
			if a.requests[i].Attempt > 1 {
				soon = min(soon, sinceOf(a.requests[i-1].At, a.requests[i].At)/2)
			}
		}
	}
	s.soonIs = max(soon, 1)
	return s.soonIs
}

// hadAnswer is what the phone asked the same server for so soon after a request of which no answer is in the capture that it
// had one; empty: nothing. Of a request over TCP it may be the server that hung up.
func (s *story) hadAnswer(a *attempt, sends int) string {
	asked := a.end.At
	switch {
	case strings.HasPrefix(a.name, connectionTo) && sends == 1:
	case a.scheme() == "tftp" && len(a.requests) > 0 && a.end.Bytes == 0 && !strings.HasPrefix(a.end.Detail, "silence after"):
		asked = a.requests[len(a.requests)-1].At
	default:
		return ""
	}
	soon := s.soon()
	for _, b := range s.fetches[a.place+1:] {
		switch {
		case len(b.requests) == 0 || b.url == a.url || b.server().Addr() != a.server().Addr() || b.requests[0].Frame < a.end.Frame:
		case sinceOf(asked, b.requests[0].At) >= soon:
			return ""
		default:
			return b.name
		}
	}
	return ""
}

// goesOn reports whether the phone asked for something else after a file.
func (s *story) goesOn(a *attempt) bool { return s.askedAfter(a.end) }

// askedAfter reports whether the phone asked for another file after an event.
func (s *story) askedAfter(e Event) bool {
	for _, b := range s.fetches {
		if len(b.requests) > 0 && b.requests[0].Frame > e.Frame && b.requests[0].At.After(e.At) {
			return true
		}
	}
	return false
}
