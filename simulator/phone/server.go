package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// findServer asks the ways of finding the server in the order of the option
// source_order. "The first one that yields a URL is used, and a fetch that fails does
// not go back for another" (behaviour, grade D). A server that is known since power-on
// is not looked for again (option rediscover).
func (s *pass) findServer(ctx context.Context) error {
	if offer, ok := s.knownServer(); ok {
		return s.readOffer(offer)
	}
	var failures []error
	for _, way := range s.behaviour.SourceOrder {
		finder := s.finder(way)
		if finder == nil {
			continue
		}
		offer, err := finder.Find(ctx, s.id)
		if err == nil {
			s.phone.hold(finder, offer)
			if err = s.readOffer(offer); err == nil {
				return nil
			}
		}
		failures = append(failures, err)
		s.trace.Record(trace.Event{Kind: trace.SourceNothing, Name: way, Fault: FaultOf(err), Detail: detailOf(err)})
		if ctx.Err() != nil {
			break
		}
	}
	if len(failures) == 0 {
		return &Error{trace.NoServer, "this phone has no way of finding a server"}
	}
	return noServer(failures)
}

// knownServer is the server that an earlier pass found, or that settings told since.
func (s *pass) knownServer() (discover.Offer, bool) {
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	k := s.phone.known
	if k.source == "" || s.report.Trigger == device.PowerOn || s.behaviour.Rediscover == "always" {
		return discover.Offer{}, false
	}
	return discover.Offer{Source: k.source, URL: k.url, Detail: k.detail}, true
}

// finder is a way of finding the server; nil where the phone has none by that name, or
// its settings switch it off.
func (s *pass) finder(way string) discover.Finder {
	finder := s.phone.options.Finders[way]
	if way == discover.SourceStatic {
		return s.staticFinder(finder)
	}
	lives, _ := readProfile(s.held)
	by, off := lives.off[way]
	if finder == nil || !off {
		return finder
	}
	s.trace.Record(trace.Event{Kind: trace.SourceOff, Name: way, Detail: by})
	return nil
}

// staticFinder offers the URL that the settings hold, if there is one.
func (s *pass) staticFinder(given discover.Finder) discover.Finder {
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	if _, typed := given.(discover.Static); given != nil && !typed {
		return given
	}
	if rule := s.phone.rule(); rule != "" {
		return discover.Static{URL: rule}
	}
	return given
}

// readOffer makes the server's URL of an offer, and tells a folder from a file.
func (s *pass) readOffer(offer discover.Offer) error {
	u, err := config.ParseURL(offer.URL, s.id.MAC, s.behaviour.Macros == "on")
	if err != nil {
		return &Error{trace.BadURL, err.Error()}
	}
	if err := s.phone.mayAsk(u); err != nil {
		return &Error{trace.BadURL, err.Error()}
	}
	s.server, s.oneFile = u, config.KindOf(u, s.behaviour.URLKind) == config.File
	s.report.Source, s.report.Server = offer.Source, trace.URL(s.server)
	s.trace.Record(trace.Event{
		Kind: trace.SourceFound, Name: offer.Source, URL: s.report.Server, Peer: offer.From, Took: offer.Took, Detail: offer.Detail,
	})
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	s.phone.known = known{source: offer.Source, url: offer.URL, shown: s.report.Server, detail: "known since an earlier pass"}
	return nil
}

// openFetcher makes the pass's fetcher, once its server is known.
func (s *pass) openFetcher() (err error) {
	s.files, err = fetch.New(fetch.Options{
		Identity: s.id,
		Network:  s.network(),
		Trace:    s.trace,
		Shared:   s.phone.options.Shared,

		ForwardedFor: s.phone.options.ForwardedFor,
		Before:       s.phone.options.BeforeFetch,
	})
	return err
}

// network is where fetches leave: from the address that a DHCP server lent, where an
// interface has it, else from the machine's own. The timeline says which.
func (s *pass) network() wire.Network {
	s.phone.mu.Lock()
	defer s.phone.mu.Unlock()
	all := s.phone.options.Network
	if s.phone.lease == nil {
		return all
	}
	addr := s.phone.lease.address.Addr()
	e := trace.Event{Kind: trace.SourceAddress, Name: "machine",
		Detail: fmt.Sprintf("fetches leave from this machine's own address: no interface has the leased %s", addr)}
	n, ok := wire.WithSource(all, addr)
	if ok {
		e.Name, e.Detail, all = "leased", fmt.Sprintf("fetches leave from the leased address %s", addr), n
	}
	s.trace.Record(e)
	return all
}

// noServer says why no way yielded a URL. One way's own failure stands for itself;
// one that could not be tried at all must not look like a server's silence.
func noServer(failures []error) error {
	if len(failures) == 1 {
		return failures[0]
	}
	words := make([]string, len(failures))
	for i, err := range failures {
		if errors.Is(err, discover.ErrPrivilege) {
			return err
		}
		words[i] = err.Error()
	}
	return &Error{trace.NoServer, fmt.Sprintf("no way of finding the server yielded a URL: %s", strings.Join(words, "; "))}
}

// fileName is the last segment of a URL's path.
func fileName(u *url.URL) string { return path.Base(u.Path) }
