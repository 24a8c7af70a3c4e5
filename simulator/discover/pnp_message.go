package discover

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a SIP message may hold at most before the phone calls it malformed. They bound
// the work for one packet.
const (
	maxHeaders    = 100
	maxHeaderLine = 2048 // bytes
)

// sipMessage is a SIP message read with a phone's lenience. Package sip reads one
// header well but refuses a whole message for one bad line, drops LF-only ones, and
// does not tell what was wrong; here the lines are split by hand, and it reads the
// values.
type sipMessage struct {
	method string // of a request, in capitals; empty: a response
	uri    string // of a request
	status int    // of a response, 100 to 699
	reason string // of a response

	headers []sipHeader
	body    []byte
	from    address // as far as it was asked for
	to      address //

	lfOnly       bool // a line of the head ended without a carriage return
	compact      bool // a header had its compact name
	unterminated bool // no empty line after the head
	lengthMissed bool // no Content-Length
	lengthBad    bool // Content-Length is no number
	short        int  // bytes of the body that Content-Length promised and that did not come
	extra        int  // bytes after the body that Content-Length promised
}

// address is what is known of a header From or To.
type address struct {
	read bool
	tag  string
}

type sipHeader struct{ name, value string } // name in lower case and in full

// compactNames are the short names of headers (RFC 3261 §7.3.3, RFC 6665 §8.4).
var compactNames = map[string]string{
	"c": "content-type", "f": "from", "i": "call-id", "l": "content-length", "m": "contact",
	"o": "event", "t": "to", "u": "allow-events", "v": "via", "k": "supported",
}

var (
	errNotSIP = errors.New("not a SIP message")
	errNoise  = errors.New("a keep-alive or an empty packet")
)

// parseSIP reads one datagram. Its errors say what is wrong with it, in one line,
// without quoting it.
func parseSIP(raw []byte) (*sipMessage, error) {
	raw = bytes.TrimLeft(raw, "\r\n\x00")
	if len(raw) == 0 {
		return nil, errNoise
	}
	m := &sipMessage{headers: make([]sipHeader, 0, 14)}
	line, rest, ok := m.line(string(raw))
	if !ok {
		m.unterminated = true
	}
	if err := m.readStart(line); err != nil {
		return nil, err
	}
	rest, err := m.readHeaders(rest)
	if err != nil {
		return nil, err
	}
	m.readBody(raw[len(raw)-len(rest):])
	return m, nil
}

// line cuts the first line from data, forgiving a missing carriage return:
// "The start-line, each message-header line, and the empty line MUST be terminated by
// a carriage-return line-feed sequence (CRLF)" (RFC 3261 §7).
func (m *sipMessage) line(data string) (line, rest string, ended bool) {
	line, rest, ended = strings.Cut(data, "\n")
	if !ended {
		return strings.TrimSuffix(line, "\r"), "", false
	}
	cut, hadCR := strings.CutSuffix(line, "\r")
	m.lfOnly = m.lfOnly || !hadCR
	return cut, rest, true
}

func (m *sipMessage) readStart(line string) error {
	if len(line) > maxHeaderLine {
		return fmt.Errorf("%w: its start line has %d bytes", errNotSIP, len(line))
	}
	first, rest, _ := strings.Cut(line, " ")
	second, third, ok := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if strings.EqualFold(first, "SIP/2.0") {
		status, err := strconv.Atoi(second)
		if err != nil || status < 100 || status > 699 {
			return fmt.Errorf("%w: its status is no number from 100 to 699", errNotSIP)
		}
		m.status, m.reason = status, third
		return nil
	}
	if !ok || !strings.EqualFold(strings.TrimSpace(third), "SIP/2.0") || !isToken(first) {
		return fmt.Errorf("%w: its start line is neither METHOD URI SIP/2.0 nor SIP/2.0 STATUS REASON", errNotSIP)
	}
	m.method, m.uri = strings.ToUpper(first), second
	return nil
}

func (m *sipMessage) readHeaders(rest string) (string, error) {
	for {
		line, next, ended := m.line(rest)
		if len(line) == 0 {
			m.unterminated = m.unterminated || !ended
			return next, nil
		}
		if len(m.headers) == maxHeaders {
			return "", fmt.Errorf("%w: more than %d headers", errNotSIP, maxHeaders)
		}
		if err := m.addHeader(line); err != nil {
			return "", err
		}
		if !ended {
			m.unterminated = true
			return "", nil
		}
		rest = next
	}
}

// addHeader adds one line of the head, which may continue the header before it:
// "header field values can be extended over multiple lines by preceding each extra
// line with at least one SP or horizontal tab" (RFC 3261 §7.3.1).
func (m *sipMessage) addHeader(line string) error {
	if len(line) > maxHeaderLine {
		return fmt.Errorf("%w: a header line has %d bytes", errNotSIP, len(line))
	}
	if line[0] == ' ' || line[0] == '\t' {
		if len(m.headers) == 0 {
			return fmt.Errorf("%w: its first header continues none", errNotSIP)
		}
		last := &m.headers[len(m.headers)-1]
		if len(last.value)+len(line) > maxHeaderLine {
			return fmt.Errorf("%w: a folded header has more than %d bytes", errNotSIP, maxHeaderLine)
		}
		last.value = strings.TrimSpace(last.value + " " + strings.TrimSpace(line))
		return nil
	}
	name, value, ok := strings.Cut(line, ":")
	name = lower(strings.TrimRight(name, " \t"))
	if !ok || !isToken(name) {
		return fmt.Errorf("%w: header line %d has no name before a colon", errNotSIP, len(m.headers)+1)
	}
	if long, ok := compactNames[name]; ok {
		name, m.compact = long, true
	}
	m.headers = append(m.headers, sipHeader{name, strings.TrimSpace(value)})
	return nil
}

// usualNames are headers as they are usually written: their lower case costs nothing.
var usualNames = map[string]string{
	"Via": "via", "From": "from", "To": "to", "Call-ID": "call-id", "CSeq": "cseq", "Contact": "contact", "Event": "event",
	"Expires": "expires", "Max-Forwards": "max-forwards", "Subscription-State": "subscription-state",
	"Content-Type": "content-type", "Content-Length": "content-length",
}

func lower(name string) string {
	if known, ok := usualNames[name]; ok {
		return known
	}
	return strings.ToLower(name)
}

// readBody cuts the body to its announced length: "If there are additional bytes in
// the transport packet beyond the end of the body, they MUST be discarded"
// (RFC 3261 §18.3). A body that ends before is an error there; a phone takes it.
func (m *sipMessage) readBody(rest []byte) {
	m.body = rest
	text, ok := m.header("content-length")
	if !ok {
		m.lengthMissed = true
		return
	}
	length, err := strconv.ParseUint(text, 10, 31)
	switch {
	case err != nil:
		m.lengthBad = true
	case int(length) > len(rest):
		m.short = int(length) - len(rest)
	default:
		m.extra = len(rest) - int(length)
		m.body = rest[:length]
	}
}

// header returns the first header called name, in lower case.
func (m *sipMessage) header(name string) (string, bool) {
	for _, h := range m.headers {
		if h.name == name {
			return h.value, true
		}
	}
	return "", false
}

// has reports whether there is a header called name with something in it.
func (m *sipMessage) has(name string) bool {
	v, ok := m.header(name)
	return ok && v != ""
}

// cseq returns number and method of the CSeq header.
func (m *sipMessage) cseq() (number uint64, method string, ok bool) {
	v, _ := m.header("cseq")
	fields := strings.Fields(v)
	if len(fields) != 2 {
		return 0, "", false
	}
	number, err := strconv.ParseUint(fields[0], 10, 64)
	return number, strings.ToUpper(fields[1]), err == nil
}

// tag returns the tag of a From or To header; empty: there is none.
func (m *sipMessage) tag(name string) string {
	a := &m.to
	if name == "from" {
		a = &m.from
	}
	if !a.read {
		value, _ := m.header(name)
		a.read, a.tag = true, tagOf(value)
	}
	return a.tag
}
