package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of what a phone reads of an answer besides the body of a file.
const (
	maxHeader = 64 << 10 // bytes of the header of one answer
	maxDrain  = 64 << 10 // bytes of the body of a 404 or 302, read to keep the connection
)

// web gets files over HTTP and HTTPS: HTTP/1.1, no Accept-Encoding, one connection to
// a host, asking without credentials first. The zero value is not usable, see newHTTP.
//
// The messages are net/http's; its Transport is not used. It has two goroutines a
// connection, of which each request wakes both, and a fleet's figures would be those of
// the scheduler.
type web struct {
	options Options
	header  http.Header // of every request; not to be changed
	idle    time.Duration
	nonces  nonceCounts

	mu     sync.Mutex
	tls    tlsClient  // made when it is first asked for
	hosts  []*webHost // seldom more than one
	closed bool       // connections are not kept any more
}

func newHTTP(o Options, agent string) *web {
	w := &web{options: o, header: http.Header{"User-Agent": {agent}}, idle: idleLimit}
	if from := o.ForwardedFor; from.IsValid() {
		w.header.Set("X-Forwarded-For", from.String())
	}
	return w
}

// webFetch is one file on its way: the state of one call of Fetch.
type webFetch struct {
	*web
	Request
	user, password string
	secret         bool     // there are credentials
	at             *url.URL // what is asked for now
	where          string   // the same, as events carry it
	peer           netip.AddrPort
}

// Fetch implements Fetcher.
func (w *web) Fetch(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	f := &webFetch{web: w, Request: r, at: bare(r.URL), where: r.shown}
	if f.where == "" || r.URL.Fragment != "" {
		f.where = trace.URL(f.at)
	}
	f.user, f.password, f.secret = r.credentials()
	res, err := f.follow(ctx)
	if err != nil {
		e := asError(ctx, f.at, err)
		if !e.Peer.IsValid() {
			e.Peer = f.peer
		}
		return nil, e
	}
	defer res.Body.Close()
	in := inbound{limit: r.Limit, announced: res.ContentLength, to: r.Body}
	if err := in.receive(ctx, res.Body); err != nil {
		e := asError(ctx, f.at, err)
		e.Peer = f.peer
		return nil, e
	}
	return &Response{Body: in.body(), Bytes: in.n, URL: f.at, Took: time.Since(start)}, nil
}

// follow asks, and goes where redirects lead, until an answer with a file.
func (f *webFetch) follow(ctx context.Context) (*http.Response, error) {
	for hops := 0; ; hops++ {
		if err := checkWeb(f.at); err != nil {
			return nil, err
		}
		res, err := f.authorized(ctx)
		if err != nil {
			return nil, err
		}
		if res.StatusCode == http.StatusOK {
			f.noteEncoding(res)
			return res, nil
		}
		drain(res)
		if !isRedirect(res.StatusCode) {
			return nil, statusError(res, f.password)
		}
		if err := f.redirect(res, hops); err != nil {
			return nil, err
		}
	}
}

func checkWeb(u *url.URL) error {
	_, err := hostPort(u, "80")
	return err
}

// noteEncoding records a body that is compressed or chopped though the phone did not
// ask for it (RFC 9110 §12.5.3): what came is taken as it is.
func (f *webFetch) noteEncoding(res *http.Response) {
	if e := res.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		f.reply("Content-Encoding " + clean(e) + ", which the phone did not ask for: the body is taken as it is")
	}
}

// reply records what an answer tells besides the body.
func (f *webFetch) reply(detail string) {
	f.options.Trace.Record(trace.Event{
		Kind: trace.FetchReply, Name: f.Name, URL: f.where, Peer: f.peer, Detail: detail,
	})
}

// statusError sorts the statuses that are no file. A deployed server answers 403 to a
// phone that it doesn't know.
func statusError(res *http.Response, secret string) *Error {
	code := trace.ServerError
	switch res.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		code = trace.NotFound
	case http.StatusUnauthorized:
		code = trace.Unauthorized
	case http.StatusForbidden:
		code = trace.Forbidden
	}
	return &Error{Code: code, Detail: status(res, secret)}
}

// status returns "HTTP 404 Not Found".
func status(res *http.Response, secret string) string {
	text := clean(res.Status, secret)
	if len(text) <= len("404 ") {
		text = fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	return "HTTP " + text
}

// drain reads the body of an answer that is no file, so that the connection can be
// kept; a long one is not worth it.
func drain(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	res.Body.Close()
}

// nonceCounts counts the uses of each nonce of Digest (RFC 7616 §3.4, nc).
type nonceCounts struct {
	mu   sync.Mutex
	used map[string]int
}

func (n *nonceCounts) next(nonce string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.used == nil {
		n.used = make(map[string]int)
	}
	n.used[nonce]++
	return n.used[nonce]
}
