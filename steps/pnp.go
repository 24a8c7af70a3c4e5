package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// pnpTalk is one SUBSCRIBE of a phone, and what came of it.
type pnpTalk struct {
	offer    discover.Offer
	err      error // why there is no offer; nil: there is one
	messages []discover.Message
	events   []trace.Event
}

// pnpLinger is how long a phone listens on after it was told a URL: longer than a
// server waits for its answer before it sends a NOTIFY again (T1, RFC 3261 §17.1.1.1).
const pnpLinger = 700 * time.Millisecond

// pnpAddress is where phones subscribe; empty: the multicast group.
func (w *world) pnpAddress() (string, error) {
	target, ok := w.suite.options.Target.(scenarios.Discovery)
	if !ok {
		return "", harness("the target declares PnP, and does not say where")
	}
	return target.PnPAddress(), nil
}

// subscribe lets one phone subscribe, and listen on after it was told a URL. Its error
// is the harness's own.
func (w *world) subscribe(ctx context.Context, mac device.MAC, network wire.Network, linger time.Duration) (*pnpTalk, error) {
	at, err := w.pnpAddress()
	if err != nil {
		return nil, err
	}
	recorder := new(trace.Recorder)
	behaviour := w.behaviour
	behaviour.PnPLinger = linger
	t := new(pnpTalk)
	t.offer, t.err = discover.PnP{
		Address: at, Behaviour: behaviour, Network: network, Trace: trace.NewStream(mac, recorder),
	}.Find(ctx, device.Identity{MAC: mac})
	t.events = recorder.Events()
	var failed *discover.Error
	switch {
	case t.err == nil:
		t.messages = t.offer.Exchange.Messages
	case ctx.Err() != nil || !errors.Is(t.err, discover.ErrNothing) || !errors.As(t.err, &failed):
		return nil, harness("%v", t.err)
	default:
		t.messages = failed.Exchange.Messages
	}
	return t, nil
}

// ordinaryPnP is the one SUBSCRIBE that most rules about PnP look at.
func (w *world) ordinaryPnP(ctx context.Context) (*pnpTalk, error) {
	return share(&w.suite.shared, "an ordinary SUBSCRIBE", func() (*pnpTalk, error) {
		mac, err := w.customer(ctx)
		if err != nil {
			return nil, err
		}
		return w.subscribe(ctx, mac, w.network(), pnpLinger)
	})
}

// hear makes a talk the one that Then-steps look at.
func (w *world) hear(t *pnpTalk) {
	w.talks.pnp = t
	w.talks.events = append(w.talks.events, t.events...)
}

// all returns the events of a kind, with a name where one is given.
func (t *pnpTalk) all(kind trace.Kind, name string) []trace.Event {
	var some []trace.Event
	for _, e := range t.events {
		if e.Kind == kind && (name == "" || e.Name == name) {
			some = append(some, e)
		}
	}
	return some
}

// accepted returns the 2xx answers to the SUBSCRIBE.
func (t *pnpTalk) accepted() []trace.Event {
	return slices.DeleteFunc(t.all(trace.PnPResponse, ""), func(e trace.Event) bool { return e.Name[0] != '2' })
}

// notified returns the NOTIFYs that the phone took for its own.
func (t *pnpTalk) notified() []trace.Event { return t.all(trace.PnPNotify, "") }

// came returns what came from the server: messages whose first line begins so.
func (t *pnpTalk) came(begin string) []discover.Message {
	var some []discover.Message
	for _, m := range t.messages {
		if !m.Sent && len(m.Raw) >= len(begin) && string(m.Raw[:len(begin)]) == begin {
			some = append(some, m)
		}
	}
	return some
}

// needsAnswer returns an obstacle where no SUBSCRIBE was accepted.
func (t *pnpTalk) needsAnswer() error {
	if len(t.accepted()) == 0 {
		return blocked("no SUBSCRIBE was accepted (see FIP-PNP-002): %s", t.what())
	}
	return nil
}

// needsNotify returns an obstacle where no NOTIFY came that is the phone's.
func (t *pnpTalk) needsNotify() error {
	if len(t.notified()) == 0 {
		return blocked("no NOTIFY came that is for the phone (see FIP-PNP-001 and FIP-PNP-020): %s", t.what())
	}
	return nil
}

// needsURL returns an obstacle where the phone was told no URL.
func (t *pnpTalk) needsURL() error {
	if t.err != nil {
		return blocked("no URL was told (see FIP-PNP-001 and FIP-PNP-003): %s", t.what())
	}
	return nil
}

// what says how a talk ended.
func (t *pnpTalk) what() string {
	if t.err != nil {
		return t.err.Error()
	}
	return fmt.Sprintf("%s was told", t.offer.URL)
}

// header returns the value of the first header of a SIP message with one of these
// names, in lower case; empty: there is none.
func header(raw []byte, names ...string) string {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range strings.Lines(string(head)) {
		name, value, ok := strings.Cut(line, ":")
		for _, n := range names {
			if ok && strings.EqualFold(strings.TrimSpace(name), n) {
				return strings.TrimSpace(value)
			}
		}
	}
	return ""
}
