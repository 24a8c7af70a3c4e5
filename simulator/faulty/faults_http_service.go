package faulty

import (
	"bytes"
	"fmt"
	"net/http"
)

// redirecting sends whoever asks for a file elsewhere, where to returns anything.
func redirecting(to func(r *http.Request) string) func(*behaviour) {
	return serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if where := to(r); where != "" {
			w.Header().Set("Location", where)
			w.WriteHeader(http.StatusFound)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// httpRedirectFaults are about files that lead elsewhere.
func httpRedirectFaults() []spec {
	return []spec{
		{name: "redirect-self", clause: Redirects, rule: "FIP-HTTP-008",
			doc:   "every file leads to itself: a slash or a host that is set right again and again",
			spoil: redirecting(func(r *http.Request) string { return r.URL.EscapedPath() })},
		{name: "redirect-boot", clause: Redirects, rule: "FIP-HTTP-008", doc: "boot files lead in a circle of two",
			spoil: redirecting(func(r *http.Request) string {
				if !boot(r.URL.Path) {
					return ""
				}
				if r.URL.RawQuery == "" {
					return r.URL.EscapedPath() + "?again"
				}
				return r.URL.EscapedPath()
			})},
		{name: "redirect-cfg", clause: Redirects, rule: "FIP-HTTP-008", doc: "cfg files of phones lead ever on: a session id in each URL",
			spoil: redirecting(func(r *http.Request) string {
				if !cfg(r.URL.Path) || !macFor(r.URL.Path) {
					return ""
				}
				return fmt.Sprintf("%s?session=%s1", r.URL.EscapedPath(), r.URL.Query().Get("session"))
			})},
		{name: "redirect-nowhere", clause: Redirects, rule: "FIP-HTTP-008",
			doc:   "a redirect without a Location, for files of more than 1000 bytes",
			spoil: forLong(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) })},
	}
}

// httpServiceFaults are about credentials, many clients, and bad ones.
func httpServiceFaults() []spec {
	return []spec{
		{name: "login-not-asked", clause: NotAsked, rule: "FIP-HTTP-020",
			doc:   "nobody is asked for credentials: the guard is on another folder",
			spoil: loggingIn(func(_, _ string, _ bool) loginAnswer { return letIn })},
		{name: "login-refused", clause: RefusesRequests, rule: "FIP-URL-003",
			doc:   "right credentials are refused too: a list that was not read",
			spoil: loggingIn(func(_, _ string, _ bool) loginAnswer { return challenge })},
		{name: "login-any", clause: AnyAccepted, rule: "FIP-HTTP-023", doc: "any credentials are taken, as long as there are some",
			spoil: loggingIn(func(_, _ string, given bool) loginAnswer { return only(given) })},
		{name: "login-user-only", clause: AnyAccepted, rule: "FIP-HTTP-023", doc: "any password of the right user is taken",
			spoil: loggingIn(func(user, _ string, _ bool) loginAnswer { return only(user == User) })},
		{name: "login-boot-only", clause: NotAsked, rule: "FIP-HTTP-020",
			doc:   "boot files are guarded and cfg files are not: a list of endings",
			spoil: guardedBoot},
		{name: "login-forbidden", clause: NotAsked, rule: "FIP-HTTP-021",
			doc: "403 in the place of 401: credentials must be given at once",
			spoil: loggingIn(func(user, password string, given bool) loginAnswer {
				if !given {
					return forbid
				}
				return checkLogin(user, password, given)
			})},
		{name: "login-no-challenge", clause: NotAsked, rule: "FIP-HTTP-021", doc: "401 without WWW-Authenticate",
			spoil: loggingIn(func(user, password string, given bool) loginAnswer {
				if checkLogin(user, password, given) == letIn {
					return letIn
				}
				return challengeless
			})},
		{name: "one-at-a-time", clause: OneAtATime, rule: "FIP-HTTP-032", doc: "one connection after the other",
			spoil: onHTTP(func(f *httpFault) { f.accept = oneConnection })},
		{name: "abandoned", clause: Abandoned, rule: "FIP-HTTP-033",
			doc:   "a request that was not finished keeps one of eight workers for ever",
			spoil: onHTTP(func(f *httpFault) { f.accept = workers(8) })},
		{name: "dies-of-garbage", clause: AfterMalformed, rule: "FIP-HTTP-030", doc: "nothing is served after a request that is none",
			spoil: onHTTP(func(f *httpFault) {
				f.accept = dying(func(b []byte, first bool) bool { return first && !bytes.Contains(b, []byte(" HTTP/1.")) })
			})},
	}
}

func loggingIn(decide func(user, password string, given bool) loginAnswer) func(*behaviour) {
	return onHTTP(func(f *httpFault) { f.login = decide })
}

func only(ok bool) loginAnswer {
	if ok {
		return letIn
	}
	return challenge
}

// guardedBoot lets everybody in who does not ask for a boot file.
func guardedBoot(b *behaviour) {
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !boot(r.URL.Path) && r.Header.Get("Authorization") == "" {
			r.SetBasicAuth(User, Password)
		}
		next.ServeHTTP(w, r)
	})(b)
}
