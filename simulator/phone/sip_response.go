package phone

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/fipsim/fipsim/simulator/trace"
)

// sipResponse is an answer to a request of the phone's.
type sipResponse struct {
	sipHeaders
	code   int
	reason string
	from   netip.AddrPort
}

func parseSIPResponse(raw []byte, from netip.AddrPort) (*sipResponse, error) {
	data, err := tidySIP(raw)
	if err != nil {
		return nil, err
	}
	message, err := sipParser.ParseSIP(data)
	response, ok := message.(*sip.Response)
	if err != nil || !ok || response.StatusCode < 100 || response.StatusCode > 699 {
		return nil, errNotSIP
	}
	return &sipResponse{response.Headers(), response.StatusCode, sipLine(response.Reason), from}, nil
}

// branch is what tells which request a response is for, with the method of its CSeq
// (RFC 3261 §17.1.3).
func (r *sipResponse) branch() string {
	_, via, err := r.topVia()
	if err != nil {
		return ""
	}
	branch, _ := viaParam(via, "branch")
	return branch
}

// words are the status line for a person.
func (r *sipResponse) words() string { return strconv.Itoa(r.code) + " " + r.reason }

// fault is the code for a final answer that is no success.
func (r *sipResponse) fault() trace.Code {
	switch {
	case r.code < 400:
		return trace.Redirects
	case r.code == 401, r.code == 407:
		return trace.Unauthorized
	case r.code == 403:
		return trace.Forbidden
	case r.code == 404:
		return trace.NotFound
	case r.code == 408:
		return trace.NoAnswer
	}
	return trace.ServerError
}

// seconds reads a header that holds a number of seconds, as Expires, Min-Expires and
// Retry-After do ("120 (in a meeting);duration=60" counts as 120).
func (r *sipResponse) seconds(name string) (time.Duration, bool) {
	value := strings.TrimSpace(r.first(name))
	end := strings.IndexFunc(value, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(value)
	}
	return seconds(value[:end])
}

// seconds reads a delta-seconds: "a decimal number [...] between 0 and (2**32)-1"
// (RFC 3261 §20.19).
func seconds(text string) (time.Duration, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 32)
	return time.Duration(n) * time.Second, err == nil
}

// granted is for how long a REGISTER's success counts: the expires parameter of the
// phone's own Contact, else Expires, else what was asked for (RFC 3261 §10.2.4, §10.3).
// Registrars that list no Contact, or write it in their own way, are believed.
func (r *sipResponse) granted(user string, local netip.AddrPort, asked time.Duration) time.Duration {
	if d, ok := r.contactExpires(user, local); ok {
		return d
	}
	if d, ok := r.seconds("expires"); ok {
		return d
	}
	return asked
}

func (r *sipResponse) contactExpires(user string, local netip.AddrPort) (time.Duration, bool) {
	for _, line := range r.all("contact") {
		for _, contact := range splitContacts(line) {
			var (
				uri    sip.Uri
				params sip.HeaderParams
			)
			if _, err := sip.ParseAddressValue(strings.TrimSpace(contact), &uri, &params); err != nil {
				continue
			}
			addr, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
			if err != nil || uri.User != user || netip.AddrPortFrom(addr, uint16(uri.Port)) != local {
				continue
			}
			for _, p := range params {
				if strings.EqualFold(strings.TrimSpace(p.K), "expires") {
					return seconds(strings.Trim(p.V, `" `))
				}
			}
			return 0, false
		}
	}
	return 0, false
}

// splitContacts splits at the commas between contacts (RFC 3261 §7.3.1), not at those
// in quotes or in a URI.
func splitContacts(line string) (parts []string) {
	quoted, bracket, start := false, false, 0
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<', c == '>':
			bracket = c == '<'
		case c == ',' && !bracket:
			parts = append(parts, line[start:i])
			start = i + 1
		}
	}
	return append(parts, line[start:])
}
