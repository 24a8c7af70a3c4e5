package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// realm names what the credentials are for. (RFC 7235 §2.2.)
const realm = "fipsim"

// authenticator asks for credentials over HTTP.
type authenticator interface {
	// allow reports whether r may go on; if not, it has set the challenge in w's header.
	allow(w http.ResponseWriter, r *http.Request) bool
}

func newAuthenticator(o Options) authenticator {
	switch {
	case o.User == "":
		return nil
	case o.Auth == Digest:
		return newDigestAuth(o.User, o.Password)
	default:
		return basicAuth{o.User, o.Password}
	}
}

// basicAuth is RFC 7617.
type basicAuth struct{ user, password string }

func (b basicAuth) allow(w http.ResponseWriter, r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	if same(user, b.user) && same(password, b.password) {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="`+realm+`", charset="UTF-8"`)
	return false
}

// same compares in a time that tells nothing of where the two differ.
func same(got, want string) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1
}
