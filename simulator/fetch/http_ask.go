package fetch

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ask sends one GET and returns the answer's header. Each time that the request goes
// out is recorded. Where a connection that was kept turns out to be closed, it goes out
// once more, on a fresh one (RFC 9112 §9.3.1).
func (f *webFetch) ask(ctx context.Context, authorization string) (*http.Response, error) {
	req, err := f.request(authorization)
	if err != nil {
		return nil, f.askError(ctx, err, nil)
	}
	h, err := f.host(f.at)
	if err == nil {
		err = h.take(ctx)
	}
	if err != nil {
		return nil, f.askError(ctx, err, nil)
	}
	for attempt := 1; ; attempt++ {
		c, err := f.connection(ctx, h)
		if err != nil {
			<-h.turn
			return nil, f.askError(ctx, err, nil)
		}
		res, again, err := f.askOver(ctx, h, c, req, attempt)
		if !again {
			return res, err
		}
	}
}

// askOver asks over one connection; again says that another one may bring the answer.
// The turn is given up unless it may.
func (f *webFetch) askOver(ctx context.Context, h *webHost, c *webConn, req *http.Request, attempt int) (*http.Response, bool, error) {
	f.peer = c.peer
	f.options.Trace.Record(trace.Event{
		Kind: trace.FetchRequest, Name: f.Name, URL: f.where, Peer: f.peer, Attempt: attempt,
	})
	before := c.used
	res, keep, err := c.exchange(req)
	if err != nil {
		if lost := (lostError{}); errors.As(err, &lost) && before && ctx.Err() == nil {
			c.close(f.options.Shared)
			return nil, true, nil
		}
		err = f.askError(ctx, err, c.Conn)
		f.give(h, c, false)
		return nil, false, err
	}
	body := &webBody{ReadCloser: res.Body, web: f.web, host: h, conn: c, keep: keep}
	if res.ContentLength == 0 {
		body.finish(io.EOF, keep)
	}
	res.Body = body
	return res, false, nil
}

// request makes the phone's GET. Its error says that no header can carry authorization.
func (f *webFetch) request(authorization string) (*http.Request, error) {
	header := f.header
	if authorization != "" {
		if !httpguts.ValidHeaderFieldValue(authorization) {
			return nil, errors.New(`net/http: invalid header field value for "Authorization"`)
		}
		header = header.Clone()
		header.Set("Authorization", authorization)
	}
	return &http.Request{
		Method: http.MethodGet, URL: f.at, Host: f.at.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header,
	}, nil
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
