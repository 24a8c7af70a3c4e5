//go:build !unix

package discover

import (
	"errors"
	"net/netip"
)

func connectSocket(uintptr, netip.AddrPort) (netip.Addr, error) {
	return netip.Addr{}, errors.ErrUnsupported
}
