package phone

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// branchCookie begins every branch of RFC 3261 (§8.1.1.7).
const branchCookie = "z9hG4bK"

// longestExpires is the longest expiry that a registrar may insist on (423).
const longestExpires = 7 * 24 * time.Hour

// sipRefusal is a registrar's final answer that is no success.
type sipRefusal struct {
	why  *Error
	wait time.Duration // Retry-After
}

func (e *sipRefusal) Error() string { return e.why.Error() }

// Unwrap makes FaultOf find the code.
func (e *sipRefusal) Unwrap() error { return e.why }

// askedToWait is what a registrar asked for with Retry-After (RFC 3261 §20.33).
func askedToWait(err error) time.Duration {
	if r := (*sipRefusal)(nil); errors.As(err, &r) {
		return min(r.wait, longestExpires)
	}
	return 0
}

// register asks the registrar to know the phone for so long, 0: to forget it (RFC 3261
// §10.2), and answers its challenges. It returns for how long the registrar does.
func (r *registration) register(ctx context.Context, expires time.Duration) (time.Duration, error) {
	if err := r.connect(ctx); err != nil {
		return 0, err
	}
	for _, d := range r.auth {
		d.begin()
	}
	what := fmt.Sprintf("for %s", expires)
	if expires == 0 {
		what = "to unregister"
	}
	const most = 6 // two challenges of each kind, 423, success
	for try := 1; ; try++ {
		response, err := r.ask(ctx, expires, what)
		if err != nil {
			return 0, err
		}
		switch {
		case response.code < 300:
			return r.success(response, expires)
		case try == most:
		case response.code == 401, response.code == 407:
			if what, err = r.challenged(response); err != nil {
				return 0, err
			}
			continue
		case response.code == 423 && expires > 0:
			// "If a UA receives a 423 (Interval Too Brief) response to a registration
			// request, it MAY retry [...] after making the expiration interval [...]
			// equal to or greater than the expiration interval within the Min-Expires
			// header field" (RFC 3261 §10.2.8).
			if least, ok := response.seconds("min-expires"); ok && least > expires && least <= longestExpires {
				expires, r.asked = least, least
				what = fmt.Sprintf("for %s, as the registrar wants it", least)
				continue
			}
		}
		return 0, r.refused(response)
	}
}

// connect makes sure that there is a flow.
func (r *registration) connect(ctx context.Context) (err error) {
	if r.flow != nil && r.flow.reliable() {
		select {
		case <-r.flow.gone:
			r.flow = nil
		default:
			return nil
		}
	}
	if r.flow, err = r.stack.openFlow(ctx, r.account, r.failed, r.lost); err != nil {
		r.flow = nil
		return err
	}
	r.found(r.flow.peer.Addr())
	return nil
}

// ask sends one REGISTER and returns its final answer.
func (r *registration) ask(ctx context.Context, expires time.Duration, what string) (*sipResponse, error) {
	branch := branchCookie + rand.Text()[:16]
	r.cseq++
	request := r.build(branch, expires)
	response, err := r.stack.exchange(ctx, r.flow, branch, request, func(n int) {
		r.tell(trace.Event{Kind: trace.RegisterRequest, Peer: r.flow.peer, Attempt: n, Detail: what})
	})
	if err == nil && response.code >= 300 {
		r.tell(trace.Event{Kind: trace.RegisterAnswer, Peer: response.from, Detail: response.words()})
	}
	return response, err
}

func (r *registration) success(response *sipResponse, expires time.Duration) (time.Duration, error) {
	if expires == 0 {
		return 0, nil
	}
	granted := response.granted(escapeUser(r.account.User), r.flow.local, expires)
	if granted == 0 {
		return 0, &Error{trace.ServerError, "the registrar says " + response.words() + ", and grants no time"}
	}
	return granted, nil
}

func (r *registration) refused(response *sipResponse) error {
	wait, _ := response.seconds("retry-after")
	return &sipRefusal{&Error{response.fault(), "the registrar answers " + response.words()}, wait}
}

// build writes a REGISTER (RFC 3261 §10.2). It is written by hand: package sip would
// write URIs and parameters in its own way.
func (r *registration) build(branch string, expires time.Duration) []byte {
	s, a, f := r.stack, r.account, r.flow
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("REGISTER %s SIP/2.0", registrarURI(a))
	line("Via: SIP/2.0/%s %s;branch=%s;rport", strings.ToUpper(f.transport), f.local, branch)
	line("Max-Forwards: 70")
	if a.OutboundProxy != "" {
		host, port := nextHop(a)
		line("Route: <sip:%s;lr%s>", net.JoinHostPort(host, strconv.Itoa(port)), transportParam(f.transport))
	}
	aor := "sip:" + escapeUser(a.User) + "@" + uriHost(a.Server)
	line("From: %s<%s>;tag=%s", displayName(a.DisplayName), aor, r.tag)
	line("To: %s<%s>", displayName(a.DisplayName), aor)
	line("Call-ID: %s", r.callID)
	line("CSeq: %d REGISTER", r.cseq)
	line("Contact: <%s>", contactURI(a, f.local, f.transport))
	line("Expires: %d", expires/time.Second)
	for i, name := range []string{"Authorization", "Proxy-Authorization"} {
		if answer := r.auth[i].answer(r.account, registrarURI(a)); answer != "" {
			line("%s: %s", name, answer)
		}
	}
	line("Allow: %s", sipAllow)
	if agent := s.agent(); agent != "" {
		line("User-Agent: %s", agent)
	}
	line("Content-Length: 0")
	line("")
	return []byte(b.String())
}

// agent is the phone's User-Agent.
func (s *sipStack) agent() string {
	if rules := s.core.rules.Load(); rules != nil {
		return rules.agent
	}
	return ""
}

// registrarURI is the Request-URI: "The "userinfo" and "@" components of the SIP URI
// MUST NOT be present" (RFC 3261 §10.2).
func registrarURI(a config.Account) string {
	if a.Port == 0 || a.Port == 5060 {
		return "sip:" + uriHost(a.Server)
	}
	return "sip:" + uriHost(a.Server) + ":" + strconv.Itoa(a.Port)
}

// contactURI is where the registrar is to send what is for the account.
func contactURI(a config.Account, local netip.AddrPort, transport string) string {
	return "sip:" + escapeUser(a.User) + "@" + local.String() + transportParam(transport)
}

func transportParam(transport string) string {
	if transport == "udp" {
		return ""
	}
	return ";transport=" + transport
}

// uriHost puts brackets around an IPv6 address.
func uriHost(host string) string {
	if strings.Contains(host, ":") && host[0] != '[' {
		return "[" + host + "]"
	}
	return host
}

// displayName is a quoted string (RFC 3261 §25.1); nothing for no name.
func displayName(name string) string {
	if name = sipLine(name); name == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" `
}

// escapeUser writes a user name as a URI has it (RFC 3261 §25.1, user).
func escapeUser(user string) string {
	var b strings.Builder
	for _, c := range []byte(user) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
