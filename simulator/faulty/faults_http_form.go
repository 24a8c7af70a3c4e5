package faulty

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// httpFormFaults are about the form of answers and challenges.
func httpFormFaults() []spec {
	return []spec{
		{name: "length-beside-chunks", clause: BrokenFraming, rule: "FIP-HTTP-012", doc: "chunked coding, and a Content-Length beside it",
			spoil: written(func(body []byte) string {
				return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
					len(body), chunked(body))
			})},
		{name: "closed-unannounced", clause: BrokenFraming, rule: "FIP-HTTP-013",
			doc: "the connection is closed after each answer, and nothing says so",
			spoil: written(func(body []byte) string {
				return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			})},
		{name: "bare-lines", clause: BrokenFraming, rule: "FIP-HTTP-014", doc: "the lines of the head end with LF alone: a shell script",
			spoil: written(func(body []byte) string {
				return fmt.Sprintf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: %d\n\n%s", len(body), body)
			})},
		{name: "miss-longer", clause: BrokenFraming, rule: "FIP-HTTP-003", doc: "404 with Content-Length 0, and words after it",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				if answer.status != http.StatusNotFound {
					answer.play(w)
					return
				}
				raw(w, func() []byte { return []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\nnot found\n") })
			})},
		{name: "login-case", clause: AnyAccepted, rule: "FIP-HTTP-023", doc: "capitals of a password do not count",
			spoil: loggingIn(func(user, password string, _ bool) loginAnswer {
				return only(user == User && strings.EqualFold(password, Password))
			})},
		{name: "login-empty", clause: AnyAccepted, rule: "FIP-HTTP-023", doc: "no password is as good as the right one",
			spoil: loggingIn(func(user, password string, _ bool) loginAnswer {
				return only(user == User && (password == "" || password == Password))
			})},
		{name: "login-realmless", clause: NotAsked, rule: "FIP-HTTP-027", doc: "a challenge by Basic that names no realm",
			spoil: challenging("Basic")},
		{name: "nonce-once", clause: RefusesRequests, rule: "FIP-HTTP-026",
			doc:   "a nonce is taken once, and then refused as a wrong password is",
			spoil: digestOnce},
	}
}

// written answers files that are there with bytes of its own, and ends the connection.
func written(answer func(body []byte) string) func(*behaviour) {
	return serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		right := record(r, next)
		if right.status != http.StatusOK || r.Method != http.MethodGet {
			right.play(w)
			return
		}
		raw(w, func() []byte { return []byte(answer(right.body.Bytes())) })
	})
}

// chunked is a body in one chunk.
func chunked(body []byte) string {
	if len(body) == 0 {
		return "0\r\n\r\n"
	}
	return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
}

// challenging puts another challenge in the place of the right one.
func challenging(challenge string) func(*behaviour) {
	return serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := record(r, next)
		if answer.status == http.StatusUnauthorized {
			answer.header.Set("WWW-Authenticate", challenge)
		}
		answer.play(w)
	})
}

// digestOnce asks for Digest, and takes each nonce once.
func digestOnce(b *behaviour) {
	var used sync.Map
	var given counter
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		inner := r.Clone(r.Context())
		inner.Header.Del("Authorization")
		if _, nonce, ok := strings.Cut(r.Header.Get("Authorization"), `nonce="`); ok && answersDigest(r) {
			nonce, _, _ = strings.Cut(nonce, `"`)
			if _, before := used.LoadOrStore(nonce, true); !before {
				inner.SetBasicAuth(User, Password)
			}
		}
		answer := record(inner, next)
		if answer.status == http.StatusUnauthorized {
			answer.header.Set("WWW-Authenticate",
				fmt.Sprintf(`Digest realm="phones", nonce="c0ffee%d", qop="auth", algorithm=MD5`, given.add("")))
		}
		answer.play(w)
	})(b)
}
