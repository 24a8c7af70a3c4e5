package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// reply is what came to a question of the proof.
type reply struct {
	url   string
	body  []byte // as far as it came
	err   error
	spoke bool // the server said something, though no phone makes a file of it
}

// words is the beginning of a body, and ends the fetch soon after the words that are
// looked for have come: the end of the file may never come.
type words struct {
	bytes.Buffer
	wanted string
	enough func()
}

// mostProof bounds what is kept of an answer, in bytes.
const mostProof = 64 << 10

// Write implements io.Writer.
func (w *words) Write(p []byte) (int, error) {
	if w.Len() < mostProof {
		w.Buffer.Write(p)
	}
	if w.enough != nil && bytes.Contains(w.Bytes(), []byte(w.wanted)) {
		time.AfterFunc(time.Second, w.enough)
		w.enough = nil
	}
	return len(p), nil
}

// ask asks for a file. A certificate that does not hold is a matter for the rules: then
// it asks once more without looking; and a server that is busy gets some time.
func (d *Docroot) ask(ctx context.Context, base *url.URL, name, wanted string) reply {
	var r reply
	insecure := false
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		r = d.askOnce(ctx, base, name, wanted, insecure)
		switch {
		case errors.Is(r.err, fetch.ErrTLS) && !insecure:
			insecure = true
			continue
		case !isBusy(r.err) || wait > time.Second:
			return r
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return r
		}
	}
}

// isBusy reports whether an answer means "not now": HTTP 429 and 503 (RFC 6585 §4, RFC
// 9110 §15.6.4), FTP 421 (RFC 959 §5.4).
func isBusy(err error) bool {
	return isReply(err, "HTTP 503", "HTTP 429", "421 ")
}

// isReply reports whether a failure is a reply that begins so.
func isReply(err error, beginnings ...string) bool {
	var failed *fetch.Error
	if !errors.As(err, &failed) || failed.Code != trace.ServerError {
		return false
	}
	for _, beginning := range beginnings {
		if strings.HasPrefix(failed.Detail, beginning) {
			return true
		}
	}
	return false
}

func (d *Docroot) askOnce(ctx context.Context, base *url.URL, name, wanted string, insecure bool) reply {
	at := config.Join(base, name)
	r := reply{url: trace.URL(at)}
	recorder := new(trace.Recorder)
	files, err := fetch.New(fetch.Options{
		Network: d.options.Network, Trace: trace.NewStream(device.MAC{}, recorder),
		TLS: fetch.TLS{CA: d.file.CA, Insecure: insecure || d.options.Insecure},
	})
	if err != nil {
		r.err = err
		return r
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	came := &words{wanted: wanted, enough: cancel}
	_, r.err = files.Fetch(within, fetch.Request{URL: at, Name: name, Body: came})
	_ = files.Close() // the answer is here already
	r.body = came.Bytes()
	for _, e := range recorder.Events() {
		r.spoke = r.spoke || e.Kind == trace.FetchReply || e.Kind == trace.FetchIgnored || e.Kind == trace.FetchRedirect
	}
	return r
}

// has reports whether these words came, whatever became of the rest.
func (r reply) has(word string) bool { return bytes.Contains(r.body, []byte(word)) }

// breaksProtocol reports whether the server is there, and answers so that no phone could
// make anything of it, be it asked for whatever file: the rules tell what is wrong. What
// the user's own flags may be to blame for is not that: a scheme for another port,
// credentials that are refused, a certificate of the client's that was not given.
func (r reply) breaksProtocol(base *url.URL) bool {
	var failed *fetch.Error
	if !errors.As(r.err, &failed) {
		return false
	}
	if hint := failed.Detail; strings.Contains(hint, "(use http") || strings.Contains(hint, "--cert") {
		return elsewhere(failed.URL, base)
	}
	switch failed.Code { //nolint:exhaustive // the other codes are told apart elsewhere, or may be the folder's
	case trace.Protocol, trace.Redirects, trace.TLSFailure:
		return true
	case trace.Truncated:
		return r.spoke || len(r.body) > 0
	case trace.Unauthorized: // the phone could not show what it has
		return base.User != nil && !strings.Contains(failed.Detail, "with the credentials given")
	case trace.ServerError:
		return base.Scheme == "tftp" && isReply(r.err, "ERROR 4", "ERROR 8") || base.Scheme == "ftp" && !aboutFile(failed.Detail)
	case trace.NoAnswer, trace.Refused, trace.UnknownHost, trace.Unreachable, trace.TimeUp:
		return r.spoke || len(r.body) > 0 || elsewhere(failed.URL, base)
	}
	return false
}

// elsewhere reports whether a redirect led from the server that was asked to another.
func elsewhere(at string, base *url.URL) bool {
	u, err := url.Parse(at)
	return err == nil && at != "" && (u.Scheme != base.Scheme || u.Host != base.Host)
}

// aboutFile reports whether a reply of FTP may be about the file, or about who asks for
// it, and not about the way in which it was asked for (RFC 959 §4.2.1): x3z and x5z.
func aboutFile(words string) bool {
	code, err := strconv.Atoi(words[:min(len(words), 3)])
	return err == nil && code >= 400 && (code/10%10 == 3 || code/10%10 == 5 || code/10%10 == 2)
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
