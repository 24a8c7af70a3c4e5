package pcaps

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"
)

// sipTalk reads SIP messages from a TCP connection, in both directions: either side may
// send requests in it.
type sipTalk struct {
	f    *flow
	buf  [2][]byte // of the server, of the client; from the beginning of a message on
	lost [2]bool   // where the next message begins is not known
}

// sipPort is where SIP is spoken, over UDP and TCP (RFC 3261 §19.1.2).
const sipPort = 5060

// Limits on SIP over TCP, in bytes.
const (
	maxSIPHead = 16 << 10
	maxSIPBody = 256 << 10
)

// sipBegins are how messages begin: a request of these methods (RFC 3261, 3262, 3311,
// 3428, 3515, 3903, 6086, 6665), or a response.
var sipBegins = func() [][]byte {
	all := [][]byte{[]byte("SIP/2.0 ")}
	const methods = "SUBSCRIBE NOTIFY REGISTER OPTIONS INVITE ACK BYE CANCEL MESSAGE INFO PUBLISH REFER UPDATE PRACK"
	for method := range strings.FieldsSeq(methods) {
		all = append(all, []byte(method+" sip:"), []byte(method+" sips:"))
	}
	return all
}()

// beginsSIP tells the beginning of a SIP message; perhaps: it may become one with what
// follows.
func beginsSIP(b []byte) (is, perhaps bool) {
	for _, start := range sipBegins {
		switch n := min(len(b), len(start)); {
		case !bytes.EqualFold(b[:n], start[:n]):
		case n == len(start):
			return true, false
		default:
			perhaps = true
		}
	}
	return false, perhaps
}

// data implements talk.
func (t *sipTalk) data(fromClient bool, m moment, b []byte) {
	side := 0
	if fromClient {
		side = 1
	}
	t.buf[side] = append(t.buf[side], b...)
	for t.next(side, m) {
	}
	if len(t.buf[side]) > maxSIPHead+maxSIPBody { // never so long: next sees to it
		t.hole(fromClient, m)
	}
}

// next takes one message from the buffer; false: more is needed.
func (t *sipTalk) next(side int, m moment) bool {
	// "Implementations processing SIP messages over stream-oriented transports MUST ignore
	// any CRLF appearing before the start-line" (RFC 3261 §7.5); as keep-alives they come
	// alone (RFC 5626 §3.5.1).
	b := bytes.TrimLeft(t.buf[side], "\r\n\x00")
	if is, perhaps := beginsSIP(b); !is && !perhaps && len(b) > 0 {
		t.lost[side] = true
	}
	if t.lost[side] {
		b = nextSIP(b)
		t.lost[side] = len(b) == 0
	}
	t.buf[side] = b
	end := headEnd(b)
	switch {
	case end < 0 && len(b) > maxSIPHead:
		t.buf[side], t.lost[side] = nil, true
		return false
	case end < 0:
		return false
	}
	length, told := contentLength(b[:end])
	if !told {
		// "If a stream-based protocol (such as TCP) is used as transport, then the header
		// field MUST be used" (RFC 3261 §20.14). Without it, the body is what comes with
		// the head, up to the next message.
		length = len(b) - end - len(nextSIP(b[end:]))
	}
	if length > maxSIPBody {
		t.buf[side], t.lost[side] = b[end:], true
		return true
	}
	if len(b) < end+length {
		return false
	}
	t.message(side, m, bytes.Clone(b[:end+length]), told)
	t.buf[side] = b[end+length:]
	return len(t.buf[side]) > 0
}

// nextSIP returns b from the first line on that begins a message.
func nextSIP(b []byte) []byte {
	for len(b) > 0 {
		if is, perhaps := beginsSIP(b); is || perhaps {
			return b
		}
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return nil
		}
		b = b[i+1:]
	}
	return nil
}

// contentLength reads the header that tells where a message ends: "its value [is] used
// to locate the end of each SIP message in a stream" (RFC 3261 §18.3). False where there
// is none that can be used.
func contentLength(head []byte) (n int, ok bool) {
	for line := range strings.SplitSeq(string(head), "\n") {
		name, value, found := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if !found || name != "content-length" && name != "l" {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		return int(n), err == nil
	}
	return 0, false
}

// message hands one message on, as if it had come in a datagram.
func (t *sipTalk) message(side int, m moment, b []byte, told bool) {
	d := datagram{packet: packet{frame: m.frame, at: m.at}, src: t.f.server, dst: t.f.client, data: b, stream: true, endless: !told}
	if side == 1 {
		d.src, d.dst = d.dst, d.src
		d.hw = t.f.hw
	} else if now := t.f.w.current; now.frame == m.frame && now.from == d.src.Addr() {
		d.hw = now.hw
	}
	d.from, d.to = d.src.Addr(), d.dst.Addr()
	if t.f.w.sip != nil {
		t.f.w.sip.message(d)
	}
}

// hole implements talk: the next message begins at a line that looks like it.
func (t *sipTalk) hole(fromClient bool, _ moment) {
	side := 0
	if fromClient {
		side = 1
	}
	t.buf[side], t.lost[side] = nil, true
}

// close implements talk: what was not whole is none.
func (t *sipTalk) close(moment) {}

// isSIP tells a connection of SIP messages; wait: more is needed to know.
func isSIP(client, server []byte) (is, wait bool) {
	for _, b := range [][]byte{client, server} {
		b = bytes.TrimLeft(b, "\r\n\x00")
		yes, perhaps := beginsSIP(b)
		is = is || yes
		wait = wait || perhaps && len(b) > 0
	}
	return is, wait
}

// listens reports whether the phone said in its SUBSCRIBE that it hears there: a NOTIFY
// over TCP may come in a connection of its own (RFC 3261 §18.1.1).
func (s *dialog) listens(at netip.AddrPort) bool { return at == s.local || at == s.contact }

// contactOf is the address in a Contact header; invalid for a name.
func contactOf(contact string) netip.AddrPort {
	_, rest, _ := strings.Cut(contact, "sip:")
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.IndexAny(rest, ";>?, "); i >= 0 {
		rest = rest[:i]
	}
	if a, err := netip.ParseAddrPort(rest); err == nil {
		return a
	}
	a, err := netip.ParseAddr(strings.Trim(rest, "[]"))
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, sipPort)
}
