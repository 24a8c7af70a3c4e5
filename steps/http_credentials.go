package steps

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/config"
)

// httpCredentialSteps judge how a server asks for credentials, and whom it believes.
func httpCredentialSteps(sc catalogue) {
	sc.When(`^it is asked for over HTTP without credentials$`, func(ctx context.Context) error { return of(ctx).askAs(ctx, nil, nil) })
	sc.When(`^it is asked for over HTTP with `+wrongPasswords+`$`, func(ctx context.Context, which string) error {
		u := of(ctx).talk.file.url
		wrong, err := wrongPassword(u, which)
		if err != nil {
			return err
		}
		return of(ctx).askAs(ctx, &credentials{u.User.Username(), wrong}, nil)
	})
	sc.When(`^it is asked for over HTTP under a wrong user name$`, func(ctx context.Context) error {
		password, _ := of(ctx).talk.file.url.User.Password()
		return of(ctx).askAs(ctx, &credentials{"nobody-" + rand.Text(), password}, nil)
	})
	sc.When(`^it is asked for over HTTP by Digest with an invented nonce$`, func(ctx context.Context) error {
		u := of(ctx).talk.file.url
		password, _ := u.User.Password()
		return of(ctx).askAs(ctx, &credentials{u.User.Username(), password}, func(c *digest.Challenge) { c.Nonce = rand.Text() })
	})
	sc.Then(`^it does not come over HTTP$`, notWithoutCredentials)
	sc.Then(`^it is refused over HTTP$`, refusedOverHTTP)
	sc.Then(`^it is refused over HTTP, if Digest is asked for$`, refusedByDigest)
	sc.Then(`^the refusal is 401 and holds a challenge$`, isChallenged)
	sc.Then(`^one of the challenges is Basic or Digest$`, knownChallenge)
}

// askAs asks without credentials, and then with these, nil: no more.
func (w *world) askAs(ctx context.Context, who *credentials, change func(*digest.Challenge)) error {
	t := &w.talk.http
	u := *w.talk.file.url
	u.User = nil
	a, err := w.getHTTP(ctx, &u)
	if err != nil {
		return err
	}
	t.add(a, nil)
	if who == nil || a.status != http.StatusUnauthorized {
		return nil
	}
	c, err := w.dialHTTP(ctx, &u)
	if err != nil {
		return err
	}
	defer c.close()
	if c.auth = who.authorization(http.Header(a.header), u.RequestURI(), 1, change); c.auth != "" {
		t.add(c.get(u.RequestURI()), nil)
	}
	return nil
}

// given reports whether the file came.
func (a *httpAnswer) given() bool {
	return a.status == http.StatusOK || a.status == http.StatusPartialContent
}

func notWithoutCredentials(ctx context.Context) error {
	if a := of(ctx).talk.http.latest(); a.given() {
		return violated("401 for whoever shows no credentials", "%s", a)
	}
	return nil
}

// refusedOverHTTP judges the answer to wrong credentials. They matter only where the
// server asks for some.
func refusedOverHTTP(ctx context.Context) error {
	t := &of(ctx).talk.http
	if a := t.latest(); len(t.answers) > 1 && a.given() {
		return violated("401 for whoever does not know the credentials", "%s", a)
	}
	return nil
}

func refusedByDigest(ctx context.Context) error {
	t := &of(ctx).talk.http
	if !slices.ContainsFunc(t.answers[0].header["Www-Authenticate"], func(text string) bool { return challengeIs(text, "digest") }) {
		return nil
	}
	return refusedOverHTTP(ctx)
}

func isChallenged(ctx context.Context) error {
	w := of(ctx)
	a := w.talk.http.latest()
	if open := w.published.Base(w.scheme); open != nil && open.User == nil {
		// What is refused where nobody is asked for credentials has another reason.
		unguarded := *w
		unguarded.talk.file.url = config.Join(open, guardedName)
		if err := unguarded.comesOverHTTP(ctx); err != nil {
			return err
		}
	}
	switch {
	case a.status == 0, a.status == http.StatusOK:
		return blocked("%s", a)
	case a.status != http.StatusUnauthorized:
		return violated("401, which makes a phone show its credentials", "%q came", a.line)
	case a.header.Get("Www-Authenticate") == "":
		return violated("a challenge (WWW-Authenticate) with 401", "there is none")
	}
	return nil
}

func knownChallenge(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	challenges := a.header["Www-Authenticate"]
	if a.status != http.StatusUnauthorized || len(challenges) == 0 {
		return blocked("%s", a)
	}
	for _, text := range challenges {
		if challengeIs(text, "basic") || challengeIs(text, "digest") {
			return nil
		}
	}
	return violated("a challenge by Basic or Digest", "the challenge is %s", excerpt([]byte(strings.Join(challenges, ", "))))
}
