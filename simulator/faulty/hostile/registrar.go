package hostile

import (
	"fmt"
	"strings"
	"time"
)

// sipAttacks are registrars, and do to whoever registers.
var sipAttacks = []Attack{
	registrar("sip-endless-challenge", "asks for credentials again and again, each time with a new nonce",
		func(s *Server, m message, h sipHead) {
			m.answer(h.response("401 No",
				fmt.Sprintf("WWW-Authenticate: Digest realm=\"x\", nonce=\"%d\", stale=true\r\n", time.Now().UnixNano())))
		}),
	registrar("sip-basic-challenge", "asks for the password itself", func(_ *Server, m message, h sipHead) {
		m.answer(h.response("401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n"))
	}),
	registrar("sip-stranger-challenge", "lets another host ask for credentials in its place", func(s *Server, m message, h sipHead) {
		send(s.deaf, m.from, h.response("401 No", challenges))
		m.answer(h.response("200 OK", "Contact: <"+h.contact+">;expires=3600\r\n"))
	}),
	registrar("sip-redirect-bystander", "sends the phone to another host to register", func(s *Server, m message, h sipHead) {
		m.answer(h.response("302 Moved Temporarily", s.routes()))
		m.answer(h.response("305 Use Proxy", s.routes()))
	}),
	registrar("sip-bystander-routes", "accepts with another host in every header that leads somewhere",
		func(s *Server, m message, h sipHead) {
			m.answer(h.response("200 OK", "Contact: <"+h.contact+">;expires=1\r\n"+s.routes()))
		}),
	registrar("sip-interval-too-brief", "wants longer and longer registrations", func(_ *Server, m message, h sipHead) {
		m.answer(h.response("423 Interval Too Brief", fmt.Sprintf("Min-Expires: %d\r\n", time.Now().UnixMilli()&0xffffffff)))
		m.answer(h.response("423 Interval Too Brief", "Min-Expires: 99999999999999999999\r\n"))
	}),
	registrar("sip-no-time", "accepts for 0 s, -1 s and for ever", func(_ *Server, m message, h sipHead) {
		for _, expires := range []string{"0", "-1", "99999999999999999999", Evil} {
			m.answer(h.response("200 OK", "Contact: <"+h.contact+">;expires="+expires+"\r\nExpires: "+expires+"\r\n"))
		}
	}),
	registrar("sip-answer-flood", "answers thousands of times", func(_ *Server, m message, h sipHead) {
		for range 3000 {
			m.answer(h.response("100 Trying", ""))
		}
		for range 3000 {
			m.answer(h.response("500 Server Internal Error", "Retry-After: 99999999999\r\n"))
		}
	}),
	registrar("sip-escapes", "has terminal escape sequences and HTML in its reason phrase and its challenge",
		func(_ *Server, m message, h sipHead) {
			m.answer(h.response("403 "+Evil, "WWW-Authenticate: Digest realm=\""+Evil+"\", nonce=\"y\"\r\nWarning: 399 "+Evil+"\r\n"))
		}),
	registrar("sip-huge", "answers in datagrams of 60,000 bytes", func(_ *Server, m message, h sipHead) {
		for range 100 {
			m.answer(h.response("200 OK", strings.Repeat("Contact: <sip:x@127.0.0.2>;expires=9\r\n", 1500)))
		}
	}),
	registrar("sip-notify-storm", "wants thousands of phones' worth of passes and reboots from one", func(s *Server, m message, h sipHead) {
		m.answer(h.response("200 OK", "Contact: <"+h.contact+">;expires=3600\r\n"))
		for n := range 3000 {
			event := "Event: check-sync\r\n"
			if n%2 == 1 {
				event = "Event: check-sync;reboot=true\r\n"
			}
			other := h
			other.callID, other.to = fmt.Sprint("storm", n), "<sip:storm@"+s.at.Host+">"
			m.answer(other.notify(s, n+1, event, ""))
		}
	}),
	registrar("sip-notify-bystander", "asks for passes with another host in Via, Contact, Record-Route and Route",
		func(s *Server, m message, h sipHead) {
			m.answer(h.response("200 OK", "Contact: <"+h.contact+">;expires=3600\r\n"))
			for n := range 50 {
				other := h
				other.callID = fmt.Sprint("route", n)
				text := other.notify(s, n+1, "Event: check-sync\r\n"+s.routes(), "")
				m.answer(strings.Replace(text, "\r\nVia: ",
					fmt.Sprintf("\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKb;rport;maddr=127.0.0.2\r\nVia: ", s.bystander.Addr()), 1))
			}
		}),
	registrar("sip-garbage", "sends what is no SIP, requests of no method and heads that do not end",
		func(s *Server, m message, h sipHead) {
			text := h.notify(s, 1, "Event: check-sync\r\n", "")
			for n := range len(text) {
				m.answer(text[:n])
				m.answer("SIP/2.0 " + strings.Repeat("9", n))
				m.answer(strings.Repeat("A", n) + " sip:x SIP/2.0\r\n" + strings.Repeat("Via: ", n))
			}
		}),
	registrar("sip-silence", "says nothing", func(*Server, message, sipHead) {}),
}

// registrar attacks whoever registers, each time.
func registrar(name, does string, attack func(*Server, message, sipHead)) Attack {
	return Attack{Name: name, Scheme: "sip", Does: does, message: func(s *Server, m message) {
		if h, ok := readSIP(m.raw); ok && h.method == "REGISTER" {
			attack(s, m, h)
			s.done()
		}
	}}
}
