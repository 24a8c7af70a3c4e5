package steps

import (
	"context"
	"net/http"
	"strings"

	"github.com/icholy/digest"
)

// httpFormSteps judge the form of answers, and what they say of the connection.
func httpFormSteps(sc catalogue) {
	sc.Given(`^a file that is missing$`, missingServed)
	sc.Then(`^it has no Content-Length beside chunked coding$`, lengthToldOnce)
	sc.Then(`^every line of the head ended with CR LF$`, headLinesEnded)
	sc.When(`^a phone asks for it twice over HTTP, and waits for the end of the connection$`, askAndWait)
	sc.Then(`^the connection stayed, or its end was announced$`, endAnnounced)
	sc.When(`^it is asked for over HTTP twice by Digest with one nonce$`, askDigestTwice)
	sc.Then(`^it comes both times, or the nonce is called stale, if Digest is asked for$`, nonceIsStale)
	sc.Then(`^the challenges have realm and nonce as their schemes want them$`, challengeInForm)
}

// missingServed is a file that the server has not, for rules about the answer as such.
func missingServed(ctx context.Context) error {
	w := of(ctx)
	base, _, err := w.nowhere(ctx)
	if err != nil {
		return err
	}
	w.talk.file = served{url: base.JoinPath("fipsim-there-is-no-such-file.cfg")}
	return nil
}

func lengthToldOnce(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	if a.status == 0 {
		return blocked("%s", a)
	}
	if length := a.header.Get("Content-Length"); length != "" && a.header.Get("Transfer-Encoding") != "" {
		return violated("Content-Length or Transfer-Encoding", "Content-Length is %s and Transfer-Encoding %s", excerpt([]byte(length)),
			excerpt([]byte(a.header.Get("Transfer-Encoding"))))
	}
	return nil
}

func headLinesEnded(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	switch {
	case a.status == 0:
		return blocked("%s", a)
	case a.bare != "":
		return violated("CR LF at the end of each line", "the line %s came", a.bare)
	}
	return nil
}

// askAndWait asks over two connections: one may have been closed for another reason.
func askAndWait(ctx context.Context) error {
	w := of(ctx)
	for range 2 {
		c, a, err := w.askHTTP(ctx, w.talk.file.url, http.MethodGet)
		if err != nil {
			return err
		}
		a.dropped = a.ended && !a.close && a.framing != byClosing && !strings.HasPrefix(a.line, "HTTP/1.0") && c.ended()
		c.close()
		w.talk.http.add(a, nil)
	}
	return nil
}

func endAnnounced(ctx context.Context) error {
	answers := of(ctx).talk.http.answers
	for _, a := range answers {
		switch {
		case a.status == 0:
			return blocked("%s", a)
		case !a.dropped:
			return nil
		}
	}
	return violated(`"Connection: close" in the answer, or a connection that stays`,
		"%s, without it, and the server closed the connection", answers[0])
}

// askDigestTwice counts its requests as RFC 7616 §3.4 has it.
func askDigestTwice(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.http
	u := *w.talk.file.url
	password, _ := u.User.Password()
	who := credentials{u.User.Username(), password}
	u.User = nil
	a, err := w.getHTTP(ctx, &u)
	if err != nil {
		return err
	}
	t.add(a, nil)
	if a.status != http.StatusUnauthorized || !asksDigest(a) {
		return nil
	}
	for count := 1; count <= 2; count++ {
		c, err := w.dialHTTP(ctx, &u)
		if err != nil {
			return err
		}
		c.auth = who.authorization(http.Header(a.header), u.RequestURI(), count, func(c *digest.Challenge) {})
		t.add(c.get(u.RequestURI()), nil)
		c.close()
	}
	return nil
}

// asksDigest reports whether an answer holds a challenge of Digest.
func asksDigest(a *httpAnswer) bool {
	for _, text := range a.header["Www-Authenticate"] {
		if challengeIs(text, "digest") {
			return true
		}
	}
	return false
}

func nonceIsStale(ctx context.Context) error {
	answers := of(ctx).talk.http.answers
	if len(answers) < 3 {
		return nil
	}
	first, second := answers[1], answers[2]
	switch {
	case !first.given():
		return blocked("the right answer to the challenge does not bring the file: %s", first)
	case second.status != http.StatusUnauthorized || stale(second):
		return nil
	}
	return violated("the file, or 401 with stale=true",
		"the second request with the same nonce got %s, and nothing says that the nonce is stale", second)
}

// stale reports whether a challenge says that only the nonce was too old.
func stale(a *httpAnswer) bool {
	for _, text := range a.header["Www-Authenticate"] {
		if c, err := digest.ParseChallenge(text); err == nil && c.Stale {
			return true
		}
	}
	return false
}

// challengeInForm looks at challenges of the schemes that phones know.
func challengeInForm(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	if a.status != http.StatusUnauthorized {
		return blocked("%s", a)
	}
	for _, text := range a.header["Www-Authenticate"] {
		small := strings.ToLower(strings.ReplaceAll(text, " ", ""))
		switch {
		case challengeIs(text, "basic") && !strings.Contains(small, "realm="):
			return violated("a realm in the challenge", "%s came", excerpt([]byte(text)))
		case challengeIs(text, "digest") && (!strings.Contains(small, `realm="`) || !strings.Contains(small, `nonce="`)):
			return violated(`realm="..." and nonce="..." in the challenge`, "%s came", excerpt([]byte(text)))
		}
	}
	return nil
}
