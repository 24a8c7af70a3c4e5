//go:build !linux

package fleet

import (
	"net"
	"net/netip"
	"time"
)

// arrivals reads datagrams with the moment at which they were read.
func arrivals(conn *net.UDPConn) func(in []byte) (int, netip.AddrPort, time.Time, error) {
	return func(in []byte) (int, netip.AddrPort, time.Time, error) {
		n, from, err := conn.ReadFromUDPAddrPort(in)
		return n, from, time.Now(), err
	}
}
