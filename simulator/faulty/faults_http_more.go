package faulty

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// httpOtherFaults are about the first line of an answer, names, and slow phones.
func httpOtherFaults() []spec {
	return []spec{
		{name: "status-line", clause: BrokenFraming, rule: "FIP-HTTP-001",
			doc: "an answer begins with the status alone: CGI without a server",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				raw(w, func() []byte {
					return fmt.Appendf(nil, "Status: %d\r\nContent-Length: %d\r\n\r\n%s",
						answer.status, answer.body.Len(), answer.body.Bytes())
				})
			})},
		{name: "name-not-decoded", clause: Names, rule: "FIP-HTTP-006",
			doc: "a letter that is percent-encoded is not decoded: only spaces are",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if escapesLetter(r.URL.EscapedPath()) {
					http.NotFound(w, r)
					return
				}
				next.ServeHTTP(w, r)
			})},
		{name: "head-body", clause: BrokenFraming, rule: "FIP-HTTP-007", doc: "HEAD is answered with the file",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Method != http.MethodHead {
					next.ServeHTTP(w, r)
					return
				}
				get := r.Clone(r.Context())
				get.Method = http.MethodGet
				answer := record(get, next)
				raw(w, func() []byte {
					return fmt.Appendf(nil, "HTTP/1.1 %d OK\r\nContent-Length: %d\r\n\r\n%s",
						answer.status, answer.body.Len(), answer.body.Bytes())
				})
			})},
		{name: "slow-reader-cut", clause: BrokenFraming, rule: "FIP-HTTP-010",
			doc:   "an answer that takes longer than 2.5 seconds is broken off",
			spoil: serving(impatient)},
		{name: "redirect-ftp", clause: Redirects, rule: "FIP-HTTP-009", doc: "files of more than 1000 bytes lead to an FTP server",
			spoil: forLong(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "ftp://"+r.Host+r.URL.EscapedPath())
				w.WriteHeader(http.StatusFound)
			})},
		{name: "dies-of-huge-header", clause: AfterMalformed, rule: "FIP-HTTP-031",
			doc:   "nothing is served after a request of more than 4000 bytes",
			spoil: onHTTP(func(f *httpFault) { f.accept = dying(func(b []byte, _ bool) bool { return len(b) > 4000 }) })},
	}
}

// httpLoginFaults are about what credentials are asked for, and how they are checked.
func httpLoginFaults() []spec {
	return []spec{
		{name: "login-other-scheme", clause: NotAsked, rule: "FIP-HTTP-022", doc: "the challenge is NTLM alone: a domain's web server",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				if answer.status == http.StatusUnauthorized {
					answer.header.Set("WWW-Authenticate", "NTLM")
				}
				answer.play(w)
			})},
		{name: "login-password-only", clause: AnyAccepted, rule: "FIP-HTTP-024", doc: "the right password of any user is taken",
			spoil: loggingIn(func(_, password string, _ bool) loginAnswer { return only(password == Password) })},
		{name: "login-any-nonce", clause: AnyAccepted, rule: "FIP-HTTP-025",
			doc:   "Digest with any nonce is taken: answers can be used again",
			spoil: digestAnyNonce},
	}
}

// forLong answers requests of files that are longer than 1000 bytes otherwise.
func forLong(answer func(w http.ResponseWriter, r *http.Request)) func(*behaviour) {
	return serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		right := record(r, next)
		if right.status == http.StatusOK && right.body.Len() > 1000 {
			answer(w, r)
			return
		}
		right.play(w)
	})
}

// impatient resets the connection of an answer that takes longer than impatience. What the
// system would hold for a slow reader is kept small.
func impatient(w http.ResponseWriter, r *http.Request, next http.Handler) {
	conn, _ := r.Context().Value(connection{}).(net.Conn)
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn()
	}
	raw, ok := conn.(*net.TCPConn)
	if !ok {
		next.ServeHTTP(w, r)
		return
	}
	_ = raw.SetWriteBuffer(8 << 10) // else the fault does not show, as with files that are small
	_ = raw.SetLinger(0)
	timer := time.AfterFunc(impatience, func() { _ = raw.Close() })
	defer timer.Stop()
	next.ServeHTTP(w, r)
}

// impatience is how long an answer may take.
const impatience = 2500 * time.Millisecond

// connection is the context's key for a request's connection.
type connection struct{}

// escapesLetter reports whether a path has a letter or a digit percent-encoded.
func escapesLetter(path string) bool {
	for rest := path; ; {
		_, after, found := strings.Cut(rest, "%")
		if !found || len(after) < 2 {
			return false
		}
		if c := unescaped("%" + after[:2]); len(c) == 1 && (c[0]|0x20 >= 'a' && c[0]|0x20 <= 'z' || c[0] >= '0' && c[0] <= '9') {
			return true
		}
		rest = after[2:]
	}
}
