package phone

import (
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Methods that a phone understands. An INVITE is understood and answered 480: nobody is
// there to take the call.
const sipAllow = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY"

var sipKnown = map[string]bool{"INVITE": true, "BYE": true, "OPTIONS": true, "NOTIFY": true}

// sipElsewhere are methods of other RFCs, which a phone recognizes and has no use for:
// 405, not 501 (RFC 3261 §21.4.6, §21.5.2).
var sipElsewhere = map[string]bool{
	"REGISTER": true, "SUBSCRIBE": true, "PUBLISH": true, "MESSAGE": true, "INFO": true, "UPDATE": true, "PRACK": true, "REFER": true,
}

// sipCore answers requests. It has no socket, no goroutine and no timer, so that many
// phones can be behind one socket: whoever has the socket calls answerRequest, sends
// what it returns, and does what the action says. The zero value answers as a phone
// without settings. It may be used by several goroutines.
type sipCore struct {
	rules  atomic.Pointer[sipRules] // nil: the zero sipRules
	recent sipRecent
	nonces sipNonces
}

// sipRules are what the settings and the options say about answering.
type sipRules struct {
	agent      string              // User-Agent
	digest     bool                // option notify_auth
	realm      string              // of its challenges
	passwords  map[string]string   // by user name
	registrars map[netip.Addr]bool // whose NOTIFYs are taken (option notify_from); nil: everybody's
}

// sipAction is what follows from a request beside its answer.
type sipAction struct {
	to      netip.AddrPort // where the answer goes over UDP
	trigger device.Trigger // empty: none
	events  []trace.Event
	dropped error // why there is no answer; nil for an ACK, which never gets one
	again   bool  // a resent request: the same answer, and no trigger
}

// answerRequest answers one request that came from an address; the answer is nil for
// what can't be answered. A resent request gets the same answer again and triggers
// nothing.
func (c *sipCore) answerRequest(raw []byte, from netip.AddrPort) ([]byte, sipAction) {
	r, err := parseSIPRequest(raw, from)
	if err != nil {
		return nil, sipAction{dropped: err}
	}
	return c.answer(r, from, func() *sipRules {
		if rules := c.rules.Load(); rules != nil {
			return rules
		}
		return new(sipRules)
	})
}

// answer answers a request by the rules that rulesOf returns, where it is none that came
// before. Without rules there is nobody of that name.
func (c *sipCore) answer(r *sipRequest, from netip.AddrPort, rulesOf func() *sipRules) ([]byte, sipAction) {
	if r.method == "ACK" { // "A UAS MUST NOT respond to an ACK" (RFC 3261 §17.1.1.3, §13.3.1.4)
		return nil, sipAction{}
	}
	to := answerPort(r.via, from)
	now := time.Now()
	if answer := c.recent.find(r.key(r.method), now); answer != nil {
		return answer, sipAction{to: to, again: true}
	}
	reply, action, agent := notFound, sipAction{}, ""
	if rules := rulesOf(); rules != nil {
		reply, action = c.decide(r, rules)
		agent = rules.agent
	}
	answer := r.respond(reply, agent)
	c.recent.keep(r.key(r.method), answer, now)
	action.to = to
	action.events = append([]trace.Event{
		{Kind: trace.SIPRequest, Name: r.method, Peer: from, Detail: r.summary()},
		{Kind: trace.SIPAnswer, Name: fmt.Sprint(reply.code), Peer: to, Detail: reply.reason},
	}, action.events...)
	return answer, action
}

// notFound is the answer for a user who is nobody here: "If the Request-URI does not
// identify an address that the UAS is willing to accept requests for, it SHOULD reject
// the request with a 404 (Not Found) response" (RFC 3261 §8.2.2.1).
var notFound = sipReply{404, "Not Found", nil}

// decide goes through a request in the order of RFC 3261 §8.2: the message itself, its
// method, its headers.
func (c *sipCore) decide(r *sipRequest, rules *sipRules) (sipReply, sipAction) {
	allow := "Allow: " + sipAllow
	switch {
	case r.version != "SIP/2.0":
		return sipReply{505, "Version Not Supported", nil}, sipAction{}
	case r.bad != "":
		return sipReply{400, r.bad, nil}, sipAction{}
	case sipElsewhere[r.method]:
		return sipReply{405, "Method Not Allowed", []string{allow}}, sipAction{}
	case r.method == "CANCEL":
		// An INVITE is answered at once, so that there is nothing left to cancel: "the
		// CANCEL request has no effect" and is answered 200 (RFC 3261 §9.2).
		if c.recent.find(r.key("INVITE"), time.Now()) != nil {
			return sipReply{200, "OK", nil}, sipAction{}
		}
		return sipReply{481, "Call/Transaction Does Not Exist", nil}, sipAction{}
	case r.method == "BYE", r.tag("to") != "" && sipKnown[r.method]:
		// The phone has no dialog: no call, and no subscription. "If no match is found
		// [...] the notifier MUST respond with a 481" (RFC 6665 §4.1.3).
		return sipReply{481, "Call/Transaction Does Not Exist", nil}, sipAction{}
	}
	if options := r.requires(); options != "" {
		return sipReply{420, "Bad Extension", []string{"Unsupported: " + options}}, sipAction{}
	}
	switch r.method {
	case "OPTIONS":
		// RFC 3261 §11.2 wants an INVITE's answer here; registrars that ask whether a
		// phone is alive want 200.
		return sipReply{200, "OK", []string{allow, "Accept: application/sdp", allowEvents}}, sipAction{}
	case "INVITE":
		return sipReply{480, "Temporarily Unavailable", nil}, sipAction{}
	case "NOTIFY":
		return c.notify(r, rules)
	}
	return sipReply{501, "Not Implemented", []string{allow}}, sipAction{}
}

// requires returns the option tags that the request insists on: the phone supports
// none, and says so (RFC 3261 §8.2.2.3).
func (r *sipRequest) requires() string {
	return strings.Join(r.all("require"), ", ")
}

// summary says for a person what a request is about.
func (r *sipRequest) summary() string {
	if event := r.first("event"); event != "" {
		return r.uri + ", Event: " + event
	}
	return r.uri
}
