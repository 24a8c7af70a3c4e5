package target

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// proofTime bounds the answer to the question whether a folder is served.
const proofTime = 20 * time.Second

// The files of the proof: one that is there, and one that is not.
const (
	proofFile  = "fipsim-probe.cfg"
	absentFile = "fipsim-absent.cfg"
)

// prove publishes a file with words that nobody can guess, and looks whether each URL
// leads to it. It takes a server as broken as can be: content that is altered or never
// ends, or an answer that is different from that for a file which is not there, is proof
// enough. A server that breaks its protocol whatever is asked for is judged unproved: no
// other folder would make it right.
func (d *Docroot) prove(ctx context.Context) error {
	word := rand.Text()
	published, err := d.Publish(ctx, fstest.MapFS{
		proofFile: {Data: []byte("# fipsim: " + word + "\n"), Mode: 0o644},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	found := make(chan error, len(published.Bases))
	for _, base := range published.Bases {
		go func() { found <- d.proveOver(ctx, base, word) }()
	}
	var errs []error
	for range published.Bases {
		if err := <-found; err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return &verdict.Error{Err: errors.Join(errs...)}
	}
	return nil
}

// proveOver asks one URL.
func (d *Docroot) proveOver(ctx context.Context, base *url.URL, word string) error {
	there := d.ask(ctx, base, proofFile, word)
	if there.has(word) {
		return nil
	}
	root := trace.URL(scenarios.BaseOf(d.urls, base.Scheme))
	switch {
	case errors.Is(there.err, fetch.ErrNotFound):
		return fmt.Errorf("%s does not serve %s: %s, written there just now, is missing", root, d.file.Docroot, there.url)
	case there.breaksProtocol(base):
		return nil
	case errors.Is(there.err, fetch.ErrUnauthorized):
		return fmt.Errorf("%s asks for credentials: %w; give them in the URL: %s://user:password@host/", root, there.err, base.Scheme)
	case errors.Is(there.err, fetch.ErrTimeUp):
		return fmt.Errorf("%s is not there: no answer within %s", root, proofTime)
	case gone(there.err):
		return fmt.Errorf("%s is not there: %w", root, there.err)
	}
	absent := d.ask(ctx, base, absentFile, word)
	if there.alike(absent) {
		return fmt.Errorf("%s cannot be proved to serve %s: it answers a file that is there and one that is not alike, %s",
			root, d.file.Docroot, there)
	}
	return nil
}

// gone reports whether there was no answer.
func gone(err error) bool {
	for _, code := range []error{fetch.ErrNoAnswer, fetch.ErrRefused, fetch.ErrUnknownHost, fetch.ErrUnreachable, fetch.ErrTimeUp,
		fetch.ErrCancelled, fetch.ErrLocal} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
