package discover

import (
	"crypto/rand"
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// branchCookie begins every branch of RFC 3261 (§8.1.1.7).
const branchCookie = "z9hG4bK"

// pnpHost is the host of PnPGroup.
const pnpHost = "224.0.1.75"

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
		group:  pnpHost,
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
	uri, local := "sip:"+s.user+"@"+s.group, s.local.String()
	return []byte("SUBSCRIBE " + uri + " SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP " + local + ";branch=" + s.branch + "\r\n" +
		"From: <" + uri + ">;tag=" + s.tag + "\r\n" +
		"To: <" + uri + ">\r\n" +
		"Call-ID: " + s.callID + "\r\n" +
		"CSeq: 1 SUBSCRIBE\r\n" +
		"Contact: <sip:" + s.user + "@" + local + ">\r\n" +
		"Max-Forwards: 70\r\n" +
		"Expires: 0\r\n" +
		"Event: " + s.event + "\r\n" +
		"Accept: application/url\r\n" +
		"Content-Length: 0\r\n\r\n")
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
