package testbed

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// leaveNetwork gives this thread a network namespace of its own (unshare(2)).
func leaveNetwork() error { return unix.Unshare(unix.CLONE_NEWNET) }

// enterNetwork brings this thread into a network namespace (setns(2)).
func enterNetwork(held *os.File) error { return unix.Setns(int(held.Fd()), unix.CLONE_NEWNET) }

// ownProcesses is a process namespace for a program, and a mount namespace where it is to have files laid over others.
func ownProcesses(mounts bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if mounts {
		attr.Unshareflags = syscall.CLONE_NEWNS
	}
	return attr
}

// endWithUs has the kernel kill a program when the thread that started it ends.
func endWithUs(attr *syscall.SysProcAttr) {
	attr.Pdeathsig = syscall.SIGKILL
	attr.Setpgid = true // an interrupt from the keyboard is for the test
}

// tunDevice is where Linux makes TAP devices.
const tunDevice = "/dev/net/tun"

// tapDevice makes a TAP device in this thread's namespace. It goes with its file.
func tapDevice(name string) (*os.File, error) {
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tunDevice, err)
	}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("TAP device %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), tunDevice), nil
}
