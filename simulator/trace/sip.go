package trace

import (
	"fmt"
	"time"
)

// The kinds of the phone's SIP side.
const (
	SIPListening Kind = "sip.listening" // Peer: the phone's own address; Detail: the transports
	SIPRequest   Kind = "sip.request"   // Name: the method; Detail: Request-URI and Event
	SIPAnswer    Kind = "sip.answer"    // the phone's answer; Name: its status code; Peer: where it goes; Detail: its reason
	SIPIgnored   Kind = "sip.ignored"   // Name: why, as an id: malformed, flood, response; Bytes: how many; Detail: why

	NotifyCheckSync Kind = "notify.checksync" // a NOTIFY asks for a pass; Name: the trigger

	RegisterRequest Kind = "register.request" // Name: the address-of-record; Attempt: which sending; Detail: what for
	RegisterAnswer  Kind = "register.answer"  // a challenge or another interim answer; Name: the address-of-record; Detail: it
	RegisterDone    Kind = "register.done"    // Name: the address-of-record; Took: until it expires; Detail: the same
	RegisterFailed  Kind = "register.failed"  // Name: the address-of-record; Fault, Detail; Took: until the next attempt
	RegisterOff     Kind = "register.off"     // Name: the address-of-record; Detail: why
)

// sipWords are those of the SIP side; false for every other kind.
func sipWords(e Event) (string, Tone, bool) {
	switch e.Kind {
	case SIPListening:
		return fmt.Sprintf("** SIP: listens at %s (%s)", e.Peer, e.Detail), plain, true
	case SIPRequest:
		return fmt.Sprintf("<- SIP %s from %s%s", e.Name, e.Peer, parenthesis(e.Detail)), plain, true
	case SIPAnswer:
		return fmt.Sprintf("-> SIP %s %s", e.Name, e.Detail), answerTone(e.Name), true
	case SIPIgnored:
		return "   SIP: passed over: " + e.Detail, odd, true
	case NotifyCheckSync:
		return fmt.Sprintf("   %s asks for %s", peerOf(e), e.Name), good, true
	case RegisterRequest:
		again := ""
		if e.Attempt > 1 {
			again = fmt.Sprintf(" again, the %s time", ordinal(e.Attempt))
		}
		return fmt.Sprintf("-> SIP REGISTER %s at %s%s%s", e.Name, e.Peer, again, parenthesis(e.Detail)), plain, true
	case RegisterAnswer:
		return "<- " + e.Detail, faint, true
	case RegisterDone:
		return fmt.Sprintf("   %s is registered for %s", e.Name, e.Took.Round(time.Second)), good, true
	case RegisterFailed:
		return fmt.Sprintf("   %s is not registered: %s", e.Name, e.Detail), bad, true
	case RegisterOff:
		return fmt.Sprintf("   %s: %s", e.Name, e.Detail), plain, true
	}
	return "", plain, false
}

// answerTone is good for an answer 2xx.
func answerTone(code string) Tone {
	if code != "" && code[0] == '2' {
		return good
	}
	return odd
}
