package faulty

import (
	"crypto/md5" //nolint:gosec // RFC 7616 §3.3 has it, and phones of 2021 know no other
	"encoding/hex"
	"net/http"
	"strings"
)

// digestAnyNonce asks for Digest (RFC 7616, MD5), and takes an answer to any nonce.
func digestAnyNonce(b *behaviour) {
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Authorization") == "" {
			answer := record(r, next)
			if answer.status == http.StatusUnauthorized {
				answer.header.Set("WWW-Authenticate", `Digest realm="phones", nonce="c0ffee", qop="auth", algorithm=MD5`)
			}
			answer.play(w)
			return
		}
		inner := r.Clone(r.Context())
		inner.Header.Del("Authorization")
		if answersDigest(r) {
			inner.SetBasicAuth(User, Password)
		}
		next.ServeHTTP(w, inner)
	})(b)
}

// answersDigest checks a Digest answer, whatever its nonce.
func answersDigest(r *http.Request) bool {
	parameters, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Digest ")
	if !ok {
		return false
	}
	p := make(map[string]string)
	for part := range strings.SplitSeq(parameters, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		p[name] = strings.Trim(value, `"`)
	}
	secret := hashed5(p["username"] + ":" + p["realm"] + ":" + Password)
	request := hashed5(r.Method + ":" + p["uri"])
	want := hashed5(strings.Join([]string{secret, p["nonce"], p["nc"], p["cnonce"], p["qop"], request}, ":"))
	return p["username"] == User && p["response"] == want
}

func hashed5(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // see above
	return hex.EncodeToString(sum[:])
}
