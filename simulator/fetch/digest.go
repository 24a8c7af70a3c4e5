package fetch

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/trace"
)

// challenge is one way in which a server asks who is there (RFC 9110 §11.6.1).
type challenge struct {
	scheme string // "Basic", "Digest"
	text   string // the whole of it
	digest *digest.Challenge
}

// authorized asks without credentials, and answers a 401.
func (f *webFetch) authorized(ctx context.Context) (*http.Response, error) {
	res, err := f.ask(ctx, "")
	for tries := 0; err == nil && res.StatusCode == http.StatusUnauthorized; tries++ {
		drain(res)
		var answer string
		if answer, err = f.answer(res, tries); err == nil {
			res, err = f.ask(ctx, answer)
		}
	}
	return res, err
}

// answer returns the Authorization header that answers a 401; tries counts the
// answers before. A nonce that went stale is answered once more (RFC 7616 §3.3).
func (f *webFetch) answer(res *http.Response, tries int) (string, error) {
	c, err := choose(res.Header)
	if err != nil {
		return "", err
	}
	words := c.words(f.password)
	asked := "the server asks for credentials (" + words + ")"
	stale := c.digest != nil && c.digest.Stale
	switch {
	case !f.secret:
		return "", &Error{Code: trace.Unauthorized, Detail: asked + " and none are set"}
	case !mayHaveCredentials(f.URL, f.at):
		return "", &Error{Code: trace.Unauthorized, Detail: asked + "; those for " + clean(f.URL.Host) + " are not sent there"}
	case tries > 0 && (!stale || tries > 1):
		return "", &Error{Code: trace.Unauthorized, Detail: "HTTP 401 with the credentials given (" + words + ")"}
	}
	f.reply(status(res, f.password) + ": " + words)
	if c.digest == nil {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(f.user+":"+f.password)), nil
	}
	answer, err := digest.Digest(c.digest, digest.Options{
		Method: http.MethodGet, URI: f.at.RequestURI(), Username: f.user, Password: f.password,
		Count: f.nonces.next(f.at.Host + " " + c.digest.Nonce),
	})
	if err != nil {
		return "", &Error{Code: trace.Unauthorized, Detail: withoutPackage(err.Error())}
	}
	return answer.String(), nil
}

// words returns `Digest SHA-256, realm "phones"`.
func (c challenge) words(secret string) string {
	if c.digest == nil {
		return c.scheme
	}
	algorithm := c.digest.Algorithm
	if algorithm == "" {
		algorithm = "MD5" // RFC 7616 §3.3
	}
	return fmt.Sprintf("Digest %s, realm %q", clean(algorithm), clean(c.digest.Realm, secret))
}

// choose picks the challenge to answer: Digest before Basic, since it does not show
// the password (RFC 7616 §3.7).
func choose(h http.Header) (challenge, error) {
	var (
		basic   bool
		unknown []string
	)
	for _, line := range h.Values("WWW-Authenticate") {
		for _, text := range challenges(line) {
			scheme, _, _ := strings.Cut(text, " ")
			switch strings.ToLower(scheme) {
			case "digest":
				if d, ok := parseDigest(text); ok {
					return challenge{scheme: "Digest", text: text, digest: d}, nil
				}
				unknown = append(unknown, "a form of Digest that no phone knows")
			case "basic":
				basic = true
			default:
				unknown = append(unknown, clean(scheme))
			}
		}
	}
	switch {
	case basic:
		return challenge{scheme: "Basic"}, nil
	case len(unknown) > 0:
		return challenge{}, failure(trace.Unauthorized, nil,
			"the server asks for credentials by %s: a phone knows Basic and Digest", clean(strings.Join(unknown, ", ")))
	default:
		return challenge{}, &Error{Code: trace.Unauthorized, Detail: "HTTP 401 without a challenge (WWW-Authenticate)"}
	}
}

func parseDigest(text string) (*digest.Challenge, bool) {
	d, err := digest.ParseChallenge(text)
	if err != nil {
		return nil, false
	}
	for i := range d.QOP {
		d.QOP[i] = strings.ToLower(strings.TrimSpace(d.QOP[i]))
	}
	return d, digest.CanDigest(d)
}

// challenges splits one WWW-Authenticate line, which may hold several challenges
// separated by commas, as their parameters are (RFC 9110 §11.6.1).
func challenges(line string) []string {
	var found []string
	for _, part := range splitQuoted(line) {
		name, value, spaced := strings.Cut(part, " ")
		// A parameter is name=value; what starts a challenge has a space or no "=".
		begins := !strings.Contains(name, "=") && (!spaced || !strings.HasPrefix(strings.TrimSpace(value), "="))
		if begins || len(found) == 0 {
			found = append(found, part)
		} else {
			found[len(found)-1] += ", " + part
		}
	}
	return found
}

// splitQuoted splits at commas outside quoted strings, and leaves out empty parts.
func splitQuoted(line string) []string {
	var parts []string
	start, quoted := 0, false
	cut := func(end int) {
		if p := strings.TrimSpace(line[start:end]); p != "" {
			parts = append(parts, p)
		}
		start = end + 1
	}
	for i := 0; i < len(line); i++ {
		switch {
		case quoted && line[i] == '\\':
			i++
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ',' && !quoted:
			cut(i)
		}
	}
	cut(len(line))
	return parts
}
