package discover

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// sentOnly is a socket whose sendings are kept.
type sentOnly struct {
	net.PacketConn
	sent [][]byte
}

func (s *sentOnly) WriteTo(b []byte, _ net.Addr) (int, error) {
	s.sent = append(s.sent, b)
	return len(b), nil
}

// FuzzNotify feeds a search with whatever may come from the network. In the seeds and
// the inputs, {call-id}, {tag} and the like stand for the search's own, so that the
// fuzzer can get past them.
func FuzzNotify(f *testing.F) {
	f.Add(goodNotify)
	f.Add(ok200)
	f.Add(strings.ReplaceAll(goodNotify, "\n", "\r\n"))
	f.Add("NOTIFY sip:x SIP/2.0\ni:{call-id}\nt:<sip:x>;tag={tag}\nv: , ;rport\n\nhttp://u:p@h/\nb")
	f.Add("SIP/2.0 100\nCall-ID:{call-id}\nCSeq: 1 SUBSCRIBE\n\n")
	f.Add("SIP/2.0 404 \nCall-ID:{call-id}\n folded\nCSeq: 1 SUBSCRIBE")
	f.Add("\r\n\r\n\x00")
	from := netip.MustParseAddrPort("192.0.2.183:5060")
	b := device.Behaviour{}.WithDefaults()
	f.Fuzz(func(t *testing.T, input string) {
		sub := newSubscription(device.Identity{}.WithDefaults(), netip.MustParseAddrPort("192.0.2.1:40000"), b)
		request, err := parseSIP(sub.request)
		if err != nil {
			t.Fatal(err)
		}
		raw := []byte(strings.ReplaceAll(fill(request, input), "\r\r\n", "\r\n"))
		conn := new(sentOnly)
		events := new(trace.Recorder)
		s := newPnPSearch(&ownSocket{PacketConn: conn}, from, sub, b, events)
		s.start = time.Now()
		s.receive(raw, from)
		s.receive(raw, from) // it may come again
		s.close()
		for _, answer := range conn.sent {
			m, err := parseSIP(answer)
			if err != nil || m.status != 200 && m.status != 481 {
				t.Errorf("answer %q: status %d, %v", answer, m.status, err)
			}
		}
		if s.offer != nil {
			u := s.offer.URL
			if strings.TrimSpace(u) == "" || len(u) > maxURL || !utf8.ValidString(u) || strings.ContainsAny(u, "\r\n\x00") {
				t.Errorf("offered URL %q", u)
			}
		}
		for _, e := range events.Events() {
			if strings.ContainsAny(e.Detail, "\r\n") {
				t.Errorf("event %s: detail %q is not one line", e.Kind, e.Detail)
			}
		}
	})
}

// FuzzUsualTag: the short way of reading an address finds what package sip finds.
func FuzzUsualTag(f *testing.F) {
	for _, seed := range []string{
		"<sip:MAC0021f2000001@224.0.1.75>;tag=a1", "<sip:a@b>", "<sip:a@b", "<sip:a@b>;tag=", "<sip:a@b>;tag=c;x=y", "<sip:a@b>;TAG=c",
		"<sip:@>;tag=c", "<sip:a@b:5060>;tag=c", "sip:a@b;tag=c", "\"x\" <sip:a@b>;tag=c", "<sip:a@b>;x=y;tag=c", "<sip:a@b> ;tag=c", "<sip:a@->;tag=-",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if tag, ok := usualTag(value); ok && tag != anyTag(value) {
			t.Errorf("%q: tag %q, and %q by package sip", value, tag, anyTag(value))
		}
	})
}
