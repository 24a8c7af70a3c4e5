package phone

import (
	"context"
	"errors"
	"net/netip"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
)

// leaser is a way of finding the server that can keep the lease that came with the
// server's address: discover.DHCP.
type leaser interface {
	Maintain(ctx context.Context, id device.Identity, l *discover.Lease) error
	Release(ctx context.Context, id device.Identity, l *discover.Lease) error
}

// heldLease is the address that a DHCP server lent to the phone.
type heldLease struct {
	from    leaser
	lease   *discover.Lease // its keeper's alone, once there is one
	address netip.Prefix
}

// hold makes an offer's lease the phone's own.
func (p *Phone) hold(from discover.Finder, offer discover.Offer) {
	l, ok := from.(leaser)
	if !ok || offer.Lease == nil || !offer.Lease.Address.IsValid() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lease = &heldLease{from: l, lease: offer.Lease, address: offer.Lease.Address}
}

// drop forgets a lease that is over, and the server that it named.
func (p *Phone) drop(h *heldLease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lease != h {
		return
	}
	p.lease = nil
	if p.known.source == discover.SourceDHCP {
		p.known = known{}
	}
}

// leaseKeeper keeps a living phone's lease renewed (RFC 2131 §4.4.5), in a goroutine.
// The zero value keeps nothing.
type leaseKeeper struct {
	held *heldLease
	stop context.CancelFunc
	done chan struct{}
}

// keep goes on with the lease that the phone holds now.
func (k *leaseKeeper) keep(ctx context.Context, p *Phone) {
	p.mu.Lock()
	held, id := p.lease, p.id
	p.mu.Unlock()
	if held == k.held || ctx.Err() != nil {
		return
	}
	k.end()
	if k.held = held; held == nil {
		return
	}
	ctx, k.stop = context.WithCancel(ctx)
	k.done = make(chan struct{})
	go func() {
		defer close(k.done)
		err := held.from.Maintain(ctx, id, held.lease)
		if err == nil || ctx.Err() != nil {
			return
		}
		if errors.Is(err, discover.ErrLeaseEnded) {
			p.drop(held)
		}
		p.trace.Record(trace.Event{Kind: trace.LeaseEnded, Detail: err.Error()})
	}()
}

// end stops renewing.
func (k *leaseKeeper) end() {
	if k.stop != nil {
		k.stop()
		<-k.done
		k.stop = nil
	}
}

// release stops renewing and gives the lease back (RFC 2131 §4.4.6).
func (k *leaseKeeper) release(ctx context.Context, p *Phone) {
	k.end()
	p.mu.Lock()
	held, id := p.lease, p.id
	p.lease = nil
	p.mu.Unlock()
	if held == nil {
		return
	}
	if err := held.from.Release(ctx, id, held.lease); err != nil {
		p.trace.Record(trace.Event{Kind: trace.LeaseEnded, Fault: trace.LocalFailure, Detail: "not given back: " + err.Error()})
	}
}
