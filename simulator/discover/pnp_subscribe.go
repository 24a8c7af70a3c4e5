package discover

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// branchCookie begins every branch of RFC 3261 (§8.1.1.7).
const branchCookie = "z9hG4bK"

// subscription is what one SUBSCRIBE says, and by what its answers are known.
type subscription struct {
	user    string // MAC0021f2000001
	group   string // 224.0.1.75, also where the message goes elsewhere
	local   netip.AddrPort
	callID  string
	tag     string // of From
	branch  string
	event   string // the whole Event value
	request []byte // the bytes, the same at each sending
}

// newSubscription makes a fresh SUBSCRIBE that leaves from local.
func newSubscription(id device.Identity, local netip.AddrPort, b device.Behaviour) *subscription {
	s := &subscription{
		user:   "MAC" + id.MAC.String(),
		group:  netip.MustParseAddrPort(PnPGroup).Addr().String(),
		local:  local,
		callID: rand.Text(),
		tag:    rand.Text()[:10],
		branch: branchCookie + rand.Text()[:16],
		event:  oneLine(id.Expand(b.PnPEvent)),
	}
	s.request = s.build()
	return s
}

// contact is where the phone wants its NOTIFY: its real address and port.
func (s *subscription) contact() string { return "sip:" + s.user + "@" + s.local.String() }

// build writes the message by hand: the order of the lines is the phone's, which
// package sip would keep, but it writes URIs and parameters its own way.
func (s *subscription) build() []byte {
	uri := "sip:" + s.user + "@" + s.group
	var b strings.Builder
	fmt.Fprintf(&b, "SUBSCRIBE %s SIP/2.0\r\n", uri)
	fmt.Fprintf(&b, "Via: SIP/2.0/UDP %s;branch=%s\r\n", s.local, s.branch)
	fmt.Fprintf(&b, "From: <%s>;tag=%s\r\n", uri, s.tag)
	fmt.Fprintf(&b, "To: <%s>\r\n", uri)
	fmt.Fprintf(&b, "Call-ID: %s\r\n", s.callID)
	fmt.Fprintf(&b, "CSeq: 1 SUBSCRIBE\r\n")
	fmt.Fprintf(&b, "Contact: <%s>\r\n", s.contact())
	fmt.Fprintf(&b, "Max-Forwards: 70\r\n")
	fmt.Fprintf(&b, "Expires: 0\r\n")
	fmt.Fprintf(&b, "Event: %s\r\n", s.event)
	fmt.Fprintf(&b, "Accept: application/url\r\n")
	fmt.Fprintf(&b, "Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

// oneLine takes out what would end a header line: models and templates come from
// users.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}
