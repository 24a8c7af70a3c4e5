package hostile

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync/atomic"
)

// DHCP messages and options (RFC 2132 §9.6 and others).
const (
	dhcpDiscover, dhcpOffer, dhcpRequest, dhcpACK, dhcpNAK = 1, 2, 3, 5, 6

	optRouter, optDNS, optLeaseTime, optOverload, optKind, optServer = 3, 6, 51, 52, 53, 54
	optMessage, optT1, optT2, optTFTP, optBootfile                   = 56, 58, 59, 66, 67
)

var (
	ownAddress = []byte{127, 0, 0, 1}
	day        = []byte{0, 1, 0x51, 0x80}
)

// dhcpAttacks answer a DISCOVER and what follows it.
var dhcpAttacks = []Attack{
	dhcp("dhcp-offer-flood", "sends ten thousand OFFERs, each of another server, to a DISCOVER", func(s *Server, m message, kind byte) {
		if kind == dhcpDiscover {
			for n := range 10_000 {
				m.reply(dhcpOffer, option(optServer, 10, 0, byte(n>>8), byte(n)), option(optLeaseTime, day...))
			}
			return
		}
		m.reply(dhcpACK, bytes.Clone(m.asked(optServer)), option(optLeaseTime, day...), text(optTFTP, s.good()))
	}),
	dhcp("dhcp-nak-storm", "refuses each REQUEST a thousand times", func(_ *Server, m message, kind byte) {
		if kind == dhcpDiscover {
			m.offer()
			return
		}
		for range 1000 {
			m.reply(dhcpNAK, option(optServer, ownAddress...), text(optMessage, "no"))
		}
	}),
	dhcp("dhcp-option-past-end", "has options that run on past the end of its messages", func(_ *Server, m message, kind byte) {
		m.reply(kind+1, option(optServer, ownAddress...), []byte{optTFTP, 255, 'h', 't', 't', 'p'})
		m.reply(kind+1, option(optServer, ownAddress...), []byte{optLeaseTime})
	}),
	dhcp("dhcp-overload-loop", "says in each field that options go on in the others", func(_ *Server, m message, kind byte) {
		raw := m.build(kind+1, option(optServer, ownAddress...), option(optOverload, 3))
		for _, field := range [][]byte{raw[44:108], raw[108:236]} {
			copy(field, append(option(optOverload, 3), bytes.Repeat([]byte{optTFTP, 1, 'x'}, len(field)/3-2)...))
		}
		m.answer(string(raw))
	}),
	dhcp("dhcp-escapes", "has terminal escape sequences and HTML in options 66 and 67 and in a refusal",
		func(s *Server, m message, kind byte) {
			evil := [][]byte{option(optServer, ownAddress...), option(optLeaseTime, day...),
				text(optTFTP, s.good()+Evil), text(optBootfile, Evil)}
			switch kind {
			case dhcpDiscover:
				m.reply(dhcpOffer, evil...)
			default:
				if s.first() {
					m.reply(dhcpNAK, option(optServer, ownAddress...), text(optMessage, Evil))
					return
				}
				m.reply(dhcpACK, evil...)
			}
		}),
	dhcp("dhcp-turned-line", "names a server in letters that turn a terminal's line around, and with HTML",
		granting(func(s *Server) [][]byte {
			return [][]byte{option(optLeaseTime, day...),
				text(optTFTP, s.good()+"\u202e</pre><script>alert(1)</script>"), text(optMessage, Evil)}
		})),
	dhcp("dhcp-zero-lease", "leases for 0 s", granting(func(s *Server) [][]byte {
		return [][]byte{option(optLeaseTime, 0, 0, 0, 0), option(optT1, 0, 0, 0, 0), option(optT2, 0, 0, 0, 0), text(optTFTP, s.good())}
	})),
	dhcp("dhcp-times-crossed", "has T1 after T2, and both after the lease's end", granting(func(s *Server) [][]byte {
		return [][]byte{option(optLeaseTime, 0, 0, 0, 60),
			option(optT1, 0xff, 0xff, 0xff, 0xfe), option(optT2, 0x7f, 0xff, 0xff, 0xff), text(optTFTP, s.good())}
	})),
	dhcp("dhcp-broken-values", "has options of lengths that they cannot have", granting(func(s *Server) [][]byte {
		return [][]byte{option(optLeaseTime, 1), option(optT1, 1, 2, 3), option(optDNS, 127, 0, 0),
			option(1, 255, 0, 255), option(3, 1), text(optTFTP, s.good())}
	})),
	dhcp("dhcp-lease-turns", "has another address, another lease time and another gateway in each message, and grants twice", turning()),
	dhcp("dhcp-dns-itself", "names the phone's own machine, and nobody, as DNS servers, and a name as option 66",
		granting(func(*Server) [][]byte {
			return [][]byte{option(optLeaseTime, day...), option(optDNS, 127, 0, 0, 1, 0, 0, 0, 0, 192, 0, 2, 1),
				text(optTFTP, "provisioning.invalid")}
		})),
	dhcp("dhcp-file-url", "names a file of the phone's own machine as its server", granting(func(*Server) [][]byte {
		return [][]byte{option(optLeaseTime, day...), text(optTFTP, "file:///etc/passwd")}
	})),
	dhcp("dhcp-bystander-url", "names another host, which asks for credentials", granting(func(s *Server) [][]byte {
		return [][]byte{option(optLeaseTime, day...), text(optTFTP, "http://"+s.bystander.Addr().String()+"/")}
	})),
	dhcp("dhcp-huge", "pads its messages to 65,000 bytes, with options up to the end", func(s *Server, m message, kind byte) {
		filler := bytes.Repeat(append([]byte{224, 255}, make([]byte, 255)...), 250)
		m.reply(min(kind+1, 5), option(optServer, ownAddress...), option(optLeaseTime, day...), text(optTFTP, s.good()), filler)
		m.reply(dhcpACK, option(optServer, ownAddress...), option(optLeaseTime, day...), text(optTFTP, s.good()), filler)
	}),
	dhcp("dhcp-garbage", "sends what is no DHCP, and what is, cut off at every length", func(s *Server, m message, kind byte) {
		raw := m.build(min(kind+1, 5), text(optTFTP, s.good()), option(optServer))
		for n := range raw {
			m.answer(string(raw[:n]))
			m.answer(strings.Repeat("\xff", n))
		}
	}),
	dhcp("dhcp-silence", "says nothing", func(*Server, message, byte) {}),
}

// dhcp is a DHCP server, which relay agents ask.
func dhcp(name, does string, attack func(s *Server, m message, kind byte)) Attack {
	return Attack{Name: name, Scheme: "dhcp", Does: does, message: func(s *Server, m message) {
		if len(m.raw) < 241 {
			return
		}
		if kind := m.asked(optKind); len(kind) == 3 && (kind[2] == dhcpDiscover || kind[2] == dhcpRequest) {
			attack(s, m, kind[2])
			s.done()
		}
	}}
}

// granting offers as servers do, and grants what it likes.
func granting(lease func(*Server) [][]byte) func(*Server, message, byte) {
	return func(s *Server, m message, kind byte) {
		if kind == dhcpDiscover {
			m.offer()
			return
		}
		m.reply(dhcpACK, append([][]byte{option(optServer, ownAddress...)}, lease(s)...)...)
	}
}

// turning never says the same twice.
func turning() func(*Server, message, byte) {
	var said atomic.Uint32
	return func(s *Server, m message, kind byte) {
		answer, times := byte(dhcpOffer), 1
		if kind == dhcpRequest {
			answer, times = dhcpACK, 2
		}
		for range times {
			n := byte(said.Add(1))
			raw := m.build(answer, option(optServer, ownAddress...), option(optLeaseTime, 0, 0, n, 60-n%60),
				option(optRouter, 127, 0, 0, n), text(optTFTP, s.good()))
			raw[19] = 10 + n%200
			m.answer(string(raw))
		}
	}
}

func (m message) offer() {
	m.reply(dhcpOffer, option(optServer, ownAddress...), option(optLeaseTime, day...))
}

func (m message) reply(kind byte, options ...[]byte) { m.answer(string(m.build(kind, options...))) }

// build makes a BOOTREPLY to the message that came (RFC 2131 §2), with an address.
func (m message) build(kind byte, options ...[]byte) []byte {
	b := bytes.Clone(m.raw[:240])
	b[0] = 2
	binary.BigEndian.PutUint32(b[16:], 0x7f000009)
	clear(b[44:236])
	b = append(b, option(optKind, kind)...)
	for _, o := range options {
		b = append(b, o...)
	}
	return append(b, 255)
}

// asked returns an option of the message that came, code and length before it; nil where
// it has none.
func (m message) asked(code byte) []byte {
	for b := m.raw[240:]; len(b) > 1 && b[0] != 255; {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		n := 2 + int(b[1])
		if n > len(b) {
			return nil
		}
		if b[0] == code {
			return b[:n]
		}
		b = b[n:]
	}
	return nil
}

func option(code byte, value ...byte) []byte { return append([]byte{code, byte(len(value))}, value...) }

func text(code byte, value string) []byte {
	return option(code, []byte(value[:min(len(value), 255)])...)
}
