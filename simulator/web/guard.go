package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// maxBody bounds a form that is sent, in bytes.
const maxBody = 16 << 10

// wrongPasswordWait is how long a wrong password waits for its answer, so that guessing
// is slow.
const wrongPasswordWait = time.Second

// guard lets through only requests that may be answered: for this host, with the
// password, and not from another site's page.
func (s *Server) guard(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(refuseForeign))
	next = protection.Handler(ownPagesOnly(next))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secureHeaders(w.Header())
		switch {
		case s.loopback && !loopbackHost(r.Host):
			http.Error(w, "this page answers to localhost, 127.0.0.1 and [::1] only", http.StatusMisdirectedRequest)
			return
		case !s.authorized(r):
			s.challenge(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// secureHeaders forbids a page everything that it does not need.
func secureHeaders(h http.Header) {
	h.Set("Content-Security-Policy",
		"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// loopbackHost reports whether a Host header names this machine itself. On loopback any
// other name is one that somebody pointed here: DNS rebinding, by which a foreign page
// would become one of the same origin.
func loopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// ownPagesOnly refuses what a page of another site embeds or fetches. Following a link
// to this page is not that.
func ownPagesOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
		default:
			if r.Header.Get("Sec-Fetch-Mode") != "navigate" {
				refuseForeign(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func refuseForeign(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "refused: this request was made by a page of another site", http.StatusForbidden)
}

// authorized reports whether r has the password, where one is demanded (HTTP Basic, RFC
// 7617). The user name is not looked at.
func (s *Server) authorized(r *http.Request) bool {
	if s.password == "" {
		return true
	}
	_, given, _ := r.BasicAuth()
	// Digests are of one length, so that the comparison tells nothing of the password's.
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.password))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// challenge asks for the password; a wrong one is answered late.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request) {
	if _, _, given := r.BasicAuth(); given && !pause(r, wrongPasswordWait) {
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="fipsim", charset="UTF-8"`)
	http.Error(w, "the password is missing or wrong", http.StatusUnauthorized)
}
