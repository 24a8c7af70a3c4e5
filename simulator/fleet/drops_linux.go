//go:build !386 && !s390x

package fleet

import (
	"net"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketDrops asks the kernel how many datagrams the socket lost since it was made
// (SO_MEMINFO, include/uapi/linux/sock_diag.h); false where it does not tell.
func socketDrops(conn *net.UDPConn) (n uint32, ok bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info [unix.SK_MEMINFO_VARS]uint32
	err = raw.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(info))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0) //nolint:gosec // getsockopt fills an array
		ok = errno == 0 && size == uint32(unsafe.Sizeof(info))
	})
	return info[unix.SK_MEMINFO_DROPS], ok && err == nil
}
