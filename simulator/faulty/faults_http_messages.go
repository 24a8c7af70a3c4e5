package faulty

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// httpMessageFaults are about answers as a whole.
func httpMessageFaults() []spec {
	return []spec{
		{name: "partial", clause: BrokenFraming, rule: "FIP-HTTP-002",
			doc: "206 and the first half, though no range was asked for: a cache in front",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				if answer.status == http.StatusOK && r.Header.Get("Range") == "" {
					n := answer.body.Len()
					answer.status = http.StatusPartialContent
					answer.header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", max(n/2-1, 0), n))
					answer.header.Set("Content-Length", strconv.Itoa(n/2))
					answer.body.Truncate(n / 2)
				}
				answer.play(w)
			})},
		{name: "not-modified", clause: Stale, rule: "FIP-CFG-004",
			doc:   "304 for a file that was asked for before, though no condition was set: a cache",
			spoil: notModified(every)},
		{name: "not-modified-shared", clause: Stale, rule: "FIP-HTTP-011",
			doc:   "as not-modified, for files that are no certain phone's: a cache for what all share",
			spoil: notModified(func(name string) bool { return !macFor(name) })},
		{name: "agent-refused", clause: RefusesRequests, rule: "FIP-CFG-001",
			doc: "403 for a User-Agent that is no browser's: a filter against robots",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if !strings.HasPrefix(r.UserAgent(), "Mozilla/") {
					http.Error(w, "robots keep out", http.StatusForbidden)
					return
				}
				next.ServeHTTP(w, r)
			})},
		{name: "encoding-wanted", clause: RefusesRequests, rule: "FIP-CFG-001",
			doc: "406 without an Accept-Encoding: all is stored compressed",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if r.Header.Get("Accept-Encoding") == "" {
					http.Error(w, "gzip only", http.StatusNotAcceptable)
					return
				}
				next.ServeHTTP(w, r)
			})},
		{name: "second-on-connection", clause: BrokenFraming, rule: "FIP-HTTP-005",
			doc: "a second request on one connection gets the answer to the first: a proxy that mixes answers up", spoil: sameAgain},
	}
}

func notModified(which selector) func(*behaviour) {
	return func(b *behaviour) { cacheAnswers(b, which) }
}

func cacheAnswers(b *behaviour, which selector) {
	var sent counter
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := record(r, next)
		if answer.status == http.StatusOK && which(r.URL.Path) && sent.add(r.UserAgent()+r.URL.Path) > 1 {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer.play(w)
	})(b)
}

func sameAgain(b *behaviour) {
	var answers latest
	serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := record(r, next)
		if answer.status == http.StatusOK {
			body := answers.first(r.RemoteAddr, bytes.Clone(answer.body.Bytes()))
			answer.body.Reset()
			answer.body.Write(body)
			answer.header.Set("Content-Length", strconv.Itoa(len(body)))
		}
		answer.play(w)
	})(b)
}
