package phone

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// What a SIP message may hold at most before the phone drops it. They bound the work
// for one packet: package sip needs quadratic time for a line of parameters.
const (
	maxSIPMessage = 16 << 10 // bytes
	maxSIPHeaders = 100
	maxSIPLine    = 2048 // bytes
)

// sipParser reads the framing of a message and its Content-Length, and leaves all other
// headers as they came: one odd header that the phone has no use for must not cost the
// whole message, and an answer repeats headers byte for byte.
var sipParser = sip.NewParser(sip.WithHeadersParsers(map[string]sip.HeaderParser{
	"content-length": sip.DefaultHeadersParser()["content-length"],
	"l":              sip.DefaultHeadersParser()["content-length"],
}))

// compactNames are the short names of headers (RFC 3261 §7.3.3, RFC 6665 §8.4).
var compactNames = map[string]string{
	"c": "content-type", "f": "from", "i": "call-id", "l": "content-length", "m": "contact",
	"o": "event", "t": "to", "u": "allow-events", "v": "via", "k": "supported",
}

var (
	errSIPKeepAlive = errors.New("a keep-alive or an empty packet")
	errSIPTooLarge  = fmt.Errorf("more than %d bytes, %d headers or %d bytes in a line", maxSIPMessage, maxSIPHeaders, maxSIPLine)
	errSIPNoVia     = errors.New("no Via that tells where an answer would go")
	errNotSIP       = errors.New("not a SIP message")
)

// tidySIP returns a message with all lines of its head ended by CRLF, as package sip
// needs them: "The start-line, each message-header line, and the empty line MUST be
// terminated by a carriage-return line-feed sequence (CRLF)" (RFC 3261 §7). Senders
// that end them by LF alone, or forget the empty line, are understood all the same.
func tidySIP(raw []byte) ([]byte, error) {
	rest := bytes.TrimLeft(raw, "\r\n\x00")
	switch {
	case len(rest) == 0:
		return nil, errSIPKeepAlive
	case len(rest) > maxSIPMessage:
		return nil, errSIPTooLarge
	}
	tidy := make([]byte, 0, len(rest)+16)
	for lines := 0; len(rest) > 0; lines++ {
		line, next, _ := bytes.Cut(rest, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) > maxSIPLine || lines > maxSIPHeaders {
			return nil, errSIPTooLarge
		}
		rest = next
		if len(line) == 0 {
			break
		}
		tidy = append(append(tidy, line...), "\r\n"...)
	}
	return append(append(tidy, "\r\n"...), rest...), nil
}

// isSIPResponse tells a response from a request by its first bytes (RFC 3261 §7.2).
func isSIPResponse(raw []byte) bool {
	raw = bytes.TrimLeft(raw, "\r\n")
	return len(raw) > 8 && strings.EqualFold(string(raw[:8]), "SIP/2.0 ")
}

// sipHeaders gives the headers of a message as they came.
type sipHeaders []sip.Header

// all returns the values of the headers called name, which is in lower case and in
// full.
func (h sipHeaders) all(name string) (values []string) {
	for _, one := range h {
		n := strings.ToLower(strings.TrimSpace(one.Name()))
		if long, ok := compactNames[n]; ok {
			n = long
		}
		if n == name {
			values = append(values, one.Value())
		}
	}
	return values
}

// first returns the first of them.
func (h sipHeaders) first(name string) string {
	if values := h.all(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// tag returns the tag of From or To; empty: there is none.
func (h sipHeaders) tag(name string) string {
	var (
		uri    sip.Uri
		params sip.HeaderParams
	)
	if _, err := sip.ParseAddressValue(h.first(name), &uri, &params); err != nil {
		return ""
	}
	for _, p := range params {
		if strings.EqualFold(strings.TrimSpace(p.K), "tag") {
			return strings.TrimSpace(p.V)
		}
	}
	return ""
}

// cseq returns number and method of CSeq.
func (h sipHeaders) cseq() (number uint64, method string, ok bool) {
	fields := strings.Fields(h.first("cseq"))
	if len(fields) != 2 {
		return 0, "", false
	}
	number, err := strconv.ParseUint(fields[0], 10, 31)
	return number, strings.ToUpper(fields[1]), err == nil
}

// topVia returns the first hop of the first Via, as text and read.
func (h sipHeaders) topVia() (string, *sip.ViaHeader, error) {
	top, _, _ := strings.Cut(h.first("via"), ",")
	header, err := sip.DefaultHeadersParser()["via"]([]byte("via"), tidyVia(top))
	via, ok := header.(*sip.ViaHeader)
	if err != nil || !ok || via.Host == "" {
		return "", nil, errSIPNoVia
	}
	return top, via, nil
}

// tidyVia takes out the spaces that may stand in a hop (RFC 3261 §25.1: SLASH, COLON,
// SEMI) and that package sip stumbles over.
func tidyVia(hop string) string {
	params := strings.Split(hop, ";")
	for i := range params {
		params[i] = strings.TrimSpace(params[i])
	}
	words := strings.SplitN(params[0], "/", 3)
	if len(words) == 3 {
		if transport, sentBy, ok := strings.Cut(strings.TrimSpace(words[2]), " "); ok {
			words[2] = transport + " " + strings.Join(strings.Fields(sentBy), "")
		}
		params[0] = strings.TrimSpace(words[0]) + "/" + strings.TrimSpace(words[1]) + "/" + words[2]
	}
	return strings.Join(params, ";")
}

// viaParam returns a parameter of a Via, whatever its case.
func viaParam(via *sip.ViaHeader, name string) (string, bool) {
	for _, p := range via.Params {
		if strings.EqualFold(strings.TrimSpace(p.K), name) {
			return strings.TrimSpace(p.V), true
		}
	}
	return "", false
}

// answerPort is where the answer to a request goes that came over UDP: with rport to
// where it came from (RFC 3581 §4), else to the port that Via names, "or to port 5060
// if there is no port" (RFC 3261 §18.2.2). The address is always the real one.
func answerPort(via *sip.ViaHeader, from netip.AddrPort) netip.AddrPort {
	if _, ok := viaParam(via, "rport"); ok {
		return from
	}
	port := via.Port
	if port < 1 || port > 65535 {
		port = sip.DefaultUdpPort
	}
	return netip.AddrPortFrom(from.Addr(), uint16(port))
}

// markVia completes the topmost Via of a request: rport gets the port that it came from
// where its sender asked for it (RFC 3581 §4), and received the address where the Via
// names another one (RFC 3261 §18.2.1).
func markVia(via string, hop *sip.ViaHeader, from netip.AddrPort) string {
	top, rest, more := strings.Cut(via, ",")
	params := strings.Split(top, ";")
	asked := false
	for i, p := range params {
		if strings.EqualFold(strings.TrimSpace(p), "rport") {
			params[i], asked = fmt.Sprintf("rport=%d", from.Port()), true
		}
	}
	if asked || strings.Trim(hop.Host, "[]") != from.Addr().String() {
		params = append(params, "received="+from.Addr().String())
	}
	top = strings.Join(params, ";")
	if more {
		return top + "," + rest
	}
	return top
}
