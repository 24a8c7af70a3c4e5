package faulty

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
)

// The credentials that the guarded side of a server asks for.
const (
	User     = "phone"
	Password = "correct horse"
)

// Server is a running server with one fault.
type Server struct {
	Fault Fault

	behaviour behaviour
	answer    answerer
	tree      atomic.Pointer[fs.FS]
	written   latest // by clients, over what is in the tree
	ca        []byte
	urls      map[string]*url.URL
	guarded   map[string]*url.URL

	pnp  pnpServer
	dhcp dhcpServer
	sync syncServer

	ctx     context.Context //nolint:containedctx // its end is the server's
	cancel  func()
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[interface{ Close() error }]struct{}
	shut    bool
}

// protocols are those that serve files.
var protocols = []string{"tftp", "ftp", "http", "https"}

// talks are what tells phones of a server. A server with a fault of those serves its
// files over HTTP, and rightly.
var talks = []string{"pnp", "dhcp", "checksync"}

// Start starts a server with one fault, on free ports of 127.0.0.1, over TFTP of
// 127.0.0.67: over the protocol or protocols that the fault is of, over all of them with the zero Fault. It serves tree until Close
// or until ctx ends. Its errors are those of sockets.
func Start(ctx context.Context, f Fault, tree fs.FS) (*Server, error) {
	s := &Server{
		Fault: f, urls: make(map[string]*url.URL), guarded: make(map[string]*url.URL),
		open: make(map[interface{ Close() error }]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.SetTree(tree)
	if f.spoil != nil {
		f.spoil(&s.behaviour)
	}
	s.answer = s.fromTree
	if s.behaviour.search != nil {
		s.answer = s.behaviour.search(s, s.answer)
	}
	if s.behaviour.answer != nil {
		s.answer = s.behaviour.answer(s.answer)
	}
	starters := map[string]func() error{
		"tftp": s.startTFTP, "ftp": s.startFTP, "http": s.startHTTP, "https": s.startHTTPS,
		"pnp": s.startPnP, "dhcp": s.startDHCP, "checksync": s.startNotifying,
	}
	for _, protocol := range slices.Concat(protocols, talks) {
		beside := slices.Contains(talks, f.Protocol) && (protocol == "http" || slices.Contains(talks, protocol))
		if f.Protocol != "" && f.Protocol != protocol && f.Beside != protocol && !beside {
			continue
		}
		if err := starters[protocol](); err != nil {
			return nil, errors.Join(fmt.Errorf("faulty: serve %s: %w", protocol, err), s.Close())
		}
	}
	context.AfterFunc(s.ctx, func() { _ = s.Close() }) // nobody is there to be told
	return s, nil
}

// SetTree puts another tree in the place of the one that is served; nil is an empty one.
func (s *Server) SetTree(tree fs.FS) {
	if tree == nil {
		tree = noTree{}
	}
	s.tree.Store(&tree)
}

// URLs returns where the tree's root is, by scheme; every URL ends in a slash.
func (s *Server) URLs() map[string]*url.URL { return s.urls }

// Guarded returns where the same tree is served to those only who know User and
// Password, by scheme; the URLs carry both. TFTP has no credentials.
func (s *Server) Guarded() map[string]*url.URL { return s.guarded }

// CA returns the authority that a phone must trust (PEM); nil without HTTPS.
func (s *Server) CA() []byte { return s.ca }

// Close ends the server and all that goes on in it.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	s.shut = true
	for c := range s.open {
		_ = c.Close() // cut off; there is nobody to tell
	}
	s.open = nil
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// hold has c closed when the server is, at once where it is closed already.
func (s *Server) hold(c interface{ Close() error }) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		_ = c.Close() // as above
		return
	}
	s.open[c] = struct{}{}
}

// drop closes c and forgets it.
func (s *Server) drop(c interface{ Close() error }) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	_ = c.Close() // nothing more is expected of it
}

// run runs f until it returns; Close waits for it. It does nothing once Close began.
func (s *Server) run(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.shut {
		s.running.Go(f)
	}
}

// listen listens for connections of a protocol and accepts them until Close.
func (s *Server) listen(scheme string) (net.Listener, *url.URL, error) {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	s.hold(l)
	return l, base(scheme, l.Addr()), nil
}

func base(scheme string, at net.Addr) *url.URL {
	return &url.URL{Scheme: scheme, Host: at.String(), Path: "/"}
}

// withLogin returns u with the credentials.
func withLogin(u *url.URL) *url.URL {
	own := *u
	own.User = url.UserPassword(User, Password)
	return &own
}

// hostOf returns the address of a peer without its port.
func hostOf(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}
