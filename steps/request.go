package steps

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of one request outside of a phone's pass.
const (
	patience   = 15 * time.Second // without an answer, or without more of it: longer than the phone's own over TFTP (12 s)
	wholeFile  = 4 * time.Minute  // for the biggest file that rules ask for, as long as more of it comes
	mostOfFile = 64 << 20         // bytes
)

// turnsPerFile is how many turns of a Limited network one file takes at most: an FTP
// session is opened, logged into, and asked, each command a turn.
const turnsPerFile = 16

// patience is how long files are waited for that are asked for at once. Our own limit on
// requests must never look like the server's silence.
func (w *world) patience(files int) time.Duration {
	p := patience
	if rate := w.suite.options.MaxRate; rate > 0 {
		p += time.Duration(float64(files*turnsPerFile) / rate * float64(time.Second))
	}
	return p
}

// answer is what came to one request for a file, made as a phone makes it but outside
// of a provisioning pass, so that its bytes can be looked at.
type answer struct {
	name   string
	body   []byte
	fault  *fetch.Error // nil: a file came
	coding string       // its Content-Encoding; empty: none
	how    difference   // from what was published, of a sample
	events []trace.Event
}

// missing reports whether the server said that there is no such file.
func (a *answer) missing() bool { return a.fault != nil && a.fault.Code == trace.NotFound }

// String says what came.
func (a *answer) String() string {
	switch {
	case a.fault != nil:
		return a.fault.Detail
	case len(a.body) == 0:
		return "an empty file came"
	default:
		return fmt.Sprintf("%d bytes came: %s", len(a.body), excerpt(a.body))
	}
}

// requestSteps are those about files that are asked for outside of a phone's pass.
func requestSteps(sc catalogue) {
	sc.When(`^"([^"]*)" is requested$`, isRequested)
	sc.Given(`^"([^"]*)" has been requested$`, isRequested)
	sc.Then(`^it is there$`, itIsThere)
	sc.Then(`^it is served$`, itIsServed)
	sc.Then(`^what comes is what is published as "([^"]*)"$`, whatComesIs)
	sc.Then(`^what comes is not what was published before$`, whatComesIsNotTheFormer)
	sc.Then(`^what was published as "([^"]*)" does not come$`, whatWasPublishedDoesNotCome)
	sc.Then(`^what comes has "([^"]*)" in it$`, whatComesHas)
}

// isRequested asks for a file of the published tree, its name taken as it is.
func isRequested(ctx context.Context, name string) error {
	w := of(ctx)
	a, err := w.request(ctx, config.Join(w.base, w.expand(name)), w.patience(1))
	if err == nil {
		w.note(a)
	}
	return err
}

// note makes an answer the one that Then-steps look at.
func (w *world) note(a *answer) {
	w.answer = a
	w.asked = append(w.asked, a)
}

// itIsThere judges a name that others are judged by.
func itIsThere(ctx context.Context) error {
	if a := of(ctx).answer; a.fault != nil {
		return violated("the file "+a.name, "%s", a)
	}
	return nil
}

// itIsServed judges what is special about a file: that the ordinary file of its sort is
// there is another rule's.
func itIsServed(ctx context.Context) error {
	w := of(ctx)
	if w.answer.missing() {
		if err := w.hasSort(ctx, w.answer.name); err != nil {
			return err
		}
	}
	return itIsThere(ctx)
}

func whatComesIs(ctx context.Context, name string) error {
	w := of(ctx)
	name = w.expand(name)
	a, published := w.answer, w.tree[name]
	switch {
	case published == nil:
		return harness("nothing is published as %s", name)
	case a.fault != nil:
		return blocked("no file came for %s: %s", a.name, a)
	case bytes.Equal(a.body, published.Data):
		return nil
	}
	if err := w.faithful(ctx); err != nil {
		return err
	}
	for other, f := range w.tree {
		if other != name && bytes.Equal(a.body, f.Data) {
			return violated("the file "+name, "what was published as %s came", other)
		}
	}
	if f := w.former[name]; f != nil && bytes.Equal(a.body, f.Data) {
		return violated("the file "+name+" as it is now", "it came as it was before")
	}
	return violated("the file "+name, "%s", firstDifference(published.Data, a.body))
}

// whatComesIsNotTheFormer judges a file that is gone: what the server says instead is
// another rule's.
func whatComesIsNotTheFormer(ctx context.Context) error {
	w := of(ctx)
	a := w.answer
	if f := w.former[a.name]; f != nil && a.fault == nil && bytes.Equal(a.body, f.Data) {
		return violated("no "+a.name+" any more", "it came as it was before")
	}
	return nil
}

// whatWasPublishedDoesNotCome judges whether another file came than was asked for.
func whatWasPublishedDoesNotCome(ctx context.Context, name string) error {
	w := of(ctx)
	name = w.expand(name)
	if f := w.tree[name]; f == nil {
		return harness("nothing is published as %s", name)
	} else if w.answer.fault == nil && bytes.Equal(w.answer.body, f.Data) {
		return violated("nothing else for the request of "+w.answer.name, "what was published as %s came", name)
	}
	return nil
}

func whatComesHas(ctx context.Context, words string) error {
	w := of(ctx)
	words = w.expand(words)
	switch {
	case w.answer.fault != nil:
		return blocked("no file came for %s: %s", w.answer.name, w.answer)
	case bytes.Contains(w.answer.body, []byte(words)):
		return nil
	}
	if err := w.faithful(ctx); err != nil {
		return err
	}
	return violated(words+" in "+w.answer.name, "%s", w.answer)
}

// request asks for one file, and gives it up when nothing more of it comes for limit.
// Its error is the harness's own: nothing can be said of a server that is not there, or
// that is slow.
func (w *world) request(ctx context.Context, at *url.URL, limit time.Duration) (*answer, error) {
	recorder := new(trace.Recorder)
	name := at.Path
	if w.base != nil {
		name = strings.TrimPrefix(name, w.base.Path)
	}
	a := &answer{name: name}
	behaviour := w.behaviour
	// An empty file may be announced as 0 bytes (RFC 2349, "Transfer Size Option").
	behaviour.TFTPTsizeZero = "accept"
	get, err := fetch.New(fetch.Options{
		Identity: device.Identity{MAC: w.mac}, Behaviour: behaviour, Network: w.network(),
		Trace: trace.NewStream(w.mac, recorder), TLS: w.tls(),
	})
	if err != nil {
		return nil, harness("no request: %v", err)
	}
	defer func() { _ = get.Close() }() // the file is here already
	var in *arrival
	err = politely(ctx, func() (err error) {
		in, err = arrive(ctx, get, fetch.Request{URL: at, Name: name, Limit: cmp.Or(w.most, mostOfFile)}, limit)
		return err
	})
	a.events = recorder.Events()
	a.coding = codingOf(a.events)
	if err == nil {
		a.body = in.body.Bytes()
		return a, nil
	}
	switch {
	case !errors.As(err, &a.fault) || ctx.Err() != nil:
		return nil, harness("%v", err)
	case in.stood():
		a.fault = &fetch.Error{Code: trace.NoAnswer, URL: a.fault.URL, Detail: in.standstill(limit, spoke(a.events))}
	case a.fault.Code == trace.TimeUp && errors.Is(err, context.DeadlineExceeded):
		return nil, harness("%s was still coming after %s: this is too slow to be judged", name, wholeFile)
	case a.fault.Code == trace.TimeUp: // an option's, which it names
		return nil, harness("%s: %s: this is too slow to be judged", name, a.fault.Detail)
	case gone(a.fault.Code) && !spoke(a.events):
		return nil, harness("%v", err)
	}
	return a, nil
}

// spoke reports whether a server said anything at all: one that does and then leaves a
// phone waiting, or names a port at which nobody listens, is there, and breaks a rule.
func spoke(events []trace.Event) bool {
	return slices.ContainsFunc(events, func(e trace.Event) bool {
		return e.Kind == trace.FetchReply || e.Kind == trace.FetchIgnored || e.Kind == trace.FetchRedirect
	})
}

// gone reports whether a failure means that there is no server, or no way to it.
func gone(code trace.Code) bool {
	switch code {
	case trace.Refused, trace.UnknownHost, trace.Unreachable, trace.LocalFailure, trace.Cancelled:
		return true
	}
	return false
}

// codingOf returns the Content-Encoding that fetch noted.
func codingOf(events []trace.Event) string {
	for _, e := range events {
		if rest, found := strings.CutPrefix(e.Detail, "Content-Encoding "); found && e.Kind == trace.FetchReply {
			coding, _, _ := strings.Cut(rest, ",")
			return coding
		}
	}
	return ""
}

// busyTries is how often a server may say that it is busy before that counts.
const busyTries = 8

// politely tries again, ever later, while the server says that it is busy: a limit on
// sessions is its right.
func politely(ctx context.Context, try func() error) error {
	wait := 100 * time.Millisecond
	for n := 1; ; n++ {
		err := try()
		var failed *fetch.Error
		if n == busyTries || !errors.As(err, &failed) || !busy(failed.Code, failed.Detail) {
			return err
		}
		select {
		case <-time.After(wait):
			wait *= 2
		case <-ctx.Done():
			return err
		}
	}
}
