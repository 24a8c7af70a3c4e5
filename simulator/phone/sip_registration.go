package phone

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

const (
	defaultExpires = time.Hour        // asked for where the settings name none (RFC 3261 §10.2.1.1)
	retryFirst     = 30 * time.Second // after the first failure; doubled each time (RFC 5626 §4.5)
	retryMost      = 30 * time.Minute // and no longer than this
	reopenSoon     = time.Second      // after a connection ended that had been of use
	ofUse          = time.Minute      // how long that is
)

// registration is one account and its registrar. At rest it is a struct with a timer,
// and no goroutine.
type registration struct {
	stack   *sipStack
	account config.Account
	callID  string // "SHOULD use the same Call-ID header field value" (RFC 3261 §10.2)
	tag     string

	ctx    context.Context
	cancel context.CancelFunc
	busy   sync.Mutex // held during an attempt, and guards what follows
	cseq   uint32
	asked  time.Duration // the expiry that is asked for
	auth   [2]*sipDigest // of the registrar (401) and of a proxy (407)
	flow   *sipFlow
	failed int // attempts in a row

	mu      sync.Mutex // guards what follows; never held for long
	stopped bool
	timer   *time.Timer
	peers   []netip.Addr
	state   Registration
}

func newRegistration(s *sipStack, a config.Account) *registration {
	r := &registration{stack: s, account: a, callID: rand.Text(), tag: rand.Text()[:10], asked: time.Duration(a.Expires) * time.Second}
	if r.asked == 0 {
		r.asked = defaultExpires
	}
	r.ctx, r.cancel = context.WithCancel(s.ctx)
	host, port := nextHop(a)
	r.state = Registration{Account: a.Index, AOR: "sip:" + escapeUser(a.User) + "@" + sipLine(a.Server), State: RegistrationOff}
	if host != "" {
		r.state.Server = net.JoinHostPort(sipLine(host), strconv.Itoa(port))
	}
	return r
}

// start makes the first attempt at once; nothing for an account that is off.
func (r *registration) start() {
	if r == nil {
		return
	}
	if !r.account.Enabled {
		r.become(RegistrationOff, "the account is not enabled", time.Time{})
		return
	}
	if why := unusable(r.account); why != "" {
		r.become(RegistrationFailed, why, time.Time{})
		r.tell(trace.Event{Kind: trace.RegisterFailed, Fault: trace.BadContent, Detail: why})
		return // until the settings change
	}
	r.become(RegistrationRegistering, "", time.Time{})
	r.schedule(0)
}

// schedule makes the next attempt after a while.
func (r *registration) schedule(after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = time.AfterFunc(after, r.attempt)
}

// attempt registers, or refreshes the registration.
func (r *registration) attempt() {
	r.busy.Lock()
	defer r.busy.Unlock()
	if r.ctx.Err() != nil {
		return
	}
	begun := time.Now()
	granted, err := r.register(r.ctx, r.asked)
	switch {
	case r.ctx.Err() != nil:
		return
	case err != nil:
		r.hasFailed(err)
		return
	}
	r.failed = 0
	r.become(Registered, fmt.Sprintf("for %s, by %s over %s", granted, r.flow.peer, r.flow.transport), begun.Add(granted))
	r.tell(trace.Event{Kind: trace.RegisterDone, Peer: r.flow.peer, Took: granted, Detail: "expires in " + granted.String()})
	r.schedule(refreshAfter(granted))
}

// hasFailed tells why an attempt failed, and when the next one is due.
func (r *registration) hasFailed(err error) {
	wait := max(retryAfter(r.failed), askedToWait(err))
	r.failed++
	r.close()
	r.mu.Lock()
	expires := r.state.Expires
	r.mu.Unlock()
	if !expires.After(time.Now()) {
		expires = time.Time{}
	}
	r.become(RegistrationFailed, err.Error(), expires)
	r.tell(trace.Event{Kind: trace.RegisterFailed, Fault: FaultOf(err), Took: wait,
		Detail: fmt.Sprintf("%s; the next attempt is in %s", err, wait)})
	r.schedule(wait)
}

// refreshAfter is when a registration is refreshed (grade D): a tenth of its time
// before it expires, five seconds at least, but not in its first half.
func refreshAfter(granted time.Duration) time.Duration {
	before := max(granted/10, 5*time.Second)
	return max(granted-before, granted/2, time.Second)
}

// retryAfter is how long the phone waits after so many failures in a row before this
// one (grade D; the schedule of RFC 5626 §4.5, without its chance).
func retryAfter(failures int) time.Duration {
	if failures > 6 {
		return retryMost
	}
	return min(retryFirst<<failures, retryMost)
}

// lost hears that a connection ended: without it the registrar can't reach the phone.
func (r *registration) lost(f *sipFlow) {
	r.mu.Lock()
	waits := !r.stopped && r.state.State == Registered && r.timer != nil && r.timer.Stop()
	if waits {
		r.state.State, r.state.Detail = RegistrationRegistering, "the connection to "+f.peer.String()+" ended"
	}
	r.mu.Unlock()
	switch {
	case !waits: // an attempt is under way, and sees it
	case time.Since(f.opened) >= ofUse:
		r.schedule(reopenSoon)
	default:
		r.schedule(retryFirst)
	}
}

// stop ends the registration, and unregisters where forget is set and the registrar
// knows the phone.
func (r *registration) stop(ctx context.Context, forget bool) {
	r.mu.Lock()
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	r.cancel()
	r.busy.Lock()
	defer r.busy.Unlock()
	defer r.close()
	if forget && r.report().Expires.After(time.Now()) {
		e := trace.Event{Kind: trace.RegisterOff, Detail: "unregistered"}
		if _, err := r.register(ctx, 0); err != nil {
			e.Fault, e.Detail = FaultOf(err), "unregistering failed: "+err.Error()
		}
		r.tell(e)
	}
	r.become(RegistrationOff, "", time.Time{})
}

// close ends the connection; the next attempt opens another one.
func (r *registration) close() {
	r.flow.close()
	r.flow = nil
}

func (r *registration) become(state, detail string, expires time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.State, r.state.Detail, r.state.Expires = state, sipLine(detail), expires
}

func (r *registration) report() Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *registration) tell(e trace.Event) {
	e.Name = r.report().AOR
	e.Detail = sipLine(e.Detail)
	r.stack.events.always(e)
}

// addresses are those at which the account's registrar was found.
func (r *registration) addresses() []netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.peers)
}

// found remembers where the registrar is, for the option notify_from.
func (r *registration) found(peer netip.Addr) {
	r.mu.Lock()
	fresh := !slices.Contains(r.peers, peer)
	if fresh {
		const most = 16
		r.peers = append(r.peers[:min(len(r.peers), most)], peer)
	}
	r.mu.Unlock()
	if fresh {
		r.stack.setRules()
	}
}
