package pcaps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// register is one registration, which is known by its Call-ID (RFC 3261 §10.2).
type register struct {
	phone   *Phone
	aor     string // the address-of-record: user@host
	cseq    string
	sends   int
	last    time.Time
	proof   bool // the last request had credentials
	expires time.Duration
}

// register takes a REGISTER of a phone that is known to be one: those of softphones and
// PBXs are no affair of provisioning.
func (w *sipWatch) register(d datagram, m *discover.SIPMessage, id string) {
	g := w.regs[id]
	if g == nil {
		phone := w.registering(d, m)
		if phone == nil || len(w.regs) >= maxDialogs {
			return
		}
		g = &register{phone: phone, aor: recordOf(m.Header("to"))}
		w.regs[id] = g
	}
	if cseq := m.Header("cseq"); cseq != g.cseq {
		g.cseq, g.sends = cseq, 0
	}
	g.sends++
	g.last, g.proof = d.at, m.Header("authorization")+m.Header("proxy-authorization") != ""
	g.expires = expiresOf(m, 0)
	e := w.event(trace.RegisterRequest, d, d.at)
	e.Name, e.Peer, e.Attempt, e.Facts = g.aor, d.dst, g.sends, sipFacts(m, d.data)
	switch {
	case strings.TrimSpace(m.Header("expires")) == "0" || strings.Contains(m.Header("contact"), "expires=0"):
		e.Detail = "to end the registration"
	case g.proof:
		e.Detail = "with credentials"
	}
	w.r.record(g.phone, e)
}

// registering is who registers; nil: nobody of interest.
func (w *sipWatch) registering(d datagram, m *discover.SIPMessage) *Phone {
	phone := w.r.at[d.src.Addr()].real()
	agent := m.Header("user-agent")
	switch mac, named := macIn(agent); {
	case named:
		phone = w.r.claim(d.src.Addr(), d.hw, mac)
	case phone == nil && isPhoneMaker(d.hw):
		phone = w.r.phoneAt(d.src.Addr(), d.hw)
	}
	if phone != nil {
		phone.weak = true
		phone.provisions = phone.provisions || isPhoneMaker(d.hw) && phone.hw == d.hw
		phone.likely = readAgent(phone, agent) || phone.likely
	}
	return phone
}

// recordOf is the address-of-record in a To header, without its scheme.
func recordOf(to string) string {
	if _, rest, ok := strings.Cut(to, "sip:"); ok {
		to = rest
	}
	if i := strings.IndexAny(to, ";>? "); i >= 0 {
		to = to[:i]
	}
	return trace.Clean(to)
}

var expiresParam = regexp.MustCompile(`(?i);\s*expires\s*=\s*"?(\d{1,9})`)

// expiresOf is how long a registration lasts: a Contact's parameter, else the header
// (RFC 3261 §10.3).
func expiresOf(m *discover.SIPMessage, other time.Duration) time.Duration {
	text := strings.TrimSpace(m.Header("expires"))
	if found := expiresParam.FindStringSubmatch(m.Header("contact")); found != nil {
		text = found[1]
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return other
	}
	return time.Duration(n) * time.Second
}

// registered takes the registrar's answer.
func (w *sipWatch) registered(d datagram, m *discover.SIPMessage, id string) {
	g := w.regs[id]
	if g == nil || m.Status < 200 {
		return
	}
	g.last = d.at
	words := strings.TrimSpace(fmt.Sprintf("%d %s", m.Status, trace.Clean(m.Reason)))
	e := w.event(trace.RegisterFailed, d, d.at)
	e.Name, e.Peer, e.Facts = g.aor, d.src, sipFacts(m, d.data)
	e.Detail = "the registrar answers " + words
	switch code := m.Status; {
	case code < 300:
		e.Kind, e.Took = trace.RegisterDone, expiresOf(m, g.expires)
		if e.Detail = "expires in " + e.Took.String(); e.Took == 0 {
			e.Kind, e.Detail = trace.RegisterOff, "the registration is ended"
		}
	case (code == 401 || code == 407) && !g.proof, code == 423:
		e.Kind, e.Detail = trace.RegisterAnswer, words
	case code == 401, code == 407:
		e.Fault = trace.Unauthorized
	case code == 403:
		e.Fault = trace.Forbidden
	case code == 404:
		e.Fault = trace.NotFound
	default:
		e.Fault = trace.ServerError
	}
	w.r.record(g.phone, e)
}
