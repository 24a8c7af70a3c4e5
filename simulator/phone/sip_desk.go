package phone

import (
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// SIPDesk answers SIP requests for many phones at rest behind one socket, each as its
// own SIP side would; phones are known by the user of the Request-URI. It has no
// socket, no goroutine and no timer. The zero value works. It may be used by several
// goroutines.
type SIPDesk struct{ core sipCore }

// deskRemembered is how many answers a desk keeps for requests that come again, which
// is what bounds its memory: about 40 MB.
const deskRemembered = 1 << 16

// NewSIPDesk returns a desk that remembers the answers to as many requests as come to
// thousands of phones.
func NewSIPDesk() *SIPDesk {
	d := new(SIPDesk)
	d.core.recent.most = deskRemembered
	return d
}

// SIPHolder is a phone at rest, as far as it matters to its answers.
type SIPHolder struct {
	Identity  device.Identity
	Behaviour device.Behaviour // defaults filled in
	Settings  *config.Settings
	Off       bool // it has no power, and says nothing
}

// SIPAnswer is what a phone says to a request, and what follows from it.
type SIPAnswer struct {
	Bytes   []byte         // nil: nothing is said
	To      netip.AddrPort // where they go
	Trigger device.Trigger // CheckSync or CheckSyncReboot: what the phone is to do; empty: nothing
	Again   bool           // a resent request: the same answer, and no trigger
	Unknown bool           // nobody has that name
	Dropped error          // why nothing is said to what is no request; nil for a phone that is off
	Events  []trace.Event
}

// Answer answers one request. find tells who a user is; nil: nobody, which is answered
// 404. What the setting sip.notify_reboot_enable makes of a check-sync is in Trigger.
func (d *SIPDesk) Answer(raw []byte, from netip.AddrPort, find func(user string) *SIPHolder) SIPAnswer {
	if isSIPResponse(raw) {
		return SIPAnswer{}
	}
	r, err := parseSIPRequest(raw, from)
	if err != nil {
		return SIPAnswer{Dropped: err}
	}
	holder := find(uriUser(r.uri))
	if holder != nil && holder.Off {
		return SIPAnswer{}
	}
	answer, action := d.core.answer(r, from, func() *sipRules {
		if holder == nil {
			return nil
		}
		rules := newSIPRules(holder.Identity, holder.Behaviour, holder.Settings)
		if holder.Behaviour.NotifyFrom == "registrar" {
			rules.registrars = make(map[netip.Addr]bool) // a phone at rest is registered nowhere
		}
		return rules
	})
	a := SIPAnswer{Bytes: answer, To: action.to, Again: action.again, Unknown: holder == nil, Events: action.events}
	if action.trigger != "" {
		lives, _ := readProfile(holder.Settings)
		a.Trigger = lives.checkSync(action.trigger)
	}
	return a
}

// uriUser is the user of a SIP URI, without a password (RFC 3261 §19.1.1).
func uriUser(uri string) string {
	uri = strings.Trim(uri, "<> ")
	if _, rest, ok := strings.Cut(uri, ":"); ok {
		uri = rest
	}
	user, _, ok := strings.Cut(uri, "@")
	if !ok {
		return ""
	}
	user, _, _ = strings.Cut(user, ":")
	return user
}
