package fleet

import (
	"fmt"
	"net"
	"net/netip"
)

// LocalAddresses returns the addresses of a network, as 10.1.0.0/24 or 127.0.0.1, that
// this machine has: the first so many of them. Of 127.0.0.0/8 it has every one (RFC 1122
// §3.2.1.3), though no interface lists them. Its error says that there are none.
func LocalAddresses(text string) ([]netip.Addr, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		addr, addrErr := netip.ParseAddr(text)
		if addrErr != nil {
			return nil, fmt.Errorf("%q is no network: want an address, or one with a mask such as 10.1.0.0/24", text)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	prefix = prefix.Masked()
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var found []netip.Addr
	for _, a := range all {
		n, ok := a.(*net.IPNet)
		if !ok || len(found) >= maxPaths {
			continue
		}
		if addr, ok := netip.AddrFromSlice(n.IP); ok && prefix.Contains(addr.Unmap()) && !addr.IsLoopback() {
			found = append(found, addr.Unmap())
		}
	}
	addr := prefix.Addr()
	if addr.IsLoopback() && prefix.Bits() < 31 {
		addr = addr.Next() // the network's own address
	}
	for ; addr.IsLoopback() && prefix.Contains(addr) && len(found) < maxPaths; addr = addr.Next() {
		found = append(found, addr)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("this machine has no address in %s: ip address add gives it one", text)
	}
	return found, nil
}
