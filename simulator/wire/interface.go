package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// InterfacePrefix returns the first IPv4 address of a network interface, with the length
// of its subnet's prefix. Its error begins with
// "interface" and the name.
func InterfacePrefix(name string) (netip.Prefix, error) {
	iface, err := net.InterfaceByName(name)
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		err = op.Err // without the system call
	}
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("interface %s: %w", name, err)
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("interface %s: %w", name, err)
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() {
			return prefix, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("interface %s has no IPv4 address", name)
}
