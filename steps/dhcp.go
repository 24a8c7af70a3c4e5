package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// dhcpPatience is how long phones wait for a lease: two DISCOVERs and two REQUESTs may
// be lost within it.
const dhcpPatience = 12 * time.Second

// brief is a behaviour with that patience.
func brief(b device.Behaviour) device.Behaviour {
	b.DHCPWait = dhcpPatience
	return b
}

// dhcpHub is the relay agent that all phones of a run ask through: its port may be the
// one that a server answers to. It keeps what it sees.
type dhcpHub struct {
	relay *discover.Relay

	mu     sync.Mutex
	seen   []dhcpSeen
	size   int                // bytes of them
	offers map[device.MAC]int // that came
	fault  map[device.MAC]func(dhcpv4.MessageType, bool) []time.Duration
}

// dhcpSeen is a message at the relay.
type dhcpSeen struct {
	at   time.Time
	ours bool // to the server
	raw  []byte
}

// What a hub keeps at most: messages, their bytes, and OFFERs to one phone, so that a
// flood of them leaves room for what follows.
const (
	mostSeen   = 10_000
	mostBytes  = 32 << 20
	mostOffers = 500
)

// dhcpHub opens the relay when it is first asked for.
func (w *world) dhcpHub(ctx context.Context) (*dhcpHub, error) {
	s := w.suite
	return keep(&s.shared, "the DHCP relay", func() (*dhcpHub, error) {
		at, err := w.dhcpAddress()
		if err != nil {
			return nil, err
		}
		h := &dhcpHub{
			offers: make(map[device.MAC]int), fault: make(map[device.MAC]func(dhcpv4.MessageType, bool) []time.Duration),
		}
		h.relay, err = discover.ListenRelay(context.WithoutCancel(ctx), discover.RelayOptions{
			Server: at, Network: &wire.Tap{Next: s.network(), Capture: w.capture, Fault: h.pass},
		})
		if err != nil {
			return nil, harness("%v", err)
		}
		s.atEnd(func() { _ = h.relay.Close() }) // nothing is buffered
		return h, nil
	})
}

// dhcpAddress is where a relay agent asks.
func (w *world) dhcpAddress() (string, error) {
	target, ok := w.suite.options.Target.(scenarios.Discovery)
	if !ok || target.DHCPRelay() == "" {
		return "", harness("the target declares DHCP, and does not say where")
	}
	return target.DHCPRelay(), nil
}

// pass keeps a datagram, and decides its fate.
func (h *dhcpHub) pass(d wire.Datagram, ours bool) []time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	mac, ok := chaddr(d.Payload)
	flood := false
	if ok && !ours && kindOf(d.Payload) == dhcpv4.MessageTypeOffer {
		h.offers[mac]++
		flood = h.offers[mac] > mostOffers
	}
	if !flood && len(h.seen) < mostSeen && h.size < mostBytes {
		h.seen = append(h.seen, dhcpSeen{time.Now(), ours, d.Payload})
		h.size += len(d.Payload)
	}
	if ok && h.fault[mac] != nil {
		return h.fault[mac](kindOf(d.Payload), ours)
	}
	return []time.Duration{0}
}

// spoil sets what becomes of a phone's messages; nil: they pass.
func (h *dhcpHub) spoil(mac device.MAC, fate func(dhcpv4.MessageType, bool) []time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fault[mac] = fate
	if fate == nil {
		delete(h.fault, mac)
	}
}

// dhcpTalk is one phone's way to an address, and all that it was answered.
type dhcpTalk struct {
	mac     device.MAC
	sent    [][]byte
	replies [][]byte // for its hardware address or its transactions, in order
	offer   discover.Offer
	lease   *discover.Lease // also where the ACK names no server; nil: none
	err     error           // why there is no offer
	events  []trace.Event

	giveBack func() // the lease, where there is one
}

// ask lets one phone ask, and gives its lease back when the scenario ends.
func (w *world) ask(ctx context.Context, mac device.MAC) (*dhcpTalk, error) {
	t, err := w.askDHCP(ctx, mac)
	if err == nil {
		w.atEnd(t.giveBack)
	}
	return t, err
}

// askDHCP lets one phone ask for an address and for its server. Its error is the harness's
// own.
func (w *world) askDHCP(ctx context.Context, mac device.MAC) (*dhcpTalk, error) {
	hub, err := w.dhcpHub(ctx)
	if err != nil {
		return nil, err
	}
	recorder := new(trace.Recorder)
	t := &dhcpTalk{mac: mac}
	began := time.Now()
	finder := discover.DHCP{Transport: hub.relay, Behaviour: brief(w.behaviour), Trace: trace.NewStream(mac, recorder)}
	t.offer, t.err = finder.Find(ctx, device.Identity{MAC: mac})
	t.events = recorder.Events()
	hub.collect(t, began)
	if t.err != nil && (ctx.Err() != nil || !errors.Is(t.err, discover.ErrNothing)) {
		return nil, harness("%v", t.err)
	}
	t.lease = t.offer.Lease
	t.giveBack = func() {
		if t.lease != nil {
			w.giveBack(ctx, finder, mac, t.lease)
		}
	}
	return t, nil
}

// giveBack releases a lease.
func (w *world) giveBack(ctx context.Context, finder discover.DHCP, mac device.MAC, lease *discover.Lease) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	finder.Trace = nil
	_ = finder.Release(limited, device.Identity{MAC: mac}, lease) // no server answers that
}

// collect takes from the hub what belongs to a phone's talk: messages with its hardware
// address, and answers to its transactions with another one.
func (h *dhcpHub) collect(t *dhcpTalk, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	xids := make(map[uint32]bool)
	for _, s := range h.seen {
		mac, ok := chaddr(s.raw)
		switch {
		case !ok || s.at.Before(since):
		case s.ours && mac == t.mac:
			xids[xidOf(s.raw)] = true
			t.sent = append(t.sent, s.raw)
		case !s.ours && (mac == t.mac || xids[xidOf(s.raw)]):
			t.replies = append(t.replies, s.raw)
		}
	}
}

// ordinaryDHCP is the one talk that most rules about DHCP look at.
func (w *world) ordinaryDHCP(ctx context.Context) (*dhcpTalk, error) {
	return share(&w.suite.shared, "an ordinary DISCOVER", func() (*dhcpTalk, error) {
		mac, err := w.customer(ctx)
		if err != nil {
			return nil, err
		}
		t, err := w.askDHCP(ctx, mac)
		if err == nil {
			w.suite.atEnd(t.giveBack)
		}
		return t, err
	})
}

// leasedDHCP is that talk, where it ended with an address: else it is the obstacle.
func (w *world) leasedDHCP(ctx context.Context) (*dhcpTalk, error) {
	t, err := w.ordinaryDHCP(ctx)
	if err == nil {
		err = t.needsAck()
	}
	return t, err
}

func (w *world) listen(t *dhcpTalk) {
	w.talks.dhcp = t
	w.talks.events = append(w.talks.events, t.events...)
}

// of returns the replies of a type.
func (t *dhcpTalk) of(kind dhcpv4.MessageType) [][]byte {
	return slices.DeleteFunc(slices.Clone(t.replies), func(raw []byte) bool { return kindOf(raw) != kind })
}

// ack is the ACK that the phone took; nil: there was none, or none that was kept.
func (t *dhcpTalk) ack() []byte {
	all := t.of(dhcpv4.MessageTypeAck)
	if len(all) == 0 || !slices.ContainsFunc(t.events, func(e trace.Event) bool { return e.Kind == trace.DHCPAck }) {
		return nil
	}
	return all[len(all)-1]
}

// what says how a talk ended.
func (t *dhcpTalk) what() string {
	if t.err != nil {
		return t.err.Error()
	}
	return fmt.Sprintf("option %d is %q", t.lease.Option, strings.TrimRight(t.offer.URL, "\x00"))
}

// needsAck returns an obstacle where the phone got no address.
func (t *dhcpTalk) needsAck() error {
	if t.ack() == nil {
		return blocked("the phone got no address (see FIP-DHCP-001 to FIP-DHCP-008): %s", t.what())
	}
	return nil
}

// needsServer returns an obstacle where the phone was told of no server.
func (t *dhcpTalk) needsServer() error {
	if err := t.needsAck(); err != nil {
		return err
	}
	if t.lease == nil {
		return blocked("the phone was told of no server (see FIP-DHCP-003 and FIP-DHCP-015): %s", t.what())
	}
	return nil
}

// needsReply returns an obstacle where no reply came at all.
func (t *dhcpTalk) needsReply() error {
	if len(t.replies) == 0 {
		return blocked("no answer came (see FIP-DHCP-001): %s", t.what())
	}
	return nil
}

// releasing is DHCP whose leases are given back when the scenario ends.
func (w *world) releasing(d discover.DHCP) discover.Finder {
	return findFunc(func(ctx context.Context, id device.Identity) (discover.Offer, error) {
		offer, err := d.Find(ctx, id)
		if err == nil && offer.Lease != nil {
			w.atEnd(func() { w.giveBack(ctx, d, id.MAC, offer.Lease) })
		}
		return offer, err
	})
}

// findFunc is a discover.Finder.
type findFunc func(context.Context, device.Identity) (discover.Offer, error)

// Find implements discover.Finder.
func (f findFunc) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	return f(ctx, id)
}
