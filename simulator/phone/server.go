package phone

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// findServer asks the ways of finding the server in the order of the option
// source_order. "The first one that yields a URL is used, and a fetch that fails does
// not go back for another" (behaviour, grade D).
func (s *pass) findServer(ctx context.Context) error {
	var failures []error
	for _, way := range s.behaviour.SourceOrder {
		finder := s.phone.options.Finders[way]
		if finder == nil {
			continue
		}
		offer, err := finder.Find(ctx, s.id)
		if err == nil {
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
		return &Error{trace.NoServer, "this phone was given no way of finding a server"}
	}
	return noServer(failures)
}

// readOffer makes the server's URL of an offer, and tells a folder from a file.
func (s *pass) readOffer(offer discover.Offer) error {
	u, err := config.ParseURL(offer.URL, s.id.MAC, s.behaviour.Macros == "on")
	if err != nil {
		return &Error{trace.BadURL, err.Error()}
	}
	s.server, s.oneFile = u, config.KindOf(u, s.behaviour.URLKind) == config.File
	s.report.Source, s.report.Server = offer.Source, trace.URL(s.server)
	s.trace.Record(trace.Event{
		Kind: trace.SourceFound, Name: offer.Source, URL: s.report.Server, Peer: offer.From, Took: offer.Took, Detail: offer.Detail,
	})
	return nil
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
