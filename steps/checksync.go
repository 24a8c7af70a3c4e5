package steps

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// checkSyncSteps are those about the NOTIFY that makes a phone provision.
func checkSyncSteps(sc catalogue) {
	sc.Given(`^the phone is living, and hears SIP$`, thePhoneHearsSIP)
	sc.Given(`^the phone is living, hears SIP, and has found its server by (PnP|DHCP)$`, thePhoneHearsSIPAndFinds)
	sc.Given(`^a phone that hears SIP$`, aPhoneHearsSIP)
	sc.Given(`^a phone that the server knows is living, and hears SIP$`, aResidentHearsSIP)
	sc.When(`^the server changes its settings$`, theServerChanges)
	sc.Then(`^it holds what is expected of it now$`, itHoldsWhatIsExpectedNow)
	sc.When(`^the server notifies it$`, theServerNotifies)
	sc.When(`^the server notifies it to reboot$`, theServerNotifiesReboot)
	sc.When(`^the server notifies it, and the first (NOTIFY|answer) is lost$`, theServerNotifiesWithLoss)
	sc.When(`^a server notifies a phone$`, aServerNotifies)
	sc.Then(`^the notified phone holds "([^"]*)" as "([^"]*)" and not as "([^"]*)"$`, theNotifiedHolds)
	sc.Then(`^the rebooted phone is provisioned from there$`, theRebootedIsProvisioned)
	sc.Then(`^a NOTIFY reaches the phone$`, aNotifyReaches)
	sc.Then(`^its event is check-sync$`, itsEventIsCheckSync)
	sc.Then(`^the NOTIFY that was lost comes again$`, lostNotifyComesAgain)
	sc.Then(`^the NOTIFY comes again as it was$`, notifyComesAsItWas)
	sc.Then(`^it comes only once$`, notifyComesOnce)
	sc.Then(`^the phone reboots$`, thePhoneReboots)
	sc.Then(`^the phone does not reboot$`, thePhoneDoesNotReboot)
	sc.Then(`^it has all that a request must have$`, requestIsWhole)
	sc.Then(`^it is framed as SIP is$`, requestIsFramed)
}

// syncTalk is a check-sync as it reached a phone.
type syncTalk struct {
	mu    sync.Mutex
	came  []heardNotify
	fate  func(wire.Datagram, bool) []time.Duration // nil: all pass
	lost  int                                       // further NOTIFYs that the network lost
	sent  error                                     // what the target said of sending it
	moved bool                                      // the phone rebooted
	ended device.Trigger
}

// heardNotify is a request that reached a phone, byte for byte.
type heardNotify struct {
	at       time.Time
	raw      []byte
	answered bool // the phone's answer to an earlier one left long before
}

// hearing is a network that keeps the NOTIFYs which reach a phone.
func (t *syncTalk) hearing(next wire.Network) wire.Network {
	var answered time.Time
	return &wire.Tap{Next: next, Fault: func(d wire.Datagram, ours bool) []time.Duration {
		t.mu.Lock()
		defer t.mu.Unlock()
		fate := []time.Duration{0}
		if t.fate != nil {
			fate = t.fate(d, ours)
		}
		switch {
		case len(fate) == 0 && !ours:
			t.lost++
		case len(fate) == 0:
		case ours:
			if answered.IsZero() && bytes.HasPrefix(d.Payload, []byte("SIP/2.0 2")) {
				answered = time.Now()
			}
		case !bytes.HasPrefix(d.Payload, []byte("SIP/2.0")) && len(bytes.TrimSpace(d.Payload)) > 0:
			late := !answered.IsZero() && time.Since(answered) > onItsWay
			t.came = append(t.came, heardNotify{time.Now(), d.Payload, late})
		}
		return fate
	}}
}

// lose decides what becomes of datagrams from now on.
func (t *syncTalk) lose(fate func(wire.Datagram, bool) []time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fate = fate
}

// heard returns what came so far.
func (t *syncTalk) heard() []heardNotify {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.came)
}

func thePhoneHearsSIP(ctx context.Context) error {
	w := of(ctx)
	if w.base == nil {
		return harness("the scenario published nothing: the phone has no server")
	}
	if err := w.ready(ctx, w.base.String()); err != nil {
		return err
	}
	if err := w.liveWithSIP(ctx, discover.SourceStatic, discover.Static{URL: w.base.String()}); err != nil {
		return err
	}
	return w.talks.life.firstPass(ctx)
}

func thePhoneHearsSIPAndFinds(ctx context.Context, way string) error {
	w := of(ctx)
	recorder := new(trace.Recorder)
	finder, err := w.finder(ctx, ways[way], recorder, w.behaviour)
	if err != nil {
		return err
	}
	if err := w.liveWithSIP(ctx, ways[way], finder); err != nil {
		return err
	}
	return w.talks.life.firstPass(ctx)
}

// aPhoneHearsSIP is a phone that has no server: what it does of a NOTIFY is of no
// interest, but for the reboot.
func aPhoneHearsSIP(ctx context.Context) error {
	return of(ctx).liveWithSIP(ctx, discover.SourceStatic, discover.Static{})
}

// liveWithSIP gives power to a phone that hears SIP, and waits until it does.
func (w *world) liveWithSIP(ctx context.Context, way string, finder discover.Finder) error {
	w.talks.sync = new(syncTalk)
	side := phone.NewSIP(phone.SIPOptions{
		Listen: net.JoinHostPort(w.hostTowards(ctx), "0"), Network: w.talks.sync.hearing(w.network()),
	})
	l, err := w.live(ctx, finder, way, noInterval, side)
	if err != nil {
		return err
	}
	_, err = l.wait(ctx, func(e trace.Event) bool { return e.Kind == trace.SIPListening })
	return err
}

// noInterval is longer than any scenario.
const noInterval = 24 * time.Hour

// hostTowards is the address at which the server can reach a phone of ours.
func (w *world) hostTowards(ctx context.Context) string {
	host := ""
	if located, ok := w.suite.options.Target.(scenarios.Located); ok && len(located.URLs()) > 0 {
		host = located.URLs()[0].Hostname()
	}
	if w.base != nil {
		host = w.base.Hostname()
	}
	if host != "" {
		network := w.network()
		found, err := network.LookupHost(ctx, host)
		if err == nil && len(found) > 0 {
			if own, ok := wire.SourceFor(network, netip.AddrPortFrom(found[0].Unmap(), 9)); ok { // sends nothing
				return own.Unmap().String()
			}
		}
	}
	return "127.0.0.1"
}

func theServerNotifies(ctx context.Context) error { return of(ctx).notify(ctx, false) }

func theServerNotifiesReboot(ctx context.Context) error { return of(ctx).notify(ctx, true) }

// theServerNotifiesWithLoss loses the first NOTIFY, or the phone's answer to it.
func theServerNotifiesWithLoss(ctx context.Context, what string) error {
	w := of(ctx)
	fate := once(false, "NOTIFY")
	if what == "answer" {
		fate = once(true, "SIP/2.0 2")
	}
	w.talks.sync.lose(fate)
	return w.notify(ctx, false)
}

// afterSync is how long a phone listens on after a check-sync: longer than a server
// waits for its answer before it sends the NOTIFY again.
const afterSync = 700 * time.Millisecond

// notify has the server notify the living phone, waits for what comes of it, and takes
// the phone's power.
func (w *world) notify(ctx context.Context, reboot bool) error {
	target, ok := w.suite.options.Target.(scenarios.Notifier)
	if !ok {
		return harness("the target declares that it can notify a phone, and can't")
	}
	l, t := w.talks.life, w.talks.sync
	asked := time.Now()
	t.sent = target.Notify(ctx, w.mac, l.sip.Addr().String(), reboot)
	if ctx.Err() != nil {
		return harness("%v", ctx.Err())
	}
	limited, cancel := context.WithTimeout(ctx, 4*afterSync)
	defer cancel()
	begun, err := l.recorder.Wait(limited, func(e trace.Event) bool { return e.Kind == trace.PassStart && e.At.After(asked) })
	if err == nil {
		_, _ = l.wait(ctx, func(e trace.Event) bool { return passDone(e) && e.Pass == begun.Pass }) // Last tells
		t.ended = device.Trigger(begun.Detail)
	}
	select { // what comes again after that, comes too late
	case <-time.After(time.Until(asked.Add(afterSync))):
	case <-ctx.Done():
	}
	t.moved = l.reboots() > 0
	l.powerOff()
	if len(t.heard()) == 0 && t.lost == 0 && t.sent != nil {
		return harness("%v", t.sent) // nothing was sent, and we know why
	}
	return nil
}

// aServerNotifies is the one check-sync that rules about its form look at.
func aServerNotifies(ctx context.Context) error {
	w := of(ctx)
	t, err := share(&w.suite.shared, "a check-sync", func() (*syncTalk, error) {
		at := *w
		if err := at.liveWithSIP(ctx, discover.SourceStatic, discover.Static{}); err != nil {
			return nil, err
		}
		err := at.notify(ctx, false)
		at.talks.close()
		return at.talks.sync, err
	})
	w.talks.sync = t
	return err
}
