package faulty

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
)

// httpFaults are about messages and connections of HTTP.
func httpFaults() []spec {
	all := slices.Concat(httpLengthFaults(), httpMessageFaults(), httpOtherFaults(), httpLoginFaults(),
		httpRedirectFaults(), httpServiceFaults(), httpFormFaults())
	for i := range all {
		if all[i].protocols == "" {
			all[i].protocols = "http https"
		}
	}
	return all
}

func onHTTP(set func(f *httpFault)) func(*behaviour) {
	return func(b *behaviour) { set(&b.http) }
}

// serving puts a handler before the right one.
func serving(serve func(w http.ResponseWriter, r *http.Request, next http.Handler)) func(*behaviour) {
	return onHTTP(func(f *httpFault) {
		f.wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) })
		}
	})
}

// recorded is an answer before it leaves.
type recorded struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (r *recorded) Header() http.Header { return r.header }

// Write implements http.ResponseWriter.
func (r *recorded) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// WriteHeader implements http.ResponseWriter.
func (r *recorded) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

// record lets the right handler answer into memory.
func record(r *http.Request, next http.Handler) *recorded {
	answer := &recorded{header: make(http.Header)}
	next.ServeHTTP(answer, r)
	return answer
}

// play sends a recorded answer.
func (r *recorded) play(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes()) // the client may be gone
}

// raw takes over the connection and writes what it likes.
func raw(w http.ResponseWriter, write func() []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write(write()) // the client may be gone
	_ = conn.Close()
}

// ofLength sends a file with a Content-Length that change makes of the right one, and
// ends the connection.
func ofLength(which selector, change func(n int) int) func(*behaviour) {
	return serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		answer := record(r, next)
		if answer.status != http.StatusOK || !which(r.URL.Path) {
			answer.play(w)
			return
		}
		raw(w, func() []byte {
			return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
				change(answer.body.Len()), answer.body.Bytes())
		})
	})
}

// httpLengthFaults are about where an answer ends.
func httpLengthFaults() []spec {
	return []spec{
		{name: "length-too-long", clause: BrokenFraming, rule: "FIP-HTTP-003",
			doc:   "a Content-Length that is more than what comes: from before a conversion",
			spoil: ofLength(every, func(n int) int { return n + 7 })},
		{name: "length-too-short", clause: BrokenFraming, rule: "FIP-HTTP-003",
			doc:   "a Content-Length that is less than what comes: characters are counted",
			spoil: ofLength(every, func(n int) int { return max(n-1, 0) })},
		{name: "length-of-boot", clause: BrokenFraming, rule: "FIP-HTTP-003", doc: "as length-too-long, for boot files only",
			spoil: ofLength(boot, func(n int) int { return n + 1 })},
		{name: "length-in-words", clause: BrokenFraming, rule: "FIP-HTTP-003", doc: "a Content-Length that is no number",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				raw(w, func() []byte {
					return fmt.Appendf(nil, "HTTP/1.1 %d OK\r\nContent-Length: %d bytes\r\nConnection: close\r\n\r\n%s",
						answer.status, answer.body.Len(), answer.body.Bytes())
				})
			})},
		{name: "chunks-unended", clause: BrokenFraming, rule: "FIP-HTTP-004",
			doc: "the last chunk never comes: a program that dies while it writes",
			spoil: serving(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				answer := record(r, next)
				if answer.status != http.StatusOK {
					answer.play(w)
					return
				}
				raw(w, func() []byte {
					return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n%s\r\n",
						answer.body.Len(), answer.body.Bytes())
				})
			})},
	}
}
