package hostile

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// dnsAttacks answer a question for the name of Named.
var dnsAttacks = []Attack{
	dns("dns-nothing", "says for ever that the name is there and has no address", func(_ *Server, q question) { q.reply() }),
	dns("dns-refusal", "fails, refuses, and knows no such question, in turn", func(s *Server, q question) {
		codes := []dnsmessage.RCode{dnsmessage.RCodeServerFailure, dnsmessage.RCodeRefused, dnsmessage.RCodeNotImplemented}
		q.RCode = codes[s.asked.Add(1)%int64(len(codes))]
		q.reply()
	}),
	dns("dns-hundreds", "has hundreds of addresses, at none of which anybody listens", func(_ *Server, q question) {
		var all []netip.Addr
		for n := range 400 {
			all = append(all, netip.AddrFrom4([4]byte{127, 9, byte(n >> 8), byte(n)}))
		}
		q.reply(q.addresses(all...)...)
	}),
	dns("dns-alias-loop", "has a name that is another one's alias, which is the first one's", func(_ *Server, q question) {
		other := named("other." + Name)
		q.reply(alias(q.name(), other), alias(other, q.name()))
	}),
	dns("dns-alias-chain", "leads through a thousand aliases, with terminal escape sequences in them", func(_ *Server, q question) {
		var chain []dnsmessage.Resource
		at := q.name()
		for n := range 1000 {
			next := named(string(rune('a'+n%26)) + Evil[:20] + "." + Name)
			chain = append(chain, alias(at, next))
			at = next
		}
		q.reply(append(chain, q.addresses(ownAddr)...)...)
	}),
	dns("dns-other-question", "answers thousands of times what nobody asked, and leads to another host there", func(_ *Server, q question) {
		id := q.ID
		for n := range 2000 {
			q.ID = id + 1 + uint16(n)
			q.reply(q.addresses(bystanderAddr)...)
		}
		q.ID, q.Questions[0].Name = id, named("other."+Name)
		q.reply(q.addresses(bystanderAddr)...)
	}),
	dns("dns-truncated", "says that its answer is cut off, and drips one of 65,535 bytes over TCP", func(s *Server, q question) {
		if q.stream != nil {
			s.drip(q.stream, "\xff\xff"+strings.Repeat("\x00", 600))
			return
		}
		q.Truncated = true
		q.reply()
	}),
	dns("dns-nowhere", "names all machines, a group of them, and none", func(_ *Server, q question) {
		q.reply(q.addresses(netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("224.0.1.75"), netip.IPv4Unspecified(),
			netip.IPv6Unspecified(), netip.MustParseAddr("::ffff:0.0.0.0"), netip.MustParseAddr("ff02::1"))...)
	}),
	dns("dns-turned", "names the server once, and another host when credentials are due", func(s *Server, q question) {
		if q.Questions[0].Type == dnsmessage.TypeA && !s.first() {
			q.reply(q.addresses(bystanderAddr)...)
			return
		}
		q.reply(q.addresses(ownAddr)...)
	}),
	dns("dns-garbage", "sends what is no DNS, and what is, cut off at every length", func(_ *Server, q question) {
		q.Answers = q.addresses(bystanderAddr)
		raw, err := q.Pack()
		for n := range raw {
			if err == nil && n > 2 { // the number alone is the question's
				q.send(raw[:n])
				q.send([]byte(strings.Repeat("\xff", n)))
			}
		}
	}),
	dns("dns-silence", "says nothing", func(*Server, question) {}),
}

// Name is what dns attacks are asked for.
const Name = "provisioning.test"

var (
	ownAddr       = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	bystanderAddr = netip.AddrFrom4([4]byte{127, 0, 0, 2})
)

// question is one that came, made the answer that goes back.
type question struct {
	dnsmessage.Message
	stream net.Conn // nil: a datagram
	send   func(raw []byte)
}

// dns is a name server, over UDP and TCP.
func dns(name, does string, answer func(*Server, question)) Attack {
	return Attack{Name: name, Scheme: "dns", Does: does,
		message: func(s *Server, m message) {
			s.answer(answer, m.raw, question{send: func(raw []byte) { m.answer(string(raw)) }})
		},
		stream: func(s *Server, c net.Conn) {
			// A length stands before each message (RFC 1035 §4.2.2).
			for head := make([]byte, 2); ; {
				if _, err := io.ReadFull(c, head); err != nil {
					return
				}
				raw := make([]byte, binary.BigEndian.Uint16(head))
				if _, err := io.ReadFull(c, raw); err != nil {
					return
				}
				s.answer(answer, raw, question{stream: c, send: func(raw []byte) {
					say(c, string(binary.BigEndian.AppendUint16(nil, uint16(len(raw))))+string(raw)) //nolint:gosec // an answer is shorter
				}})
			}
		},
	}
}

// answer lets an attack answer what came, where that is a question.
func (s *Server) answer(attack func(*Server, question), raw []byte, q question) {
	if q.Unpack(raw) != nil || len(q.Questions) != 1 {
		return
	}
	q.Response, q.RecursionAvailable, q.Additionals = true, true, nil
	attack(s, q)
	s.done()
}

func (q question) name() dnsmessage.Name { return q.Questions[0].Name }

// reply sends an answer; over UDP one that is too long says so (RFC 1035 §4.2.1).
func (q question) reply(answers ...dnsmessage.Resource) {
	q.Answers = answers
	raw, err := q.Pack()
	if err == nil && q.stream == nil && len(raw) > 512 {
		q.Answers, q.Truncated = nil, true
		raw, err = q.Pack()
	}
	if err == nil {
		q.send(raw)
	}
}

// addresses are those of a kind that is asked for, which are to be forgotten at once.
func (q question) addresses(all ...netip.Addr) (found []dnsmessage.Resource) {
	for _, a := range all {
		h := dnsmessage.ResourceHeader{Name: q.name(), Type: q.Questions[0].Type, Class: dnsmessage.ClassINET}
		switch {
		case a.Is4() && h.Type == dnsmessage.TypeA:
			found = append(found, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case !a.Is4() && h.Type == dnsmessage.TypeAAAA:
			found = append(found, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return found
}

func alias(of, to dnsmessage.Name) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: of, Type: dnsmessage.TypeCNAME, Class: dnsmessage.ClassINET},
		Body:   &dnsmessage.CNAMEResource{CNAME: to},
	}
}

func named(text string) dnsmessage.Name { return dnsmessage.MustNewName(text + ".") }
