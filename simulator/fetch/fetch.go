// Package fetch gets one file over TFTP, FTP, HTTP, HTTPS or from disk, as the phone
// does: one file a scheme, one vocabulary of errors.
package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

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

	shown string // URL as events carry it; empty: not known yet
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
	Network   wire.Network     // nil: wire.Shared()
	Trace     trace.Sink       // nil: trace.Discard
	TLS       TLS

	// Shared is what other fetchers have in common with these; nil: made of Behaviour and
	// TLS. Where it is given, it decides and those two are not looked at.
	Shared *Shared

	// ForwardedFor is told in X-Forwarded-For, as by a proxy in front of the server; a
	// phone has none. Invalid: not told.
	ForwardedFor netip.Addr

	// Before is called before each file is asked for, and may wait until its context ends:
	// so a pass takes the time that another one took. Nil: files are asked for at once.
	Before func(ctx context.Context, u *url.URL)
}

// TLS is what a phone is told about certificates.
type TLS struct {
	CA           []byte            // PEM; trusted instead of the machine's own roots; empty: those
	Insecure     bool              // certificates are not checked
	Certificates []tls.Certificate // shown to a server that asks for one
	KeyLog       io.Writer         // TLS secrets for Wireshark (NSS key log format); nil: none
}

// prepared returns o with its defaults. Its error is that of NewShared.
func (o Options) prepared() (Options, error) {
	o.Identity = o.Identity.WithDefaults()
	if o.Network == nil {
		o.Network = wire.Shared()
	}
	if o.Trace == nil {
		o.Trace = trace.Discard
	}
	var err error
	if o.Shared == nil {
		o.Shared, err = NewShared(o.Behaviour, o.TLS)
	}
	return o, err
}

// Schemes is a Fetcher that chooses by the URL's scheme. One is made for each pass:
// it keeps one HTTP connection and one FTP session per host until Close.
type Schemes struct {
	options Options
	agent   string // User-Agent
	names   names
	tftp    tftpClient

	// Made when first asked for: a pass seldom needs both.
	mu  sync.Mutex
	web *web
	ftp *files
}

// New returns a fetcher for tftp, ftp, http, https and file URLs. Its error is that
// of Options.TLS.CA holding no certificate, or of a User-Agent that no header can carry.
func New(o Options) (*Schemes, error) {
	o, err := o.prepared()
	if err != nil {
		return nil, err
	}
	s := &Schemes{options: o, names: names{Network: o.Network}}
	s.options.Network = &s.names
	s.tftp = tftpClient{network: &s.names, trace: o.Trace, shared: o.Shared}
	s.agent, err = o.Shared.Agent(o.Identity)
	return s, err
}

// Agent returns the User-Agent of a phone, or the error that no header can carry it.
func (s *Shared) Agent(id device.Identity) (string, error) {
	agent := id.Expand(s.behaviour.UserAgent)
	if !httpguts.ValidHeaderFieldValue(agent) {
		return "", fmt.Errorf("option user_agent: %q can't stand in an HTTP header", agent)
	}
	return agent, nil
}

// Fetch implements Fetcher. It records how the fetch ended: FetchDone, FetchMissing
// or FetchFailed; what happened on the way is recorded by the scheme's own fetcher.
func (s *Schemes) Fetch(ctx context.Context, r Request) (*Response, error) {
	if r.Limit == 0 {
		r.Limit = s.options.Shared.behaviour.MaxCfg
	}
	r.shown = trace.URL(r.URL)
	if s.options.Before != nil {
		s.options.Before(ctx, r.URL)
	}
	start := time.Now()
	res, err := s.fetch(ctx, r)
	event := trace.Event{Kind: trace.FetchDone, Name: r.Name, URL: r.shown, Took: time.Since(start)}
	if err == nil {
		event.Bytes = res.Bytes
		s.options.Trace.Record(event)
		return res, nil
	}
	failed := asError(ctx, r.URL, err)
	event.Kind, event.Fault, event.Detail, event.Peer = trace.FetchFailed, failed.Code, failed.Detail, failed.Peer
	if failed.Code == trace.NotFound {
		event.Kind = trace.FetchMissing
	}
	s.options.Trace.Record(event)
	return nil, failed
}

func (s *Schemes) fetch(ctx context.Context, r Request) (*Response, error) {
	f := s.by(strings.ToLower(r.URL.Scheme))
	if f == nil {
		return nil, failure(trace.BadURL, nil, "scheme %q: a phone fetches over tftp, ftp, http and https", clean(r.URL.Scheme))
	}
	return f.Fetch(ctx, r)
}

// by returns the fetcher of a scheme, nil where there is none.
func (s *Schemes) by(scheme string) Fetcher {
	switch scheme {
	case "tftp":
		return &s.tftp
	case "file":
		return file{s.options.Trace}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch scheme {
	case "http", "https":
		if s.web == nil {
			s.web = newHTTP(s.options, s.agent)
		}
		return s.web
	case "ftp":
		if s.ftp == nil {
			s.ftp = newFTP(s.options)
		}
		return s.ftp
	}
	return nil
}

// Close ends the connections that are kept.
func (s *Schemes) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.web != nil {
		err = s.web.Close()
	}
	if s.ftp != nil {
		err = errors.Join(err, s.ftp.Close())
	}
	return err
}
