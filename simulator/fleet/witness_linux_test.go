package fleet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// arrivals reads datagrams with the moment at which the kernel took them (socket(7), SO_TIMESTAMPNS).
func arrivals(conn *net.UDPConn) func(in []byte) (int, netip.AddrPort, time.Time, error) {
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
	}
	oob := make([]byte, 128)
	return func(in []byte) (int, netip.AddrPort, time.Time, error) {
		n, more, _, from, err := conn.ReadMsgUDPAddrPort(in, oob)
		now := time.Now()
		const header = unix.SizeofCmsghdr
		if err == nil && more >= header+16 && binary.NativeEndian.Uint32(oob[12:]) == unix.SCM_TIMESTAMPNS {
			at := time.Unix(int64(binary.NativeEndian.Uint64(oob[header:])), int64(binary.NativeEndian.Uint64(oob[header+8:])))
			now = now.Add(-now.Round(0).Sub(at)) // on the clock that does not jump
		}
		return n, from, now, err
	}
}
