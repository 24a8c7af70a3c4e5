package steps

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/icholy/digest"
)

// credentials answer a challenge.
type credentials struct{ user, password string }

// authorization answers the challenges of a 401: Basic, or else Digest; empty: there is
// none that a phone knows. change may alter the challenge that is answered.
func (c credentials) authorization(header http.Header, path string, count int, change func(*digest.Challenge)) string {
	for _, text := range header.Values("Www-Authenticate") {
		if challenge, err := digest.ParseChallenge(text); err == nil && digest.CanDigest(challenge) {
			if change != nil {
				change(challenge)
			}
			answer, err := digest.Digest(challenge, digest.Options{
				Method: http.MethodGet, URI: path, Username: c.user, Password: c.password, Count: count,
			})
			if err == nil {
				return answer.String()
			}
		}
	}
	for _, text := range header.Values("Www-Authenticate") {
		if challengeIs(text, "basic") {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.user+":"+c.password))
		}
	}
	return ""
}

// challengeIs reports whether a WWW-Authenticate holds a challenge of a scheme.
func challengeIs(text, scheme string) bool {
	for _, part := range strings.Split(text, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(part), " ")
		if strings.EqualFold(name, scheme) {
			return true
		}
	}
	return false
}

// getHTTP asks for a URL over one connection or more, with its credentials where it has
// some and is asked for them.
func (w *world) getHTTP(ctx context.Context, u *url.URL) (*httpAnswer, error) {
	c, a, err := w.askHTTP(ctx, u, http.MethodGet)
	if c != nil {
		c.close()
	}
	return a, err
}

// askHTTP is getHTTP with the connection left open for more. Where the server closed it
// there is none.
func (w *world) askHTTP(ctx context.Context, u *url.URL, method string) (*httpClient, *httpAnswer, error) {
	for n, wait := 1, 100*time.Millisecond; ; n, wait = n+1, 2*wait {
		c, a, err := w.askOnce(ctx, u, method)
		if err != nil || n >= mostBusy || a.status != http.StatusServiceUnavailable && a.status != http.StatusTooManyRequests {
			return c, a, err
		}
		c.close()
		select {
		case <-time.After(wait): // a server may be busy (RFC 9110 §15.6.4, RFC 6585 §4)
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

func (w *world) askOnce(ctx context.Context, u *url.URL, method string) (*httpClient, *httpAnswer, error) {
	c, err := w.dialHTTP(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	a := c.ask(method, u.RequestURI())
	if a.status != http.StatusUnauthorized || u.User == nil {
		return c, a, nil
	}
	if method == http.MethodHead || a.close || !a.ended {
		c.close()
		if c, err = w.dialHTTP(ctx, u); err != nil {
			return nil, nil, err
		}
	}
	password, _ := u.User.Password()
	who := credentials{u.User.Username(), password}
	if c.auth = who.authorization(http.Header(a.header), u.RequestURI(), 1, nil); c.auth == "" {
		return c, a, nil
	}
	a = c.ask(method, u.RequestURI())
	return c, a, nil
}
