package pcaps

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What replayed phones and our server call each other by: a capture need not tell the password.
const replayUser, replayPassword = "phone", "as-in-the-capture"

// asksFor tells how the captured server asked for credentials over HTTP: of every request, or not at all. Empty: it
// did not, or files name URLs with credentials of their own, which our server does not know.
func asksFor(passes []pass, tree *seen) (auth server.Auth) {
	for _, f := range tree.files {
		if ownCredentials.Match(f.Body) {
			return ""
		}
	}
	for _, p := range passes {
		for _, a := range newStory(p.Phone).fetches {
			if !strings.HasPrefix(a.scheme(), "http") || len(a.requests) == 0 {
				continue
			}
			way := ""
			for _, e := range a.requests {
				way = cmp.Or(way, e.Fact("http.authorization"))
			}
			switch {
			case way == "":
				return ""
			case strings.EqualFold(way, string(server.Digest)):
				auth = server.Digest
			case auth == "":
				auth = server.Basic
			}
		}
	}
	return auth
}

var ownCredentials = regexp.MustCompile(`(?i)https?://[^/\s"<>]+@`)

// withCredentials puts credentials into a URL that a phone was offered: those that our server wants, or wrong ones
// where the captured phone's were refused.
func (p pass) withCredentials(offered string) string {
	u, err := url.Parse(offered)
	if err != nil || u.Scheme == "" || u.Scheme == "tftp" {
		return offered
	}
	password := replayPassword
	for _, e := range p.Events {
		if e.Kind == trace.FetchFailed && e.Fault == trace.Unauthorized {
			password = "wrong-" + replayPassword
		}
	}
	u.User = url.UserPassword(replayUser, password)
	return u.String()
}
