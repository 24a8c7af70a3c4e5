// Package server is the reference provisioning server, well-behaved: one tree of files
// over TFTP, FTP, HTTP and HTTPS at once, with a history of what phones asked for.
// (Guide, "Configuring a Provisioning Server".)
//
// A file a protocol: each is a service that Start brings up and Close takes down.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"sync"
	"sync/atomic"
)

// Options says what is served and where. The zero value serves nothing.
//
// A listen address is HOST:PORT; port 0 asks for a free one, an empty HOST for all of
// the machine's addresses. An empty address leaves that protocol off.
type Options struct {
	Tree fs.FS // what is served; nil: an empty tree, until SetTree

	TFTP  string // UDP listen address
	FTP   string // TCP listen address; explicit TLS (AUTH TLS, RFC 4217) is offered
	HTTP  string // TCP listen address
	HTTPS string // TCP listen address

	// User and Password are asked for over FTP, HTTP and HTTPS; TFTP has no credentials.
	// An empty User lets everybody in.
	User, Password string
	Auth           Auth // how HTTP and HTTPS ask; empty: Basic

	// Certificate is what HTTPS and FTP show; nil: one made at the start, for the listen
	// addresses and localhost, which CA returns.
	Certificate *tls.Certificate

	// OnRequest is told of every request when it is over, by one goroutine at a time.
	// It must not block for long, and must not call the server's Close.
	OnRequest func(Request)
}

// Auth is a way to ask for credentials over HTTP.
type Auth string

// The ways that phones know.
const (
	Basic  Auth = "basic"  // RFC 7617
	Digest Auth = "digest" // RFC 7616, MD5 and SHA-256
)

// Server is a running provisioning server. Its methods may be called at any time and
// from any goroutine.
type Server struct {
	options  Options
	tree     atomic.Pointer[fs.FS]
	history  history
	identity func() (*identity, error) // made when first asked for: a key costs time
	services []service
	urls     map[string]*url.URL
	close    func() error
}

// service is one protocol of a running server.
type service interface {
	// close stops listening, cuts what is going on, and returns when it is over.
	close() error
}

// starter brings up one protocol at a listen address.
type starter struct {
	scheme, address string
	start           func(ctx context.Context, s *Server, address string) (service, *url.URL, error)
}

func starters(o Options) []starter {
	return []starter{
		{"tftp", o.TFTP, startTFTP},
		{"ftp", o.FTP, startFTP},
		{"http", o.HTTP, startHTTP},
		{"https", o.HTTPS, startHTTPS},
	}
}

// Start brings up a server, which serves until Close or until ctx ends. Its errors are
// those of an address that cannot be listened at (errors.Is finds syscall.EADDRINUSE
// and fs.ErrPermission) and of Options that contradict themselves.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{options: o, urls: make(map[string]*url.URL)}
	s.history.sink = o.OnRequest
	s.identity = sync.OnceValues(s.makeIdentity)
	s.SetTree(o.Tree)
	ended, cancel := context.WithCancel(ctx)
	s.close = sync.OnceValue(func() error {
		cancel()
		return s.shutdown()
	})
	for _, p := range starters(o) {
		if p.address == "" {
			continue
		}
		running, base, err := p.start(ctx, s, p.address)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("serve %s at %s: %w", p.scheme, p.address, err), s.Close())
		}
		s.services = append(s.services, running)
		s.urls[p.scheme] = base
	}
	context.AfterFunc(ended, func() { _ = s.Close() }) // nobody is there to be told
	return s, nil
}

func (o Options) check() error {
	switch o.Auth {
	case "", Basic, Digest:
	default:
		return fmt.Errorf("server: no way to ask for credentials is called %q; there are: %s, %s", o.Auth, Basic, Digest)
	}
	if o.User == "" && o.Password != "" {
		return errors.New("server: a password without a user name")
	}
	return nil
}

// SetTree puts another tree in the place of the one that is served. Transfers that are
// going on end with the file that they began with. A nil tree is empty.
func (s *Server) SetTree(tree fs.FS) {
	if tree == nil {
		tree = emptyTree{}
	}
	s.tree.Store(&tree)
}

// current returns the tree that is served now.
func (s *Server) current() fs.FS { return *s.tree.Load() }

// URL returns the address to give to a phone for "tftp", "ftp", "http" or "https": the
// tree's root, with a final slash and without credentials; nil for a protocol that is
// off. A server that listens on all addresses names 127.0.0.1 here.
func (s *Server) URL(scheme string) *url.URL {
	base, ok := s.urls[scheme]
	if !ok {
		return nil
	}
	u := *base
	return &u
}

// URLs returns the addresses of all protocols that are on, by scheme.
func (s *Server) URLs() map[string]*url.URL {
	all := make(map[string]*url.URL, len(s.urls))
	for scheme := range s.urls {
		all[scheme] = s.URL(scheme)
	}
	return all
}

// CA returns the certificate that a phone must trust to fetch over HTTPS or FTP with
// TLS, as PEM: the server's own, or the last of Options.Certificate's chain. Its error
// is that of a key that could not be made.
func (s *Server) CA() ([]byte, error) {
	id, err := s.identity()
	if err != nil {
		return nil, err
	}
	return id.ca, nil
}

// Close stops the server: nothing more is accepted, connections are cut, and all that
// was going on has ended when it returns. A TFTP client that vanished in mid-transfer
// can hold it for up to tftpTimeout. Calling it again returns the same.
func (s *Server) Close() error { return s.close() }

// shutdown takes the services down side by side, since each may wait for its clients.
func (s *Server) shutdown() error {
	errs := make([]error, len(s.services))
	var all sync.WaitGroup
	for i, running := range s.services {
		all.Go(func() { errs[i] = running.close() })
	}
	all.Wait()
	s.history.end()
	return errors.Join(errs...)
}
