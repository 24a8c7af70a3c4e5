package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// once decides the fate of the first datagram that begins so, in one direction; it
// passes all others on.
func once(ours bool, begin string, fate ...time.Duration) func(wire.Datagram, bool) []time.Duration {
	var mu sync.Mutex
	done := false
	return func(d wire.Datagram, sent bool) []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		if !done && sent == ours && bytes.HasPrefix(d.Payload, []byte(begin)) {
			done = true
			return fate
		}
		return []time.Duration{0}
	}
}

// briefly is how long a phone listens on whose URL is all that counts.
const briefly = time.Millisecond

// subscribesWithLoss is a SUBSCRIBE on a network that loses or doubles a packet.
func subscribesWithLoss(ctx context.Context, how string) error {
	w := of(ctx)
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	if t, err := w.ordinaryPnP(ctx); err != nil {
		return err
	} else if err := errors.Join(t.needsURL(), t.needsAnswer()); err != nil {
		return err
	}
	fault := map[string]func(wire.Datagram, bool) []time.Duration{
		"its SUBSCRIBE arrives twice": once(true, "SUBSCRIBE", 0, 0),
		"the first NOTIFY is lost":    once(false, "NOTIFY"),
		"the first answer is lost":    once(false, "SIP/2.0 2"),
		"its first answer is lost":    once(true, "SIP/2.0 2"),
	}[how]
	if fault == nil {
		return harness("no loss is called %q", how)
	}
	linger := briefly
	if strings.HasSuffix(how, "answer is lost") {
		linger = 2 * pnpLinger // what is sent again comes after T1, on a busy machine later
	}
	t, err := w.subscribe(ctx, mac, &wire.Tap{Next: w.network(), Fault: fault}, linger)
	if err == nil {
		w.hear(t)
	}
	return err
}

func theNotifyComesAgain(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.notified()) == 0 {
		return violated("the NOTIFY that was lost, again", "%s", t.what())
	}
	return nil
}

// itComesAsItWas judges the second coming of a NOTIFY whose answer was lost.
func itComesAsItWas(ctx context.Context) error {
	t := of(ctx).talks.pnp
	all := t.notified()
	if len(all) < 2 {
		return blocked("the NOTIFY whose answer was lost did not come again (see FIP-PNP-040)")
	}
	for _, e := range all[1:] {
		if e.Attempt > 1 {
			return nil
		}
	}
	return violated("the same NOTIFY again", "one came with another Via, CSeq or tag: to the phone it is a further one")
}

func answeredNotifyStays(ctx context.Context) error {
	w := of(ctx)
	t := w.talks.pnp
	if err := t.needsNotify(); err != nil {
		return err
	}
	if t.comesAfterAnswer() == 0 {
		return nil
	}
	// Where our answer was late, the server is right: once more.
	mac, err := w.customer(ctx)
	if err != nil {
		return err
	}
	if t, err = w.subscribe(ctx, mac, w.network(), pnpLinger); err != nil {
		return err
	}
	w.hear(t)
	if after := t.comesAfterAnswer(); after > 0 {
		return violated("no NOTIFY after the phone's 200", "it came again after %v", after.Round(time.Millisecond))
	}
	return nil
}

// onItsWay is how long after an answer that crossed it a request may still come: half of
// T1 (RFC 3261 §17.1.1.1).
const onItsWay = 250 * time.Millisecond

// comesAfterAnswer is how long after the phone's answer a NOTIFY came again; 0: none
// did. What comes at once was on its way.
func (t *pnpTalk) comesAfterAnswer() time.Duration {
	answered := t.all(trace.PnPAnswer, "200")
	for _, e := range t.notified() {
		if e.Attempt > 1 && len(answered) > 0 && e.At.Sub(answered[0].At) > onItsWay {
			return e.At.Sub(answered[0].At)
		}
	}
	return 0
}

// bothAnswersSameTag compares the tags of the answers to a SUBSCRIBE that came twice.
func bothAnswersSameTag(ctx context.Context) error {
	t := of(ctx).talks.pnp
	var tags []string
	for _, m := range t.came("SIP/2.0 2") {
		_, tag, _ := strings.Cut(header(m.Raw, "to", "t"), ";tag=")
		tag, _, _ = strings.Cut(tag, ";")
		tags = append(tags, tag)
	}
	if len(tags) < 2 {
		return blocked("only one answer came (see FIP-PNP-043)")
	}
	for _, tag := range tags[1:] {
		if tag != tags[0] {
			return violated("one tag", "the tags are %q and %q: two dialogs for one SUBSCRIBE", tags[0], tag)
		}
	}
	return nil
}

func toldAllTheSame(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if t.err != nil {
		return violated("a NOTIFY with a URL", "%s", t.what())
	}
	return nil
}

// phonesSubscribe lets all customers subscribe at once.
func phonesSubscribe(ctx context.Context) error {
	w := of(ctx)
	macs, err := w.customers(ctx)
	if err != nil {
		return err
	}
	alone, err := w.ordinaryPnP(ctx)
	if err == nil {
		err = alone.needsURL()
	}
	if err != nil {
		return err
	}
	n := len(macs)
	found, errs := make([]*pnpTalk, n), make([]error, n)
	var all side
	for i := range n {
		all.Go(func() { found[i], errs[i] = w.subscribe(ctx, macs[i], w.network(), briefly) })
	}
	all.Wait()
	w.talks.pnp = new(pnpTalk)
	for i := range n {
		if errs[i] != nil {
			return errs[i]
		}
		w.talks.events = append(w.talks.events, found[i].events...)
		if found[i].err != nil {
			w.talks.pnp.err = fmt.Errorf("one of %d phones: %w", n, found[i].err)
		}
	}
	return nil
}

func eachIsToldURL(ctx context.Context) error {
	if t := of(ctx).talks.pnp; t.err != nil {
		return violated("a NOTIFY with a URL for each", "%s", t.err)
	}
	return nil
}
