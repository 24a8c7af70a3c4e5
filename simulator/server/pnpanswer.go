package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/wire"
)

// maxSIP is the longest message that is read, in bytes: a SUBSCRIBE has about 500, and
// parsing may take time that grows with the square of the length.
const maxSIP = 4096

// receive serves one datagram.
func (p *PnP) receive(raw []byte, from netip.AddrPort) {
	seen := PnPMessage{Peer: from}
	if len(raw) > maxSIP {
		seen.Detail = fmt.Sprintf("more than %d bytes", maxSIP)
		p.record(seen)
		return
	}
	m, err := sip.ParseMessage(raw)
	if err != nil {
		seen.Detail = "not SIP: " + err.Error()
		p.record(seen)
		return
	}
	switch m := m.(type) {
	case *sip.Response:
		p.answered(m, from)
	case *sip.Request:
		m.SetSource(from.String())
		p.request(m, from)
	}
}

// request answers a SUBSCRIBE to ua-profile. What else is sent to the group is left to
// others there; what is sent to the server itself gets a proper refusal.
func (p *PnP) request(req *sip.Request, from netip.AddrPort) {
	seen := PnPMessage{Peer: from, Method: string(req.Method), Event: eventOf(req)}
	target, err := usable(req, from)
	if err == nil {
		p.subscribe(req, seen, target)
		return
	}
	seen.Detail = err.Error()
	var no *refusal
	if errors.As(err, &no) && no.status != 0 && req.Recipient.Host != pnpGroup.Addr().String() {
		seen.Status = no.status
		res := sip.NewResponseFromRequest(req, no.status, no.reason, nil)
		if no.header != nil {
			res.AppendHeader(no.header)
		}
		p.send(p.conn, p.dress(res.String()), responseTo(req, from))
	}
	p.record(seen)
}

// refusal is why a request is not served. Without a status it gets no answer.
type refusal struct {
	status int
	reason string
	header sip.Header // what would do; may be nil
	detail string
}

func (r *refusal) Error() string { return r.detail }

// badEvent is "Bad Event" (RFC 6665 §8.3.2).
const badEvent = 489

// eventOf returns a request's Event, which may have its compact name.
func eventOf(req *sip.Request) string {
	for _, name := range []string{"Event", "o"} {
		if h := req.GetHeader(name); h != nil {
			return h.Value()
		}
	}
	return ""
}

// hasBasics reports whether a response can be made of the request (RFC 3261 §8.2.6.2).
func hasBasics(req *sip.Request) bool {
	via := req.Via()
	return req.SipVersion == "SIP/2.0" && via != nil && via.Host != "" && via.Transport != "" &&
		req.From() != nil && req.To() != nil && req.CallID() != nil && req.CSeq() != nil
}

// usable returns where the NOTIFY goes: the port of the Contact, at the address that
// the SUBSCRIBE really came from. A Contact that names somebody else does not make this
// server send there. Its error is a *refusal.
func usable(req *sip.Request, from netip.AddrPort) (netip.AddrPort, error) {
	event, _, _ := strings.Cut(eventOf(req), ";")
	switch {
	case !hasBasics(req):
		return netip.AddrPort{}, &refusal{detail: "not SIP/2.0, or no Via, From, To, Call-ID or CSeq"}
	case req.Method == sip.ACK:
		return netip.AddrPort{}, &refusal{detail: "an ACK has no answer"}
	case req.Method != sip.SUBSCRIBE:
		allow := sip.NewHeader("Allow", "SUBSCRIBE")
		return netip.AddrPort{}, &refusal{sip.StatusMethodNotAllowed, "Method Not Allowed", allow, "no SUBSCRIBE"}
	case !strings.EqualFold(strings.TrimSpace(event), "ua-profile"):
		allow := sip.NewHeader("Allow-Events", "ua-profile")
		return netip.AddrPort{}, &refusal{badEvent, "Bad Event", allow, "another event than ua-profile"}
	case req.Contact() == nil:
		return netip.AddrPort{}, &refusal{sip.StatusBadRequest, "Bad Request", nil, "no Contact"}
	}
	port := req.Contact().Address.Port
	if port == 0 {
		port = int(pnpGroup.Port())
	}
	if port < 1 || port > 65535 {
		return netip.AddrPort{}, &refusal{sip.StatusBadRequest, "Bad Request", nil, fmt.Sprintf("the Contact's port is %d", port)}
	}
	return netip.AddrPortFrom(from.Addr(), uint16(port)), nil
}

// responseTo is where a response goes: to the address that the request came from, and
// the port of its Via, or its own port where the Via has rport (RFC 3261 §18.2.2,
// RFC 3581 §4).
func responseTo(req *sip.Request, from netip.AddrPort) netip.AddrPort {
	via := req.Via()
	if via.Params.Has("rport") {
		return from
	}
	port := via.Port
	if port < 1 || port > 65535 {
		port = int(pnpGroup.Port())
	}
	return netip.AddrPortFrom(from.Addr(), uint16(port))
}

// subscribe answers a phone: 200, and a NOTIFY with its URL.
func (p *PnP) subscribe(req *sip.Request, seen PnPMessage, target netip.AddrPort) {
	mac, ok := pnpMAC(req.To().Address.User)
	if !ok {
		mac, ok = pnpMAC(req.From().Address.User)
	}
	seen.MAC = mac
	switch {
	case !ok:
		seen.Detail = "no MAC in To or From"
	case p.options.URL != nil:
		seen.URL = p.options.URL(mac)
	}
	if seen.URL == "" {
		if seen.Detail == "" {
			seen.Detail = "no URL for this phone"
		}
		p.record(seen)
		return
	}
	seen.Status = sip.StatusOK
	p.record(seen) // before it leaves: the phone's answer comes after it
	res := sip.NewResponseFromRequest(req, sip.StatusOK, "OK", nil)
	res.To().Params.Add("tag", p.tag(req))
	res.AppendHeader(&sip.ContactHeader{Address: p.uri(seen.Peer)})
	res.AppendHeader(sip.NewHeader("Expires", "0"))
	ok200 := p.dress(res.String())
	n := p.newNotify(req, seen, target)
	if p.odd(PnPNotifyFirst) {
		p.start(n)
		p.send(p.conn, ok200, responseTo(req, seen.Peer))
		return
	}
	p.send(p.conn, ok200, responseTo(req, seen.Peer))
	p.start(n)
}

// tag is the server's side of the dialog. It is the same for a SUBSCRIBE that is
// resent, so that nothing needs to be kept for that.
func (p *PnP) tag(req *sip.Request) string { return p.derive("tag", req) }

func (p *PnP) derive(what string, req *sip.Request) string {
	sum := sha256.Sum256([]byte(what + p.secret + req.CallID().Value() + "\n" + req.CSeq().Value() + "\n" + req.Source()))
	return hex.EncodeToString(sum[:8])
}

// uri is the server's own address, as the phone reaches it.
func (p *PnP) uri(phone netip.AddrPort) sip.Uri {
	own := p.own
	if own.IsUnspecified() {
		if found, ok := wire.SourceFor(p.options.Network, phone); ok {
			own = found
		}
	}
	return sip.Uri{Scheme: "sip", Host: own.String(), Port: int(addrPort(p.other.LocalAddr()).Port())}
}

// dress gives a message the oddities of form.
func (p *PnP) dress(text string) []byte {
	head, body, _ := strings.Cut(text, "\r\n\r\n")
	head += "\r\n\r\n"
	if p.odd(PnPCompact) {
		head = compact.Replace(head)
	}
	if p.odd(PnPLFOnly) {
		head = strings.ReplaceAll(head, "\r\n", "\n")
	}
	return []byte(head + body)
}

// compact writes the short names of headers (RFC 3261 §7.3.3, RFC 6665 §8.2.1).
var compact = strings.NewReplacer("\r\nVia: ", "\r\nv: ", "\r\nFrom: ", "\r\nf: ", "\r\nTo: ", "\r\nt: ", "\r\nCall-ID: ", "\r\ni: ",
	"\r\nContact: ", "\r\nm: ", "\r\nEvent: ", "\r\no: ", "\r\nContent-Type: ", "\r\nc: ", "\r\nContent-Length: ", "\r\nl: ")
