// Package fetch gets one file over TFTP, FTP, HTTP, HTTPS or from disk, as the phone
// does: one file a scheme, one vocabulary of errors.
package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Request asks for one file.
type Request struct {
	URL      *url.URL  // absolute; Path decoded, as net/url has it
	Name     string    // what events call the file: "0021f2000001.boot"
	Limit    int64     // bytes of the body at most; 0: Behaviour.MaxCfg
	User     string    // used where URL has no user info
	Password string    //
	Body     io.Writer // where the body goes; nil: Response.Body
}

// Response is a file that arrived whole.
type Response struct {
	Body  []byte        // nil where Request.Body took it
	Bytes int64         // length of the body
	URL   *url.URL      // where it came from in the end, without user info
	Took  time.Duration // from the first request to the last byte
}

// Fetcher gets one file. Its error is an *Error, which errors.Is matches with
// ErrNotFound and its kin.
type Fetcher interface {
	Fetch(ctx context.Context, r Request) (*Response, error)
}

// Options is what all schemes share. The zero value works.
type Options struct {
	Identity  device.Identity  // for User-Agent
	Behaviour device.Behaviour // limits, resend times, TLS profile
	Network   wire.Network     // nil: wire.OS{}
	Trace     trace.Sink       // nil: trace.Discard
	TLS       TLS
}

// TLS is what a phone is told about certificates.
type TLS struct {
	CA           []byte            // PEM; trusted instead of the machine's own roots; empty: those
	Insecure     bool              // certificates are not checked
	Certificates []tls.Certificate // shown to a server that asks for one
	KeyLog       io.Writer         // TLS secrets for Wireshark (NSS key log format); nil: none
}

func (o Options) withDefaults() Options {
	o.Identity = o.Identity.WithDefaults()
	o.Behaviour = o.Behaviour.WithDefaults()
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	if o.Trace == nil {
		o.Trace = trace.Discard
	}
	return o
}

// Schemes is a Fetcher that chooses by the URL's scheme. One is made for each pass:
// it keeps one HTTP connection and one FTP session per host until Close.
type Schemes struct {
	by     map[string]Fetcher
	trace  trace.Sink
	limit  int64
	closer []io.Closer
}

// New returns a fetcher for tftp, ftp, http, https and file URLs. Its error is that
// of Options.TLS.CA holding no certificate, or of a User-Agent that no header can carry.
func New(o Options) (*Schemes, error) {
	o = o.withDefaults()
	web, err := newHTTP(o)
	if err != nil {
		return nil, err
	}
	ftp := newFTP(o)
	return &Schemes{
		by: map[string]Fetcher{
			"tftp":  newTFTP(o),
			"ftp":   ftp,
			"http":  web,
			"https": web,
			"file":  file{o.Trace},
		},
		trace:  o.Trace,
		limit:  o.Behaviour.MaxCfg,
		closer: []io.Closer{web, ftp},
	}, nil
}

// Fetch implements Fetcher. It records how the fetch ended: FetchDone, FetchMissing
// or FetchFailed; what happened on the way is recorded by the scheme's own fetcher.
func (s *Schemes) Fetch(ctx context.Context, r Request) (*Response, error) {
	if r.Limit == 0 {
		r.Limit = s.limit
	}
	start := time.Now()
	res, err := s.fetch(ctx, r)
	event := trace.Event{Kind: trace.FetchDone, Name: r.Name, URL: trace.URL(r.URL), Took: time.Since(start)}
	if err == nil {
		event.Bytes = res.Bytes
		s.trace.Record(event)
		return res, nil
	}
	failed := asError(ctx, r.URL, err)
	event.Kind, event.Fault, event.Detail, event.Peer = trace.FetchFailed, failed.Code, failed.Detail, failed.Peer
	if failed.Code == trace.NotFound {
		event.Kind = trace.FetchMissing
	}
	s.trace.Record(event)
	return nil, failed
}

func (s *Schemes) fetch(ctx context.Context, r Request) (*Response, error) {
	f, ok := s.by[strings.ToLower(r.URL.Scheme)]
	if !ok {
		return nil, failure(trace.BadURL, nil, "scheme %q: a phone fetches over tftp, ftp, http and https", clean(r.URL.Scheme))
	}
	return f.Fetch(ctx, r)
}

// Close ends the connections that are kept.
func (s *Schemes) Close() error {
	errs := make([]error, 0, len(s.closer))
	for _, c := range s.closer {
		errs = append(errs, c.Close())
	}
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool { return err == nil })...)
}
