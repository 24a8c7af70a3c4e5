// Package target makes scenarios.Targets of what users have: a folder that a server
// serves (docroot), a program that creates phones in a server (roster), a server in use
// (live), and the reference server (embedded).
package target

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps"
)

// Target is a scenarios.Target that must be closed: that leaves the server as it was
// found.
type Target interface {
	scenarios.Target
	io.Closer
}

// Options is what a target file does not say.
type Options struct {
	Network   wire.Network // nil: wire.Shared()
	Insecure  bool         // certificates are not checked
	Intrusive bool         // a live server bears wrong passwords, malformed requests and floods
	Seed      int64        // of a roster's phones
	Stderr    io.Writer    // of the user's programs; nil: nowhere
}

// Open makes the target that a file describes, and looks whether it is there. Its
// error is a *verdict.Usage where the file or the flags are wrong, and a
// *verdict.Error where the server is not there, or serves another folder.
func Open(ctx context.Context, file *scenarios.TargetFile, o Options) (Target, error) {
	if o.Network == nil {
		o.Network = wire.Shared()
	}
	if _, err := fetch.New(fetch.Options{TLS: fetch.TLS{CA: file.CA}}); err != nil {
		return nil, verdict.Usagef("ca: %w", err)
	}
	switch file.Kind {
	case scenarios.KindDocroot:
		return openDocroot(ctx, file, o)
	case scenarios.KindRoster:
		return openRoster(ctx, file, o)
	case scenarios.KindLive:
		return newLive(file, o), nil
	case scenarios.KindEmbedded:
		e, err := steps.StartEmbedded(context.WithoutCancel(ctx))
		if err != nil {
			return nil, &verdict.Error{Err: err}
		}
		return e, nil
	default:
		return nil, verdict.Usagef("no kind of target is called %q; there are docroot, roster, live, embedded", file.Kind)
	}
}

// site is a server at some URLs.
type site struct {
	name    string
	file    *scenarios.TargetFile
	options Options
	urls    []*url.URL
	can     []scenarios.Capability
}

// newSite notes what a file says of a server, and what else follows from its kind.
func newSite(file *scenarios.TargetFile, o Options, more ...scenarios.Capability) site {
	s := site{file: file, options: o}
	s.locate(file.URLs)
	s.add(more...)
	s.add(file.Capabilities...)
	if len(file.Notify) > 0 {
		s.add(scenarios.CheckSync)
	}
	return s
}

// locate sets the URLs, and what they allow.
func (s *site) locate(urls []*url.URL) {
	s.urls = urls
	var where []string
	for _, u := range urls {
		s.add(scenarios.Capability(u.Scheme))
		if guarded(u) {
			s.add(scenarios.Credentials)
		}
		where = append(where, trace.URL(u))
	}
	s.name = "the server at " + strings.Join(where, ", ")
}

// guarded reports whether a URL claims that its server asks for a password.
func guarded(u *url.URL) bool {
	return u.User != nil && u.User.Username() != "anonymous" && u.User.Username() != "ftp"
}

func (s *site) add(more ...scenarios.Capability) {
	for _, c := range more {
		if !slices.Contains(s.can, c) {
			s.can = append(s.can, c)
		}
	}
}

// Name implements scenarios.Target.
func (s *site) Name() string { return s.name }

// Capabilities implements scenarios.Target.
func (s *site) Capabilities() []scenarios.Capability { return slices.Clone(s.can) }

// URLs implements scenarios.Located.
func (s *site) URLs() []*url.URL { return slices.Clone(s.urls) }

// CA implements scenarios.Secured.
func (s *site) CA() []byte { return s.file.CA }

// Insecure implements scenarios.Secured.
func (s *site) Insecure() bool { return s.options.Insecure }

// PnPAddress implements scenarios.Discovery.
func (s *site) PnPAddress() string { return s.file.PnPAddress }

// DHCPRelay implements scenarios.Discovery.
func (s *site) DHCPRelay() string { return s.file.DHCPRelay }

// Why implements scenarios.Explainer.
func (s *site) Why(c scenarios.Capability) string {
	switch c {
	case scenarios.TFTP, scenarios.FTP, scenarios.HTTP, scenarios.HTTPS:
		return "no " + string(c) + " URL was given"
	case scenarios.PublishTree:
		return "nothing is published here; --docroot DIR lets us"
	case scenarios.PublishRoot:
		return "nothing can be put at the server's root"
	case scenarios.Credentials:
		return "no URL was given a user name and a password"
	case scenarios.PnP:
		return "not declared; capabilities: [pnp] in a target.yaml does"
	case scenarios.DHCP:
		return "not declared; capabilities: [{dhcp: HOST:PORT}] in a target.yaml does"
	case scenarios.Announce:
		return "what this server names to phones is its own affair"
	case scenarios.CheckSync:
		return "no notify command in a target.yaml"
	case scenarios.Phones, scenarios.Change:
		return "no phones of the server are known; a target.yaml of kind roster or live names some"
	case scenarios.Certificate:
		return "the server's certificate is not to be checked"
	case scenarios.Intrusive:
		return "a server in use is spared; --intrusive allows it"
	}
	return ""
}

// fetcher returns what gets files from the server.
func (s *site) fetcher() (*fetch.Schemes, error) {
	return fetch.New(fetch.Options{
		Network: s.options.Network, TLS: fetch.TLS{CA: s.file.CA, Insecure: s.options.Insecure},
	})
}
