package fleet

import (
	"errors"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mostStale bounds how many datagrams are looked for in a socket that is used again.
const mostStale = 64

var errStale = errors.New("more datagrams than are worth to be thrown away")

// release lets the system take the socket's port back: a UDP socket that is dissolved
// from its peer loses the port that the system chose (connect(2), AF_UNSPEC). What
// comes to that port from now on is refused, as if the socket were closed.
func (c *spare) release() error {
	if err := c.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return c.control(func(fd int) error {
		nobody := unix.RawSockaddr{Family: unix.AF_UNSPEC}
		_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd),
			uintptr(unsafe.Pointer(&nobody)), unsafe.Sizeof(nobody)) //nolint:gosec // connect reads an address
		if errno != 0 {
			return errno
		}
		return nil
	})
}

// bind throws away what came to the port before, and gives the socket another one. The
// system may choose among that one alone (ip(7), IP_LOCAL_PORT_RANGE, since Linux 6.3):
// a port that was bound by its number could not be released.
func (c *spare) bind(local netip.Addr, port uint16) error {
	at := &unix.SockaddrInet4{}
	if local.Is4() {
		at.Addr = local.As4()
	}
	return c.control(func(fd int) error {
		var none [1]byte
		for n := 0; ; n++ {
			_, _, err := unix.Recvfrom(fd, none[:], unix.MSG_DONTWAIT)
			if err == unix.EAGAIN {
				break
			}
			if n == mostStale {
				return errStale
			}
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, int(port)<<16|int(port)); err != nil {
			return err
		}
		return unix.Bind(fd, at)
	})
}

func (c *spare) control(f func(fd int) error) error {
	var err error
	if outer := c.raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}
