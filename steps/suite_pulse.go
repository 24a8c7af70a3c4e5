package steps

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// pulse knows whether the server still answers. It asks for a file that the server is
// known to have: silence for any other may be the very fault that a rule looks for.
type pulse struct {
	suite *suite

	mu       sync.Mutex
	bases    []*url.URL        // of a tree with pulseFile; nil: the target probes itself
	lost     map[string]string // scheme: why nothing more is judged over it
	first    map[string]error  // scheme: how the first probe ended
	at       map[string]time.Time
	quickest map[string]time.Duration
	loses    map[string]string      // scheme: what shows that packets are lost; empty: nothing does
	turn     map[string]*sync.Mutex // one probe of a scheme at a time
}

// pulseFile is what is asked for.
const pulseFile = "fipsim-probe.cfg"

// start publishes the file, and asks for it over each protocol that will be judged.
// What gives no answer at all is not judged.
func (s *suite) start(ctx context.Context, plan []Planned) {
	p := &s.pulse
	p.lost, p.first = make(map[string]string), make(map[string]error)
	p.at, p.turn = make(map[string]time.Time), make(map[string]*sync.Mutex)
	p.loses, p.quickest = make(map[string]string), make(map[string]time.Duration)
	used := make(map[string]bool)
	for _, item := range plan {
		if item.Skip == "" {
			used[item.over(s)] = true
		}
	}
	for _, scheme := range schemes {
		p.turn[scheme] = new(sync.Mutex)
	}
	if _, own := s.options.Target.(scenarios.Prober); !own && s.can(scenarios.PublishTree) && len(used) > 0 {
		tree := fstest.MapFS{pulseFile: &fstest.MapFile{Data: []byte("# fipsim: is this served?\n"), Mode: 0o644}}
		published, err := s.options.Target.Publish(ctx, tree)
		if err != nil {
			for scheme := range used {
				p.lost[scheme] = fmt.Sprintf("nothing can be published: %v", err)
			}
			return
		}
		p.bases = published.Bases
	}
	var all sync.WaitGroup
	for scheme := range used {
		all.Go(func() {
			err := p.probe(ctx, scheme)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.first[scheme] = err
			if silent(err) {
				p.lost[scheme] = fmt.Sprintf("the server does not answer: %v", err)
			}
		})
	}
	all.Wait()
}

// over is the protocol that something planned goes over.
func (p Planned) over(s *suite) string {
	if p.Over == "" {
		return s.any()
	}
	return p.Over
}

// gone returns why nothing more is judged over a scheme; nil where it is.
func (p *pulse) gone(ctx context.Context, scheme string) error {
	if ctx.Err() != nil {
		return errors.New("not judged: " + stoppedBy(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if why := p.lost[scheme]; why != "" {
		return errors.New("not judged: " + why)
	}
	return nil
}

// check asks again after a failure, and says why that failure proves nothing; empty:
// the server answers as it did.
func (p *pulse) check(ctx context.Context, scheme string) string {
	asked := time.Now()
	turn := p.turn[scheme]
	if turn == nil {
		return "" // no protocol of ours
	}
	turn.Lock()
	defer turn.Unlock()
	p.mu.Lock()
	why, first, fresh := p.lost[scheme], p.first[scheme], p.at[scheme].After(asked)
	p.mu.Unlock()
	if why != "" || fresh {
		return why
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	started := time.Now()
	err := p.retry(ctx, scheme, first)
	switch {
	case silent(err):
		why = fmt.Sprintf("the server stopped answering: %v; it is gone, or we were banned or limited", err)
	case refusing(err) && first == nil:
		why = fmt.Sprintf("we were banned or limited: what was served before is refused now: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[scheme] = started
	if why != "" {
		p.lost[scheme] = why
	}
	return why
}

// retry probes up to three times: a busy server gets time to breathe.
func (p *pulse) retry(ctx context.Context, scheme string, first error) (err error) {
	for _, wait := range []time.Duration{0, time.Second, 3 * time.Second} {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		if err = p.probe(ctx, scheme); !silent(err) && (!refusing(err) || first != nil) {
			return err
		}
	}
	return err
}

// probeTime bounds one probe: a small file, for which a phone waits 12 s over TFTP.
const probeTime = 20 * time.Second

// probe asks once.
func (p *pulse) probe(ctx context.Context, scheme string) error {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, worldKey{}, nil), probeTime) // it is no scenario's
	defer cancel()
	began := time.Now()
	err := p.ask(ctx, scheme)
	if err == nil {
		p.served(scheme, time.Since(began))
	}
	if errors.Is(err, fetch.ErrTimeUp) {
		return &fetch.Error{Code: trace.NoAnswer, Detail: fmt.Sprintf("no answer within %s", probeTime), Err: err}
	}
	return err
}

func (p *pulse) ask(ctx context.Context, scheme string) error {
	if own, ok := p.suite.options.Target.(scenarios.Prober); ok {
		return own.Probe(ctx, scheme)
	}
	base := scenarios.BaseOf(p.bases, scheme)
	if base == nil {
		return nil // nothing that could be asked for
	}
	recorder := new(trace.Recorder)
	files, err := fetch.New(fetch.Options{
		Network: p.suite.network(), TLS: p.suite.tls(), Trace: trace.NewStream(device.MAC{}, recorder),
	})
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }() // the answer is here already
	const rest = 2 * time.Second         // of a file that has begun to come: who sends it is there
	in, err := arriveIn(ctx, files, fetch.Request{URL: base.JoinPath(pulseFile), Name: pulseFile}, probeTime, rest)
	if (silent(err) || in.stood()) && (spoke(recorder.Events()) || in.body.Len() > 0) {
		return fmt.Errorf("not silent: %s", err) //nolint:errorlint // its code would say so
	}
	return err
}

// stopped says why the run ended early; empty: it didn't.
func (p *pulse) stopped(ctx context.Context) string {
	if ctx.Err() != nil {
		return stoppedBy(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var why []string
	for _, scheme := range schemes {
		if text := p.lost[scheme]; text != "" {
			why = append(why, scheme+": "+text)
		}
	}
	return strings.Join(why, "; ")
}

// silent reports whether nobody answered.
func silent(err error) bool {
	for _, code := range []error{fetch.ErrNoAnswer, fetch.ErrRefused, fetch.ErrUnreachable, fetch.ErrUnknownHost, fetch.ErrTimeUp} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// refusing reports whether the server turned us away: 403, 401, 429, 503, 421.
func refusing(err error) bool {
	var failed *fetch.Error
	if !errors.As(err, &failed) {
		return false
	}
	return failed.Code == trace.Forbidden || failed.Code == trace.Unauthorized || busy(failed.Code, failed.Detail)
}

// busy reports whether an answer means "not now": HTTP 429 and 503 (RFC 6585 §4, RFC 9110
// §15.6.4), FTP 421 (RFC 959 §5.4).
func busy(code trace.Code, detail string) bool {
	if code != trace.ServerError {
		return false
	}
	for _, reply := range []string{"421", "HTTP 503", "HTTP 429"} {
		if strings.HasPrefix(detail, reply) {
			return true
		}
	}
	return false
}
