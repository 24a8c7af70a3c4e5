package fetch

import (
	"context"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ask sends one GET and returns the answer's header. Each time that the request goes
// out is recorded: net/http sends it again where a kept connection turns out closed.
func (f *webFetch) ask(ctx context.Context, authorization string) (*http.Response, error) {
	attempt := 0
	var conn net.Conn
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		attempt++
		conn = info.Conn
		f.peer = peerOf(conn.RemoteAddr())
		f.options.Trace.Record(trace.Event{
			Kind: trace.FetchRequest, Name: f.Name, URL: trace.URL(f.at), Peer: f.peer, Attempt: attempt,
		})
	}})
	req := (&http.Request{
		Method: http.MethodGet, URL: f.at, Host: f.at.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {f.agent}},
	}).WithContext(ctx)
	if from := f.options.ForwardedFor; from.IsValid() {
		req.Header.Set("X-Forwarded-For", from.String())
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	// The transport alone, not http.Client: redirects and credentials are ours.
	res, err := f.transport.RoundTrip(req)
	if err != nil {
		return nil, f.askError(ctx, err, conn)
	}
	return res, nil
}

// askError explains why no answer came over conn. An answer that is no HTTP is quoted.
func (f *webFetch) askError(ctx context.Context, err error, conn net.Conn) error {
	e := asError(ctx, f.at, err)
	if e.Code != trace.Protocol {
		return e
	}
	if end := endOf(conn); end != nil {
		return asError(ctx, f.at, end)
	}
	_, quoted, found := strings.Cut(err.Error(), "malformed HTTP ")
	switch {
	case found && strings.Contains(quoted, `"\x15\x03`):
		e.Detail = "the server speaks TLS on this port (use https://)"
	case found:
		e.Detail = "the answer is not HTTP: " + clean(quoted, f.password)
	}
	return e
}
