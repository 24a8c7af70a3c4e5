//go:build unix

package discover

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

func connectSocket(fd uintptr, server netip.AddrPort) (netip.Addr, error) {
	if err := unix.Connect(int(fd), &unix.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()}); err != nil {
		return netip.Addr{}, err
	}
	name, err := unix.Getsockname(int(fd))
	if err != nil {
		return netip.Addr{}, err
	}
	if four, ok := name.(*unix.SockaddrInet4); ok {
		return netip.AddrFrom4(four.Addr), nil
	}
	return netip.Addr{}, unix.EAFNOSUPPORT
}
