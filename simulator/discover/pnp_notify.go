package discover

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fipsim/fipsim/simulator/trace"
)

const (
	maxURL     = 2048 // bytes of an offered URL
	maxAnswers = 32   // different NOTIFYs that are read; what comes beyond is answered only
)

// notify takes a NOTIFY of the phone's own Call-ID, from whatever address: it answers
// 200 from the socket that subscribed, and reads the URL.
func (s *pnpSearch) notify(r *received, cut bool) {
	key := sameness(r)
	if again := s.answers[key]; again != nil {
		again.times++
		s.events.Record(trace.Event{Kind: trace.PnPNotify, Peer: r.from, Attempt: again.times,
			Took: time.Since(s.start), Detail: "the same again"})
		s.send(again.bytes, r.from)
		return
	}
	if tag := r.tag("to"); tag != "" && tag != s.sub.tag && !r.reused() {
		s.ignore(r.from, "tag", "a NOTIFY with a To tag that is not the phone's")
		s.answer(r.sipMessage, r.from, "481 Subscription Does Not Exist")
		return
	}
	if len(s.answers) >= maxAnswers {
		s.ignore(r.from, "too-many", fmt.Sprintf("more than %d different NOTIFYs", maxAnswers))
		s.answer(r.sipMessage, r.from, "200 OK")
		return
	}
	url, useless := r.readURL(cut)
	s.events.Record(trace.Event{Kind: trace.PnPNotify, Peer: r.from, URL: withoutUserInfo(url), Attempt: 1,
		Bytes: int64(len(r.body)), Took: time.Since(s.start)})
	s.answers[key] = &answer{bytes: s.answer(r.sipMessage, r.from, "200 OK"), times: 1}
	s.deviations(broken(notifyRules, r), r.from)
	for _, x := range broken(oddityRules, r) {
		s.events.Record(trace.Event{Kind: trace.PnPOddity, Name: x.id, Peer: r.from, Detail: x.text})
	}
	if useless != "" {
		s.useless = fmt.Sprintf("the NOTIFY from %s %s", r.from, useless)
		s.report(r.from, "no-url", "a NOTIFY that "+useless)
		return
	}
	s.take(url, r.from)
}

// sameness is what a resent NOTIFY has in common with the first one (RFC 3261
// §17.2.3: branch and sent-by of the topmost Via, and the method), with more, because
// some responders reuse the phone's Via for every NOTIFY.
func sameness(r *received) string {
	via, _ := r.header("via")
	cseq, _ := r.header("cseq")
	return strings.Join([]string{r.from.String(), via, cseq, r.tag("from")}, "\n")
}

// readURL takes the URL from the body, white space around it cut; useless says why
// there is none. Spaces inside are real (Guide, "HTTP Directory/sip.cfg").
func (r *received) readURL(cut bool) (url, useless string) {
	text := string(r.body)
	var first string
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.Trim(line, " \t\r\v\f\x00"); line != "" {
			if r.urls++; r.urls == 1 {
				first = line
			}
		}
	}
	switch {
	case first == "":
		return "", "has an empty body"
	case len(first) > maxURL || cut && r.urls == 1:
		return "", fmt.Sprintf("has a URL of more than %d bytes", maxURL)
	case !utf8.ValidString(first) || strings.ContainsFunc(first, unicode.IsControl):
		return "", "has a body that is not text"
	}
	return first, ""
}

// take makes the first URL the phone's offer; what comes later is reported.
func (s *pnpSearch) take(url string, from netip.AddrPort) {
	if s.offer != nil {
		s.events.Record(trace.Event{Kind: trace.SourceIgnored, Name: SourcePnP, Peer: from, URL: withoutUserInfo(url),
			Detail: fmt.Sprintf("offered by %s after %s had made its offer: the first one counts", from, s.offer.From)})
		return
	}
	s.offer = &Offer{Source: SourcePnP, URL: url, From: from, Detail: "NOTIFY from " + from.String(), Took: time.Since(s.start)}
	s.end = time.Now().Add(s.linger)
}

// answer sends a response to a request, and returns its bytes. It goes to where the
// request came from, whatever its Via says: a Via that is the phone's own would bring
// it back to the phone.
func (s *pnpSearch) answer(m *sipMessage, to netip.AddrPort, status string) []byte {
	b := buildResponse(m, to, status, s.sub.tag)
	code, reason, _ := strings.Cut(status, " ")
	s.events.Record(trace.Event{Kind: trace.PnPAnswer, Name: code, Peer: to, Detail: reason})
	s.send(b, to)
	return b
}

func (s *pnpSearch) send(b []byte, to netip.AddrPort) {
	if err := s.conn.send(b, to); err != nil {
		s.report(to, "unanswered", "the answer could not be sent: "+err.Error())
		return
	}
	s.exchange.keep(Message{At: time.Now(), Sent: true, Peer: to, Raw: b})
}

// buildResponse copies Via, From, To, Call-ID and CSeq as RFC 3261 §8.2.6.2 has it, byte
// for byte but for what the phone must add: received and rport (§18.2.1, RFC 3581 §4)
// and a To tag where there is none.
func buildResponse(m *sipMessage, from netip.AddrPort, status, tag string) []byte {
	b := make([]byte, 0, 512)
	line := func(name string, value ...string) {
		b = append(append(b, name...), ": "...)
		for _, part := range value {
			b = append(b, part...)
		}
		b = append(b, "\r\n"...)
	}
	b = append(append(append(b, "SIP/2.0 "...), status...), "\r\n"...)
	top := true
	for _, h := range m.headers {
		if h.name == "via" {
			if top {
				h.value = markVia(h.value, from)
			}
			top = false
			line("Via", h.value)
		}
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		value, ok := m.header(lower(name))
		switch {
		case !ok:
		case name == "To" && m.tag("to") == "":
			line(name, value, ";tag=", tag)
		default:
			line(name, value)
		}
	}
	return append(b, "Content-Length: 0\r\n\r\n"...)
}

// markVia completes the topmost Via of a request that came from an address: rport gets
// the port where the sender asked for it, and received the address where the Via
// names another one.
func markVia(via string, from netip.AddrPort) string {
	top, rest, more := strings.Cut(via, ",")
	params := strings.Split(top, ";")
	at := slices.IndexFunc(params, func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), "rport") })
	if at > 0 {
		params[at] = fmt.Sprintf("rport=%d", from.Port())
	}
	if at > 0 || !strings.Contains(params[0], from.Addr().String()) {
		params = append(params, "received="+from.Addr().String())
	}
	top = strings.Join(params, ";")
	if more {
		return top + "," + rest
	}
	return top
}
