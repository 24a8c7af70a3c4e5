package server

import "golang.org/x/sys/unix"

// bindTo keeps a socket to one interface: broadcasts go out there, and only what comes
// in there is heard (SO_BINDTODEVICE, socket(7)).
func bindTo(fd uintptr, name string) error {
	return unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, name)
}
