package fleet

import (
	"fmt"
	"net/netip"
)

// ForwardedAddresses checks that a network, as 10.0.0.0/8, has an address for each of so
// many phones, and returns it: phone i is the network's address with number i+1.
func ForwardedAddresses(text string, phones int) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no network: want one with a mask such as 10.0.0.0/8", text)
	}
	host := prefix.Addr().BitLen() - prefix.Bits()
	if host >= 63 {
		return prefix.Masked(), nil
	}
	if have := max(uint64(1)<<host, 2) - 2; uint64(phones) > have { // without its own and the last
		return netip.Prefix{}, fmt.Errorf("%s has %d addresses for %d phones: give a shorter mask", prefix, have, phones)
	}
	return prefix.Masked(), nil
}

// forwarded is phone i's own address.
func (w *worker) forwarded(i int) netip.Addr {
	if !w.Forwarded.IsValid() {
		return netip.Addr{}
	}
	bytes := w.Forwarded.Masked().Addr().AsSlice()
	for at, n := len(bytes)-1, uint64(i)+1; at >= 0 && n > 0; at-- {
		n += uint64(bytes[at])
		bytes[at] = byte(n)
		n >>= 8
	}
	addr, _ := netip.AddrFromSlice(bytes) // has an address's length
	return addr
}
