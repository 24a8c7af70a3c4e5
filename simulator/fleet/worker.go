package fleet

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// lateAfter is from when on a start counts as late.
const lateAfter = 50 * time.Millisecond

// worker makes passes, one at a time. It is the permit.
type worker struct {
	*run
	stage  *Stage
	number int // of the stage
	seed   uint64
	sink   sink
	holds  bool          // it may open sockets
	waited time.Duration // for that, in mid-pass
}

// pass lets one phone provision: it is made from what it held at rest, and put away
// again.
func (w *worker) pass(ctx context.Context, j job) result {
	m := &w.members[j.phone]
	why := j.trigger(w.stage)
	if j.full {
		j.waited = time.Since(w.began) - j.ready
	}
	w.waited = 0
	if !w.discovers(int(j.phone), m, why) && w.acquire(ctx) != nil {
		return result{start: j.start, state: stateNone, ended: time.Since(w.began)}
	}
	defer w.release()
	began := time.Since(w.began)
	j.waited, w.waited = j.waited+w.waited, 0
	w.sink.begin(w.Phones[j.phone].MAC)
	state, outcome, fault := w.provision(ctx, int(j.phone), m, why)
	ended := time.Since(w.began)
	if ctx.Err() != nil && state == stateFailed { // broken off by us: nobody's failure
		return result{start: j.start, state: stateNone, ended: ended}
	}
	w.measure(j, m, began, ended, state, outcome, fault)
	if w.abort != nil {
		w.abort.add(time.Now(), state != stateOK)
	}
	if wanted, reason := w.notes.wants(j.phone, state, fault); wanted {
		events, more := w.sink.keep(nil)
		w.notes.keep(Sample{Phone: w.Phones[j.phone].MAC, Why: reason, Fault: fault, Took: ended - j.meant, Events: events, LeftOut: more})
	}
	w.notes.slow(w.Phones[j.phone].MAC, ended-j.meant, string(outcome), &w.sink)
	return result{start: j.start, state: state, ended: ended - (j.meant - j.at)}
}

// provision is the pass itself, and the look at what the phone holds after it.
func (w *worker) provision(ctx context.Context, i int, m *member, why device.Trigger) (state, device.Outcome, trace.Code) {
	p, err := phone.New(w.options(i, m))
	if err != nil {
		return stateFailed, device.Failed, trace.LocalFailure
	}
	outcome, err := p.Provision(ctx, why)
	fault := phone.FaultOf(err)
	if ours(err) {
		fault = trace.LocalFailure
	}
	m.known = p.Known()
	if !outcome.OK() {
		return stateFailed, outcome, fault
	}
	w.desk.knows(i, p.Settings())
	if wrong := w.verify.check(i, p.Settings()); wrong != nil {
		w.notes.wrong(*wrong)
		return stateWrong, outcome, fault
	}
	return stateOK, outcome, fault
}

// ours reports whether err says that this machine ran out of something.
func ours(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// options makes phone i.
func (w *worker) options(i int, m *member) phone.Options {
	out := w.paths[i%len(w.paths)]
	o := phone.Options{
		Identity: w.identity(w.number, i), Network: out.network, Shared: w.fetchers, Flash: m,
		Trace: trace.NewStream(w.Phones[i].MAC, &w.sink), Parser: w.parser, Known: m.known, ForwardedFor: w.forwarded(i),
	}
	o.Finders = w.finders(i, out.network, o.Trace)
	return o
}

// acquire waits until the pass may open sockets of its own. Its error is the context's.
func (w *worker) acquire(ctx context.Context) error {
	if w.transfers == nil || w.holds {
		return nil
	}
	began := time.Now()
	select {
	case w.transfers <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.holds, w.waited = true, time.Since(began)
	return nil
}

// release gives the sockets to another pass.
func (w *worker) release() {
	if w.holds {
		<-w.transfers
		w.holds = false
	}
}

// withUser puts a phone's credentials into a URL.
func withUser(server string, s *Spec) string {
	if s.User == "" {
		return server
	}
	head, rest, ok := strings.Cut(server, "://")
	if !ok {
		head, rest = "tftp", server
	}
	host, tail := rest, ""
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		host, tail = rest[:at], rest[at:]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	return head + "://" + url.UserPassword(s.User, s.Password).String() + "@" + host + tail
}

// measure adds a pass that has ended to the worker's shard.
func (w *worker) measure(j job, m *member, began, ended time.Duration, state state, outcome device.Outcome, fault trace.Code) {
	word, protocol := string(outcome), w.sink.protocol
	if state == stateWrong {
		word = "wrong"
	}
	w.health.lag(j.ready - j.meant)
	s := w.sink.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Passes++
	s.results[word]++
	switch state {
	case stateOK:
		s.counts.OK++
		s.observe(series{StageServed, protocol, word}, ended-m.meant)
	case stateWrong:
		s.counts.Wrong++
	default:
		s.counts.Failed++
		s.errors[fault]++
		if fault == trace.LocalFailure {
			s.counts.Local++
		}
	}
	if late := began - j.meant; late > lateAfter {
		s.counts.LateBy++
	}
	if j.waited+w.waited > lateAfter {
		s.counts.Waited++
	}
	s.observe(series{StageLate, "", "started"}, began-j.meant)
	s.observe(series{StageService, protocol, word}, ended-began-w.waited)
	s.observe(series{StagePass, protocol, word}, ended-j.meant)
	s.ended(ended - j.meant)
}

// wayOut is one way out of this machine.
type wayOut struct {
	addr    netip.Addr // invalid: the system's choice
	network wire.Network
}
