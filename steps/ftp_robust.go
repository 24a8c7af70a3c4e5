package steps

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
)

// ftpRobustSteps judge what a server bears, and whom it refuses.
func ftpRobustSteps(sc catalogue) {
	sc.When(`^(\d+) phones log in over FTP, ask for a data connection each, and vanish$`, phonesVanishFTP)
	sc.When(`^malformed commands are sent over FTP$`, malformedFTP)
	sc.Then(`^another phone is still served over FTP$`, stillServedFTP)
	sc.Given(`^a file that asks for a password$`, guardedFile)
	sc.When(`^it is asked for over FTP without a login$`, func(ctx context.Context) error { return of(ctx).trespass(ctx, "", "") })
	sc.When(`^it is asked for over FTP with `+wrongPasswords+`$`, func(ctx context.Context, which string) error {
		u := of(ctx).talk.file.url
		wrong, err := wrongPassword(u, which)
		if err != nil {
			return err
		}
		return of(ctx).trespass(ctx, u.User.Username(), wrong)
	})
	sc.When(`^it is asked for over FTP all the same after a wrong password was refused$`, trespassRefused)
	sc.When(`^it is asked for over FTP by "anonymous"$`, func(ctx context.Context) error {
		return of(ctx).trespass(ctx, "anonymous", "phone@example.com")
	})
	sc.Then(`^it is refused over FTP$`, refusedOverFTP)
}

// wrongPasswords are those that wrongPassword knows.
const wrongPasswords = `(a wrong password|the right password in capitals where it has small ones|no password)`

// wrongPassword returns a password that is nearly right. One that is longer than the right
// one: some servers look at its beginning alone; one of other letters, to those that
// compare as file names are compared; and none.
func wrongPassword(u *url.URL, which string) (string, error) {
	right, _ := u.User.Password()
	wrong := right + "-" + rand.Text()[:4]
	switch which {
	case "no password":
		wrong = ""
	case "a wrong password":
	default:
		wrong = strings.Map(func(r rune) rune {
			if up := unicode.ToUpper(r); up != r {
				return up
			}
			return unicode.ToLower(r)
		}, right)
	}
	if wrong == right {
		return "", blocked("with this password there is no such wrong one")
	}
	return wrong, nil
}

// phonesVanishFTP opens sessions side by side and leaves them without a QUIT. Those
// that a busy server turns away need not vanish.
func phonesVanishFTP(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.stillComesOverFTP(ctx); err != nil {
		return err
	}
	var all side
	sessions := make([]*ftpSession, n)
	for i := range sessions {
		all.Go(func() {
			s, err := w.dialFTP(ctx, w.talk.file.url)
			if err != nil {
				return // a server may have a limit
			}
			sessions[i] = s
			if s.greeting().code == 220 && s.login().kind() == 2 {
				s.command("EPSV")
			}
		})
	}
	all.Wait()
	for _, s := range sessions {
		if s != nil {
			s.vanish()
		}
	}
	return nil
}

// malformedLines are no FTP commands, or have arguments that none takes.
var malformedLines = []string{
	"", " ", "\x00\x01\x02\xff", "RETR", "USER", "PASS", "PORT 1,2,3", "PORT 999,999,999,999,999,999", "EPRT |9|x|y|",
	"TYPE ", "REST -1",
	strings.Repeat("A", 5000), "RETR " + strings.Repeat("%n", 2000), "RETR " + strings.Repeat("../", 1000),
}

// malformedFTP sends each of them over a connection of its own.
func malformedFTP(ctx context.Context) error {
	w := of(ctx)
	if err := w.stillComesOverFTP(ctx); err != nil {
		return err
	}
	var all side
	for _, line := range malformedLines {
		all.Go(func() {
			s, err := w.dialFTP(ctx, w.talk.file.url)
			if err != nil {
				return // stillServedFTP tells
			}
			defer s.close()
			if s.greeting().code == 220 {
				s.wait = time.Second // to some of these silence is an answer
				s.command(line)
			}
		})
	}
	all.Wait()
	return nil
}

// stillComesOverFTP returns an obstacle where the file does not come now: what a server
// did not bear before is another rule's affair.
func (w *world) stillComesOverFTP(ctx context.Context) error {
	s, r, err := w.openFTP(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	if s == nil {
		return blocked("there is no session: %s", r)
	}
	defer s.close()
	f, err := s.fetch(ctx)
	if err == nil && !f.whole(w.talk.file) {
		err = blocked("%s", f)
	}
	return err
}

func stillServedFTP(ctx context.Context) error {
	w := of(ctx)
	s, r, err := w.openFTP(ctx, w.talk.file.url)
	if err != nil {
		return asBefore(ctx, err)
	}
	if s == nil {
		return violated("the file, as before", "there is no session: %s", r)
	}
	defer s.close()
	f, err := s.fetch(ctx)
	if err == nil && !f.whole(w.talk.file) {
		err = violated("the file, as before", "%s", f)
	}
	return err
}

// guardedName is the file that rules about credentials ask for.
const guardedName = "blocks.cfg"

// guardedFile publishes a file where a user name and a password are asked for.
func guardedFile(ctx context.Context) error {
	w := of(ctx)
	place, err := w.place(ctx, "protocols")
	if err != nil {
		return err
	}
	if place == nil {
		return blocked("nothing can be published")
	}
	base := scenarios.BaseOf(place.Guarded, w.scheme)
	if base == nil || base.User == nil {
		return blocked("nothing asks for a password over %s", w.scheme)
	}
	w.base, w.published = base, place
	w.talk.file = served{url: config.Join(base, guardedName), body: servedTree()[guardedName].Data, published: true}
	return nil
}

// trespass asks for the file as somebody who may not have it; without a user: without a
// login.
func (w *world) trespass(ctx context.Context, user, password string) error {
	s, err := w.dialFTP(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	defer s.close()
	if r := s.greeting(); r.code != 220 {
		return blocked("there is no session: %s", r)
	}
	if user != "" {
		s.secret = password
		if r := s.loginAs(user, password); r.kind() != 2 {
			w.talk.ftp.fetches = append(w.talk.ftp.fetches, &ftpFetch{login: r})
			return nil
		}
	}
	return w.fetchOn(ctx, s)
}

// trespassRefused goes on after a refused password as if it had been right.
func trespassRefused(ctx context.Context) error {
	w := of(ctx)
	u := w.talk.file.url
	wrong, err := wrongPassword(u, "a wrong password")
	if err != nil {
		return err
	}
	s, err := w.dialFTP(ctx, u)
	if err != nil {
		return err
	}
	defer s.close()
	s.secret = wrong
	if r := s.greeting(); r.code != 220 {
		return blocked("there is no session: %s", r)
	}
	if r := s.loginAs(u.User.Username(), wrong); r.kind() == 2 {
		return blocked("a wrong password is taken: %s", r)
	}
	return w.fetchOn(ctx, s)
}

func refusedOverFTP(ctx context.Context) error {
	w := of(ctx)
	if f := w.talk.ftp.fetches[0]; f.begin.kind() == 1 {
		return violated("530 for whoever does not know the password", "%s, %d bytes came", f.begin, len(f.body))
	}
	return nil
}
