package phone

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"
)

// nonceLife is how long a challenge of the phone's may be answered.
const nonceLife = time.Minute

// sipAlgorithms are offered in this order, each in a challenge of its own. MD5 comes
// first although it is the weaker: many senders read the first challenge only.
var sipAlgorithms = []string{"MD5", "SHA-256"}

// sipNonces makes nonces that carry their own time and seal, so that a flood of
// unauthorized requests leaves nothing behind, and sees to it that an answer counts
// once. The zero value works.
type sipNonces struct {
	once sync.Once
	seal [32]byte

	used sipRecent
}

// authorize obeys the option notify_auth (RFC 3261 §22.2): it returns nil for a request
// that knows the password of one of the phone's accounts, else the challenges.
func (c *sipCore) authorize(r *sipRequest, rules *sipRules) (challenges []string) {
	now := time.Now()
	stale := ""
	for _, text := range r.all("authorization") {
		answer, err := digest.ParseCredentials(text)
		if err != nil || !rules.accepts(answer, r) {
			continue
		}
		use := fmt.Sprintf("%s %08x", answer.Nonce, answer.Nc)
		if c.nonces.fresh(answer.Nonce, now) && c.nonces.used.find(use, now) == nil {
			c.nonces.used.keep(use, []byte{}, now.Add(nonceLife))
			return nil
		}
		stale = ", stale=true" // only the nonce is too old: no other password is needed
	}
	nonce := c.nonces.make(now)
	for _, algorithm := range sipAlgorithms {
		challenges = append(challenges, fmt.Sprintf(`WWW-Authenticate: Digest realm=%q, nonce=%q, algorithm=%s, qop="auth"%s`,
			rules.realm, nonce, algorithm, stale))
	}
	return challenges
}

// accepts reports whether an answer was made with an account's password. It may name
// another URI than the request line: proxies rewrite that, and many senders (SIPp for
// one) leave the user out. What binds it to one request is the nonce.
func (rules *sipRules) accepts(c *digest.Credentials, r *sipRequest) bool {
	password, ok := rules.passwords[c.Username]
	if !ok || c.Realm != rules.realm || c.QOP != "" && c.QOP != "auth" {
		return false
	}
	challenge := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: c.Algorithm, Opaque: c.Opaque}
	if c.QOP != "" {
		challenge.QOP = []string{c.QOP}
	}
	if !offered(c.Algorithm) {
		return false
	}
	want, err := digest.Digest(challenge, digest.Options{
		Method: r.method, URI: c.URI, Username: c.Username, Password: password, Count: c.Nc, Cnonce: c.Cnonce,
	})
	return err == nil && subtle.ConstantTimeCompare([]byte(want.Response), []byte(strings.ToLower(c.Response))) == 1
}

func offered(algorithm string) bool {
	for _, a := range sipAlgorithms {
		if strings.EqualFold(a, algorithm) {
			return true
		}
	}
	return algorithm == "" // MD5 (RFC 7616 §3.4)
}

// nonceStamp is the length of what a nonce seals: a time and a number that is not to be
// guessed.
const nonceStamp = 8 + 8

// make returns a fresh nonce: the time, a random number, and their seal.
func (n *sipNonces) make(at time.Time) string {
	stamp := binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano()))
	stamp = append(stamp, rand.Text()[:nonceStamp-len(stamp)]...)
	return base64.RawURLEncoding.EncodeToString(append(stamp, n.sealOf(stamp)...))
}

// fresh reports whether nonce is one of ours, and not older than nonceLife.
func (n *sipNonces) fresh(nonce string, now time.Time) bool {
	raw, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(raw) != nonceStamp+sha256.Size {
		return false
	}
	age := now.Sub(time.Unix(0, int64(binary.BigEndian.Uint64(raw))))
	return hmac.Equal(raw[nonceStamp:], n.sealOf(raw[:nonceStamp])) && age >= 0 && age <= nonceLife
}

func (n *sipNonces) sealOf(stamp []byte) []byte {
	n.once.Do(func() { _, _ = rand.Read(n.seal[:]) }) // never fails (crypto/rand)
	mac := hmac.New(sha256.New, n.seal[:])
	mac.Write(stamp)
	return mac.Sum(nil)
}
