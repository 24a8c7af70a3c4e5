package server

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"time"

	"github.com/icholy/digest"
)

// nonceLife is how long a nonce is taken. It is longer than a pass, so that a phone
// needs one challenge for each connection.
const nonceLife = 30 * time.Minute

// algorithms are offered in this order, each in a challenge of its own (RFC 7616 §3.7).
// MD5 comes first although it is the weaker: older clients, libcurl before 7.57 for
// one, read the first challenge only and know nothing else.
var algorithms = []struct {
	name string
	new  func() hash.Hash
}{
	{"MD5", md5.New},
	{"SHA-256", sha256.New},
}

// digestAuth is RFC 7616 with qop "auth". It also takes answers without a qop, as RFC
// 2069 had them. Nonces carry their own time and seal, so that nothing is kept for each
// client; an answer that is sent again within nonceLife is taken again.
type digestAuth struct {
	user, password string
	seal           [32]byte
}

func newDigestAuth(user, password string) *digestAuth {
	d := &digestAuth{user: user, password: password}
	_, _ = rand.Read(d.seal[:]) // never fails (crypto/rand)
	return d
}

func (d *digestAuth) allow(w http.ResponseWriter, r *http.Request) bool {
	now := time.Now()
	answer, err := digest.ParseCredentials(r.Header.Get("Authorization"))
	known := err == nil && d.check(answer, r)
	if known && d.fresh(answer.Nonce, now) {
		return true
	}
	// "stale" says that only the nonce was too old: the client needs no new password.
	stale := ""
	if known {
		stale = ", stale=true"
	}
	nonce := d.nonce(now)
	for _, a := range algorithms {
		w.Header().Add("WWW-Authenticate", fmt.Sprintf(
			`Digest realm=%q, qop="auth", algorithm=%s, nonce=%q, charset=UTF-8%s`, realm, a.name, nonce, stale))
	}
	return false
}

// check reports whether an answer was made with the password, for this request.
func (d *digestAuth) check(c *digest.Credentials, r *http.Request) bool {
	want, ok := response(c, r.Method, d.password)
	return ok && same(c.Username, d.user) && c.Realm == realm && c.URI == r.RequestURI && same(strings.ToLower(c.Response), want)
}

// response computes what RFC 7616 §3.4.1 wants as the answer. It returns false for an
// algorithm or a qop that was not offered.
func response(c *digest.Credentials, method, password string) (string, bool) {
	for _, a := range algorithms {
		if !strings.EqualFold(c.Algorithm, a.name) && (c.Algorithm != "" || a.name != "MD5") {
			continue
		}
		h := func(parts ...string) string {
			sum := a.new()
			sum.Write([]byte(strings.Join(parts, ":")))
			return hex.EncodeToString(sum.Sum(nil))
		}
		a1, a2 := h(c.Username, c.Realm, password), h(method, c.URI)
		switch c.QOP {
		case "auth":
			return h(a1, c.Nonce, fmt.Sprintf("%08x", c.Nc), c.Cnonce, c.QOP, a2), true
		case "":
			return h(a1, c.Nonce, a2), true
		}
	}
	return "", false
}

// nonce is the time and its seal, in base64.
func (d *digestAuth) nonce(at time.Time) string {
	stamp := binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano()))
	return base64.RawURLEncoding.EncodeToString(append(stamp, d.sealOf(stamp)...))
}

// fresh reports whether nonce is ours, and not older than nonceLife.
func (d *digestAuth) fresh(nonce string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != 8+sha256.Size {
		return false
	}
	age := now.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(raw))))
	return hmac.Equal(raw[8:], d.sealOf(raw[:8])) && age >= 0 && age <= nonceLife
}

func (d *digestAuth) sealOf(stamp []byte) []byte {
	mac := hmac.New(sha256.New, d.seal[:])
	mac.Write(stamp)
	return mac.Sum(nil)
}
