package wire

import (
	"net"
	"net/netip"
)

// fromSource is a network that can send from an address of one's choice.
type fromSource interface {
	WithSource(addr netip.Addr) (Network, bool)
}

// WithSource returns n with addr as the source of whatever leaves, where a host on n
// has that address; false where none has, or n cannot tell.
func WithSource(n Network, addr netip.Addr) (Network, bool) {
	if s, ok := n.(fromSource); ok {
		return s.WithSource(addr)
	}
	return nil, false
}

// WithSource returns o with addr as Local, where an interface of this machine has addr.
func (o OS) WithSource(addr netip.Addr) (Network, bool) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, false
	}
	for _, a := range all {
		if p, ok := a.(*net.IPNet); ok {
			if has, ok := netip.AddrFromSlice(p.IP); ok && has.Unmap() == addr.Unmap() {
				o.Local = addr.Unmap()
				return o, true
			}
		}
	}
	return nil, false
}

// WithSource is Next's, tapped as t is.
func (t *Tap) WithSource(addr netip.Addr) (Network, bool) {
	n, ok := WithSource(t.next(), addr)
	if !ok {
		return nil, false
	}
	return &Tap{Next: n, Capture: t.Capture, Fault: t.Fault}, true
}

// WithSource returns m, where addr is its own address.
func (m *Memory) WithSource(addr netip.Addr) (Network, bool) {
	if addr != m.local() {
		return nil, false
	}
	return m, true
}
