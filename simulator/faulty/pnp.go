package faulty

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// pnpFault is what a fault changes of PnP; the zero value is a responder that is right.
type pnpFault struct {
	answer   func(m *sipText, c *pnpCall) // the 200
	notify   func(m *sipText, c *pnpCall) // the NOTIFY
	to       func(netip.AddrPort) netip.AddrPort
	url      func(s *Server, phone device.MAC, right string) string
	anyEvent bool // every SUBSCRIBE is taken for one to ua-profile

	noAnswer, noNotify bool
	once               bool // a NOTIFY is sent once
	endless            bool // a NOTIFY is sent again though it was answered
	fresh              bool // a NOTIFY that is sent again is another one
	deaf               bool // a SUBSCRIBE that comes again is passed over
	freshTag           bool // it is answered with another tag
	cancels            bool // it ends the subscription
	oneAtATime         bool // no other phone is answered before this one's NOTIFY was
	dies               bool // nothing more is answered after what is not SIP
}

// pnpCall is the SUBSCRIBE of one phone.
type pnpCall struct {
	request  sipRead
	from     netip.AddrPort
	own      string // the server's address and port
	phone    device.MAC
	tag      string
	url      string
	answered bool
	timer    *time.Timer
	sends    int
	ended    bool
}

// pnpServer is the responder's state.
type pnpServer struct {
	conn net.PacketConn
	mu   sync.Mutex
	by   map[string]*pnpCall // by Call-ID
	busy string              // whose Call-ID is being served
	dead bool
	told map[device.MAC]string // by Announce
}

// startPnP listens for SUBSCRIBEs that are sent to the server itself.
func (s *Server) startPnP() error {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.pnp.conn, s.pnp.by = conn, make(map[string]*pnpCall)
	s.hold(conn)
	s.run(s.servePnP)
	return nil
}

// PnPAddress returns where phones subscribe: host:port; empty where there is no PnP.
func (s *Server) PnPAddress() string {
	if s.pnp.conn == nil {
		return ""
	}
	return s.pnp.conn.LocalAddr().String()
}

// Announce makes the server name url to a phone, by PnP and by DHCP; empty: its root.
func (s *Server) Announce(_ context.Context, phone device.MAC, url string) error {
	s.pnp.mu.Lock()
	defer s.pnp.mu.Unlock()
	if s.pnp.told == nil {
		s.pnp.told = make(map[device.MAC]string)
	}
	if s.pnp.told[phone] = url; url == "" {
		delete(s.pnp.told, phone)
	}
	return nil
}

// urlFor is what a phone is told; s.pnp.mu is held.
func (s *Server) urlFor(phone device.MAC) string {
	if u, ok := s.pnp.told[phone]; ok {
		return u
	}
	for _, scheme := range []string{"http", "tftp"} {
		if u := s.urls[scheme]; u != nil {
			return u.String()
		}
	}
	return ""
}

func (s *Server) servePnP() {
	buf := make([]byte, 1<<16)
	for s.ctx.Err() == nil {
		n, from, err := s.pnp.conn.ReadFrom(buf)
		if err != nil {
			continue // the socket is closed, or one datagram came back
		}
		s.pnp.mu.Lock()
		s.heardPnP(buf[:n], from.(*net.UDPAddr).AddrPort())
		s.pnp.mu.Unlock()
	}
}

// heardPnP takes one datagram; s.pnp.mu is held.
func (s *Server) heardPnP(raw []byte, from netip.AddrPort) {
	f := &s.behaviour.pnp
	m, ok := readSIP(raw)
	switch {
	case s.pnp.dead:
	case !ok:
		s.pnp.dead = f.dies
	case strings.HasPrefix(m.start, "SIP/2.0 "):
		if c := s.pnp.by[m.head["call-id"]]; c != nil && !f.endless {
			c.answered = true
			s.doneWith(c)
		}
	case strings.HasPrefix(m.start, "SUBSCRIBE "):
		s.subscribed(m, from)
	}
}

// doneWith frees the place of a call.
func (s *Server) doneWith(c *pnpCall) {
	if s.pnp.busy == c.request.head["call-id"] {
		s.pnp.busy = ""
	}
}

// subscribed answers a SUBSCRIBE.
func (s *Server) subscribed(m sipRead, from netip.AddrPort) {
	f := &s.behaviour.pnp
	_, user, _ := strings.Cut(m.head["from"], "sip:MAC")
	phone, err := device.ParseMAC(user[:min(12, len(user))])
	for _, name := range []string{"via", "from", "to", "call-id", "cseq", "contact", "event"} {
		if m.head[name] == "" || err != nil {
			return
		}
	}
	if !strings.HasPrefix(m.head["event"], "ua-profile") && !f.anyEvent {
		refusal := answerTo(m, "489 Bad Event")
		refusal.set("To", m.head["to"]+";tag=no")
		s.sendPnP(refusal.bytes(), from)
		return
	}
	id := m.head["call-id"]
	c := s.pnp.by[id]
	switch {
	case f.oneAtATime && s.pnp.busy != "" && s.pnp.busy != id:
		return
	case c == nil:
		c = &pnpCall{request: m, from: from, own: s.pnp.conn.LocalAddr().String(), phone: phone, tag: "s" + id[:min(8, len(id))]}
		c.url = s.urlFor(phone)
		if f.url != nil {
			c.url = f.url(s, phone, c.url)
		}
		s.pnp.by[id], s.pnp.busy = c, id
	case f.deaf:
		return
	case f.cancels:
		c.ended = true
	case f.freshTag:
		c.tag += "x"
	}
	if !f.noAnswer {
		s.sendPnP(c.accept(f).bytes(), c.target(f))
	}
	if !f.noNotify && c.timer == nil {
		delay := time.Millisecond
		if f.cancels {
			delay = 50 * time.Millisecond // so that what comes twice comes before it
		}
		c.timer = time.AfterFunc(delay, func() { s.notifyPnP(c) })
	}
}

// target is where messages of a call go.
func (c *pnpCall) target(f *pnpFault) netip.AddrPort {
	if f.to != nil {
		return f.to(c.from)
	}
	return c.from
}

// answerTo is a response with what every response has (RFC 3261 §8.2.6.2).
func answerTo(m sipRead, status string) *sipText {
	return &sipText{start: "SIP/2.0 " + status, head: []sipLine{
		{"Via", m.head["via"]}, {"From", m.head["from"]}, {"To", m.head["to"]}, {"Call-ID", m.head["call-id"]}, {"CSeq", m.head["cseq"]},
	}}
}

// accept is the 200.
func (c *pnpCall) accept(f *pnpFault) *sipText {
	m := answerTo(c.request, "200 OK")
	m.set("To", c.request.head["to"]+";tag="+c.tag)
	m.set("Contact", "<sip:"+c.own+">")
	m.set("Expires", "0")
	if f.answer != nil {
		f.answer(m, c)
	}
	return m
}

// tell is the NOTIFY.
func (c *pnpCall) tell(f *pnpFault) *sipText {
	number := 1
	if f.fresh {
		number += c.sends
	}
	m := &sipText{start: "NOTIFY " + address(c.request.head["contact"]) + " SIP/2.0", body: c.url, head: []sipLine{
		{"Via", fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK%s%d", c.own, c.tag, number)},
		{"Max-Forwards", "70"},
		{"From", c.request.head["to"] + ";tag=" + c.tag},
		{"To", c.request.head["from"]},
		{"Call-ID", c.request.head["call-id"]},
		{"CSeq", fmt.Sprintf("%d NOTIFY", number)},
		{"Contact", "<sip:" + c.own + ">"},
		{"Event", "ua-profile"},
		{"Subscription-State", "terminated;reason=timeout"},
		{"Content-Type", "application/url"},
	}}
	if f.notify != nil {
		f.notify(m, c)
	}
	return m
}

// mostNotifies bounds the sending of one NOTIFY.
const mostNotifies = 6

// notifyPnP sends a NOTIFY, and again until it is answered (RFC 3261 §17.1.2.2).
func (s *Server) notifyPnP(c *pnpCall) {
	s.pnp.mu.Lock()
	defer s.pnp.mu.Unlock()
	f := &s.behaviour.pnp
	if c.answered || c.ended || c.sends >= mostNotifies || s.ctx.Err() != nil {
		s.doneWith(c)
		return
	}
	s.sendPnP(c.tell(f).bytes(), c.target(f))
	c.sends++
	if !f.once {
		c.timer = time.AfterFunc(500*time.Millisecond<<min(c.sends-1, 3), func() { s.notifyPnP(c) })
	}
}

// sendPnP sends a datagram; one that cannot be sent is lost.
func (s *Server) sendPnP(b []byte, to netip.AddrPort) {
	_, _ = s.pnp.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
}
