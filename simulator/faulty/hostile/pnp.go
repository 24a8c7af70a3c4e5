package hostile

import (
	"fmt"
	"strings"
	"time"
)

// pnpAttacks answer a SUBSCRIBE.
var pnpAttacks = []Attack{
	pnp("pnp-ok-flood", "accepts the SUBSCRIBE again and again, each time with another tag, before it names a server",
		func(s *Server, m message, h sipHead) {
			for n := range 5000 {
				m.answer(strings.Replace(h.ok(), ";tag=x", fmt.Sprintf(";tag=x%d", n), 1))
			}
			for range 10 { // the flood may have filled every buffer on the way
				s.pause(50 * time.Millisecond)
				m.answer(h.notify(s, 1, "", s.good()))
			}
		}),
	pnp("pnp-notify-flood", "sends NOTIFY after NOTIFY, each with a number of its own and no URL", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		for n := range 5000 {
			m.answer(h.notify(s, n+1, "", ""))
		}
	}),
	pnp("pnp-many-urls", "names a server, and then thousands of others", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		m.answer(h.notify(s, 1, "", s.good()))
		for n := range 5000 {
			m.answer(h.notify(s, n+2, "", fmt.Sprintf("http://%s/%d/", s.bystander.Addr(), n)))
		}
	}),
	pnp("pnp-endless-trying", "says 100 Trying without end", func(s *Server, m message, h sipHead) {
		for n := 0; n < 2000 && s.pause(time.Millisecond); n++ {
			m.answer(h.response("100 Trying", ""))
		}
	}),
	pnp("pnp-huge-body", "has 60,000 bytes of URL in a datagram", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		m.answer(h.notify(s, 1, "", s.good()+strings.Repeat("x", 60_000)))
	}),
	pnp("pnp-many-lines", "has thousands of URLs in a body", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		m.answer(h.notify(s, 1, "", strings.Repeat("file:///\r\n", 6000)))
	}),
	pnp("pnp-header-flood", "has thousands of headers, each of them twice", func(s *Server, m message, h sipHead) {
		flood := strings.Repeat("X: y\r\nVia: SIP/2.0/UDP 127.0.0.2\r\n", 1600)
		m.answer(h.response("200 OK", flood))
		m.answer(h.notify(s, 1, flood, s.good()))
	}),
	pnp("pnp-length-lies", "announces bodies of 2^63, -1 and 0 bytes, and others", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		for n, length := range []string{"9223372036854775808", "-1", "1e9", "0x10", "", "99999999999999999999999999"} {
			m.answer(strings.Replace(h.notify(s, n+1, "", "  "), "Content-Length: 2", "Content-Length: "+length, 1))
		}
	}),
	pnp("pnp-wrong-dialogs", "sends NOTIFYs of dialogs that the phone does not have", func(s *Server, m message, h sipHead) {
		for n := range 3000 {
			other := h
			other.callID, other.from = fmt.Sprint("other", n), fmt.Sprintf("<sip:other@x>;tag=%d", n)
			if n%2 == 0 {
				other.callID = h.callID // the phone's, with somebody else's tag
			}
			m.answer(other.notify(s, n+1, "", s.good()))
		}
	}),
	pnp("pnp-escapes", "has terminal escape sequences and HTML in its reason phrase, in its headers and in the URL",
		func(s *Server, m message, h sipHead) {
			m.answer(h.response("486 "+Evil, "Warning: 399 "+Evil+"\r\n"))
			m.answer(h.notify(s, 1, "Event: "+Evil+"\r\n", s.good()+Evil))
			m.answer(h.notify(s, 2, "", s.good()+"\u202e\u009b2J</pre><script>alert(1)</script>"))
			m.answer(h.notify(s, 3, "", s.good()+"\u202e</pre><script>alert(1)</script>"))
			m.answer(strings.Replace(h.notify(s, 4, "", ""), "NOTIFY ", "NOT\x1b[2J<script>alert(1)</script>\u202e ", 1))
			m.answer(h.notify(s, 5, "", "http://"+strings.ReplaceAll(Evil, "\x1b", "%1b")+"/"))
		}),
	pnp("pnp-file-url", "names a file of the phone's own machine as its server", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		m.answer(h.notify(s, 1, "", "file:///etc/passwd"))
	}),
	pnp("pnp-bystander-url", "names another host, which asks for credentials", func(s *Server, m message, h sipHead) {
		m.answer(h.ok())
		m.answer(h.notify(s, 1, "", fmt.Sprintf("http://%s/", s.bystander.Addr())))
	}),
	pnp("pnp-bystander-routes", "has another host in Via, Contact, Record-Route and Route", func(s *Server, m message, h sipHead) {
		m.answer(h.response("200 OK", s.routes()))
		for n := range 50 {
			text := h.notify(s, n+1, s.routes(), "")
			m.answer(strings.Replace(text, "\r\nVia: ",
				fmt.Sprintf("\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKb;rport\r\nVia: ", s.bystander.Addr()), 1))
		}
	}),
	pnp("pnp-redirect-bystander", "redirects the SUBSCRIBE to another host", func(s *Server, m message, h sipHead) {
		m.answer(h.response("302 Moved Temporarily", s.routes()))
	}),
	pnp("pnp-challenge", "asks for credentials, in every way that there is", func(s *Server, m message, h sipHead) {
		m.answer(h.response("401 Unauthorized", challenges))
		m.answer(h.response("407 Proxy Authentication Required", challenges))
	}),
	pnp("pnp-garbage", "sends what is no SIP, and what is, cut off at every length", func(s *Server, m message, h sipHead) {
		text := h.notify(s, 1, "", s.good())
		for n := range len(text) - len(s.good()) {
			m.answer(text[:n])
			m.answer(strings.Repeat("\x00\xff\r\n:", n))
		}
	}),
	pnp("pnp-silence", "says nothing", func(*Server, message, sipHead) {}),
}

// challenges are what a registrar may ask with, and more.
const challenges = "WWW-Authenticate: Basic realm=\"x\"\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" +
	"WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", algorithm=MD5\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n"

// pnp is a responder that attacks whoever subscribes, once each time.
func pnp(name, does string, attack func(*Server, message, sipHead)) Attack {
	return Attack{Name: name, Scheme: "pnp", Does: does, message: func(s *Server, m message) {
		if h, ok := readSIP(m.raw); ok && h.method == "SUBSCRIBE" {
			attack(s, m, h)
			s.done()
		}
	}}
}
