package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
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
// leads to it. It takes a server as broken as can be: content that is altered, or an
// answer that is different from that for a file which is not there, is proof enough.
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
	there := d.ask(ctx, base, proofFile)
	if there.err == nil && bytes.Contains(there.body, []byte(word)) {
		return nil
	}
	root := trace.URL(scenarios.BaseOf(d.urls, base.Scheme))
	switch {
	case errors.Is(there.err, fetch.ErrNotFound):
		return fmt.Errorf("%s does not serve %s: %s, written there just now, is missing", root, d.file.Docroot, there.url)
	case errors.Is(there.err, fetch.ErrUnauthorized):
		return fmt.Errorf("%s asks for credentials: %w; give them in the URL: %s://user:password@host/", root, there.err, base.Scheme)
	case errors.Is(there.err, fetch.ErrTimeUp):
		return fmt.Errorf("%s is not there: no answer within %s", root, proofTime)
	case gone(there.err):
		return fmt.Errorf("%s is not there: %w", root, there.err)
	}
	absent := d.ask(ctx, base, absentFile)
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

// reply is what came to a question of the proof.
type reply struct {
	url  string
	body []byte
	err  error
}

// ask asks for a file. A certificate that does not hold is a matter for the rules: then
// it asks once more without looking.
func (d *Docroot) ask(ctx context.Context, base *url.URL, name string) reply {
	at := config.Join(base, name)
	r := reply{url: trace.URL(at)}
	for _, insecure := range []bool{false, true} {
		files, err := d.fetcher(insecure)
		if err != nil {
			r.err = err
			return r
		}
		res, err := files.Fetch(ctx, fetch.Request{URL: at, Name: name})
		_ = files.Close() // the answer is here already
		r.err = err
		if err == nil {
			r.body = res.Body
		}
		if !errors.Is(err, fetch.ErrTLS) {
			break
		}
	}
	return r
}

// alike reports whether two answers are the same.
func (r reply) alike(other reply) bool {
	if r.err == nil || other.err == nil {
		return r.err == nil && other.err == nil && bytes.Equal(r.body, other.body)
	}
	var one, two *fetch.Error
	return errors.As(r.err, &one) && errors.As(other.err, &two) && one.Code == two.Code
}

// String says what came.
func (r reply) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprintf("with %d bytes", len(r.body))
}
