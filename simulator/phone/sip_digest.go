package phone

import (
	"fmt"
	"strings"

	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// sipDigest is a challenge of a registrar's or a proxy's. It is answered again with
// each later request, until another one comes (RFC 3261 §22.3, RFC 7616 §3.3).
type sipDigest struct {
	challenge *digest.Challenge
	count     int // answers to it
	fresh     int // challenges in this attempt
}

// begin starts an attempt.
func (d *sipDigest) begin() {
	if d != nil {
		d.fresh = 0
	}
}

// answer returns the value of the header that answers the challenge; empty where there
// is none.
func (d *sipDigest) answer(a config.Account, uri string) string {
	if d == nil {
		return ""
	}
	d.count++
	answer, err := digest.Digest(d.challenge, digest.Options{
		Method: "REGISTER", URI: uri, Username: a.AuthName, Password: a.Password, Count: d.count,
	})
	if err != nil {
		return "" // the challenge comes again, and is reported
	}
	return answer.String()
}

// challenged takes a 401 or 407. It returns what the next REGISTER is sent for, or an
// error where there is no use in answering.
func (r *registration) challenged(response *sipResponse) (string, error) {
	which, header := 0, "www-authenticate"
	if response.code == 407 {
		which, header = 1, "proxy-authenticate"
	}
	challenge, words := chooseChallenge(response.all(header))
	asked := fmt.Sprintf("the registrar asks for credentials (%s, %s)", response.words(), words)
	fail := func(why string) (string, error) { return "", &Error{trace.Unauthorized, asked + why} }
	d := r.auth[which]
	switch {
	case challenge == nil:
		return fail(": a phone knows Digest with MD5 and SHA-256")
	case r.account.Password == "":
		return fail(fmt.Sprintf(", and account.%d.password is not set", r.account.Index))
	case d != nil && d.fresh > 0 && (!challenge.Stale || d.fresh > 1):
		return "", &Error{trace.Unauthorized, fmt.Sprintf("the registrar refuses user %q with the password of account %d (%s, %s)",
			r.account.AuthName, r.account.Index, response.words(), words)}
	}
	fresh := 1
	if d != nil {
		fresh += d.fresh
	}
	r.auth[which] = &sipDigest{challenge: challenge, fresh: fresh}
	return "answers " + words, nil
}

// chooseChallenge picks the first challenge that a phone can answer ("the topmost header
// field that it supports", RFC 8760 §2.4), and says in words which, or what there is in
// its place.
func chooseChallenge(lines []string) (*digest.Challenge, string) {
	words := "no challenge"
	for _, line := range lines {
		c, err := digest.ParseChallenge(line)
		if err != nil {
			scheme, _, _ := strings.Cut(line, " ")
			words = sipLine(scheme)
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.ToLower(strings.TrimSpace(c.QOP[i]))
		}
		algorithm := c.Algorithm
		if algorithm == "" {
			algorithm = "MD5" // RFC 7616 §3.3
		}
		words = sipLine(fmt.Sprintf("Digest %s, realm %q", algorithm, c.Realm))
		if digest.CanDigest(c) && offered(c.Algorithm) {
			return c, words
		}
	}
	return nil, words
}
