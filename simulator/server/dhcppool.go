package server

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// pool gives out addresses, one a phone, the same again for as long as it can. It is
// for one goroutine.
type pool struct {
	subnet netip.Prefix
	server netip.Addr
	lease  time.Duration
	next   netip.Addr   // never given out yet, as all after it
	free   []netip.Addr // given back
	by     map[device.MAC]tenant
	holder map[netip.Addr]device.MAC
}

type tenant struct {
	addr  netip.Addr
	until time.Time
}

// offered is how long an offer is kept for the phone to ask for.
const offered = time.Minute

func newPool(subnet netip.Prefix, server netip.Addr, lease time.Duration) *pool {
	subnet = subnet.Masked()
	return &pool{subnet: subnet, server: server, lease: lease, next: subnet.Addr().Next(),
		by: make(map[device.MAC]tenant), holder: make(map[netip.Addr]device.MAC)}
}

// offer returns the phone's address, or sets one aside; false when none is left.
func (p *pool) offer(mac device.MAC, now time.Time) (netip.Addr, bool) {
	t, ok := p.by[mac]
	if !ok {
		if t.addr, ok = p.unused(now); !ok {
			return netip.Addr{}, false
		}
	}
	if until := now.Add(offered); until.After(t.until) {
		t.until = until
	}
	p.by[mac], p.holder[t.addr] = t, mac
	return t.addr, true
}

// grant leases addr to the phone: what it was offered or has, or a free address of the
// pool that it says it has.
func (p *pool) grant(mac device.MAC, addr netip.Addr, now time.Time) bool {
	if t, ok := p.by[mac]; ok && t.addr != addr {
		return false
	} else if !ok && (!p.leasable(addr) || p.taken(addr, mac, now)) {
		return false
	}
	if !p.knows(mac) {
		p.free = slices.DeleteFunc(p.free, func(a netip.Addr) bool { return a == addr })
	}
	p.by[mac], p.holder[addr] = tenant{addr, now.Add(p.lease)}, mac
	return true
}

func (p *pool) knows(mac device.MAC) bool { _, ok := p.by[mac]; return ok }

func (p *pool) taken(addr netip.Addr, mac device.MAC, now time.Time) bool {
	other, ok := p.holder[addr]
	if ok && other != mac && p.by[other].until.Before(now) {
		p.forget(other)
		return false
	}
	return ok && other != mac
}

// forget ends a phone's lease, without giving its address to others.
func (p *pool) forget(mac device.MAC) {
	delete(p.holder, p.by[mac].addr)
	delete(p.by, mac)
}

// release takes an address back that mac holds.
func (p *pool) release(mac device.MAC, addr netip.Addr) bool {
	if t, ok := p.by[mac]; !ok || t.addr != addr {
		return false
	}
	p.forget(mac)
	p.free = append(p.free, addr)
	return true
}

// leasable: in the subnet, and neither its first, its last nor the server's address.
func (p *pool) leasable(a netip.Addr) bool {
	return p.subnet.Contains(a) && p.subnet.Contains(a.Next()) && a != p.subnet.Addr() && a != p.server
}

// unused finds an address that nobody has: a fresh one, one given back, one expired.
func (p *pool) unused(now time.Time) (netip.Addr, bool) {
	for ; p.subnet.Contains(p.next); p.next = p.next.Next() {
		if _, held := p.holder[p.next]; p.leasable(p.next) && !held {
			a := p.next
			p.next = a.Next()
			return a, true
		}
	}
	if len(p.free) == 0 {
		for mac, t := range p.by {
			if t.until.Before(now) {
				p.release(mac, t.addr)
			}
		}
	}
	for len(p.free) > 0 {
		a := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		if _, held := p.holder[a]; !held {
			return a, true
		}
	}
	return netip.Addr{}, false
}
