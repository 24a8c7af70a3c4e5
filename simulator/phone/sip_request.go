package phone

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net/netip"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// sipRequest is one request, as the phone's SIP side reads it.
type sipRequest struct {
	sipHeaders
	method  string // in capitals
	uri     string // as it stands in the request line
	version string // SIP/2.0
	from    netip.AddrPort

	viaText string         // its topmost Via
	via     *sip.ViaHeader // the same, read
	bad     string         // why it can only be answered 400; empty: it can be read
}

// parseSIPRequest reads a request. Its error says why it can't even be answered.
func parseSIPRequest(raw []byte, from netip.AddrPort) (*sipRequest, error) {
	data, err := tidySIP(raw)
	if err != nil {
		return nil, err
	}
	r := &sipRequest{from: from}
	var ok bool
	if r.method, r.uri, r.version, ok = requestLine(data); !ok {
		return nil, errNotSIP
	}
	message, err := sipParser.ParseSIP(data)
	if err != nil {
		r.bad = "Bad Request"
		if message, err = sipParser.ParseSIP(salvage(data)); err != nil {
			return nil, errNotSIP
		}
	}
	request, ok := message.(*sip.Request)
	if !ok {
		return nil, errNotSIP
	}
	r.sipHeaders = request.Headers()
	if r.viaText, r.via, err = r.topVia(); err != nil {
		return nil, err
	}
	if r.bad == "" {
		r.bad = r.missing()
	}
	return r, nil
}

// requestLine cuts METHOD URI VERSION. URIs with spaces in them are left to package
// sip, which refuses them.
func requestLine(data []byte) (method, uri, version string, ok bool) {
	line, _, _ := bytes.Cut(data, []byte("\r\n"))
	text := string(line)
	method, rest, ok := strings.Cut(text, " ")
	at := strings.LastIndexByte(rest, ' ')
	if !ok || at < 0 || !isSIPToken(method) || len(rest) < at+5 || !strings.EqualFold(rest[at+1:at+5], "SIP/") {
		return "", "", "", false
	}
	return strings.ToUpper(method), rest[:at], strings.ToUpper(rest[at+1:]), true
}

// salvage returns what of a broken request is needed to answer it: a request line that
// can be read, and those headers that have a name and a value.
func salvage(data []byte) []byte {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	lines := bytes.Split(head, []byte("\r\n"))
	kept := []byte("OPTIONS sip:salvage.invalid SIP/2.0\r\n")
	for _, line := range lines[1:] {
		name, _, ok := bytes.Cut(line, []byte{':'})
		switch strings.ToLower(string(bytes.TrimSpace(name))) {
		case "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq":
			if ok && !bytes.ContainsAny(line, "\r\x00") {
				kept = append(append(kept, line...), "\r\n"...)
			}
		}
	}
	return append(kept, "\r\n"...)
}

// missing says what keeps a request from being understood: "A valid SIP request
// formulated by a UAC MUST, at a minimum, contain the following header fields: To,
// From, CSeq, Call-ID, Max-Forwards, and Via" (RFC 3261 §8.1.1). Max-Forwards is of no
// use to a phone, and not missed.
func (r *sipRequest) missing() string {
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		switch values := r.all(strings.ToLower(name)); {
		case len(values) == 0 || values[0] == "":
			return "Missing " + name
		case len(values) > 1:
			return "More Than One " + name
		}
	}
	for _, name := range []string{"From", "To"} {
		var uri sip.Uri
		if _, err := sip.ParseAddressValue(r.first(strings.ToLower(name)), &uri, nil); err != nil {
			return "Bad " + name
		}
	}
	if _, method, ok := r.cseq(); !ok || method != r.method {
		return "Bad CSeq"
	}
	return ""
}

// key is what a resent request has in common with the first one, for a request of that
// method: branch and sent-by of the topmost Via, and the method (RFC 3261 §17.2.3). The
// rest is there for senders older than RFC 3261, and for those that reuse a branch.
func (r *sipRequest) key(method string) string {
	number, _, _ := r.cseq()
	return strings.Join([]string{
		method, r.from.String(), strings.TrimSpace(r.viaText), r.first("call-id"), r.tag("from"), fmt.Sprint(number),
	}, "\n")
}

// sipReply is what a request is answered.
type sipReply struct {
	code    int
	reason  string
	headers []string // more of them, as lines
}

// respond builds a response: Via, From, To, Call-ID and CSeq are copied (RFC 3261
// §8.2.6.2) byte for byte, but for what the phone has to add.
func (r *sipRequest) respond(reply sipReply, agent string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d %s\r\n", reply.code, reply.reason)
	for i, via := range r.all("via") {
		if i == 0 {
			via = markVia(via, r.via, r.from)
		}
		fmt.Fprintf(&b, "Via: %s\r\n", via)
	}
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		values := r.all(strings.ToLower(name))
		if len(values) == 0 {
			continue
		}
		value := values[0]
		if name == "To" && r.tag("to") == "" {
			value += ";tag=" + rand.Text()[:10]
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	for _, line := range reply.headers {
		fmt.Fprintf(&b, "%s\r\n", line)
	}
	if agent != "" {
		fmt.Fprintf(&b, "User-Agent: %s\r\n", agent)
	}
	b.WriteString("Content-Length: 0\r\n\r\n")
	return []byte(b.String())
}

// isSIPToken reports whether s is a token (RFC 3261 §25.1).
func isSIPToken(s string) bool {
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-.!%*_+`'~", c) {
			return false
		}
	}
	return s != ""
}
