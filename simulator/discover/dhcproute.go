package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/fipsim/fipsim/simulator/wire"
)

// localTowards returns the address that this network's datagrams to server leave from.
func localTowards(ctx context.Context, n wire.Network, server netip.AddrPort) (netip.Addr, error) {
	conn, err := n.ListenPacket(ctx, "udp4", ":0")
	if err != nil {
		return netip.Addr{}, fmt.Errorf("DHCP relay: %w", err)
	}
	defer conn.Close()
	if local := addrPortOf(conn.LocalAddr()).Addr(); local.IsValid() && !local.IsUnspecified() {
		return local, nil
	}
	local, err := connectedFrom(conn, server)
	if found, ok := wire.SourceFor(n, server); errors.Is(err, errors.ErrUnsupported) && ok { // a tapped socket
		local, err = found.Unmap(), nil
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("DHCP relay: no address of this machine leads to %s: %w", server, err)
	}
	return local, nil
}

// connectedFrom connects a UDP socket, which sends nothing but makes the system choose
// the source address. A dialled socket would not belong to the phone's own Network.
func connectedFrom(conn net.PacketConn, server netip.AddrPort) (netip.Addr, error) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return netip.Addr{}, errors.ErrUnsupported
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return netip.Addr{}, err
	}
	var local netip.Addr
	controlErr := raw.Control(func(fd uintptr) { local, err = connectSocket(fd, server) })
	if controlErr != nil {
		return netip.Addr{}, controlErr
	}
	return local, err
}

// isRefusal reports an ICMP "port unreachable" that answers an earlier datagram of the
// same socket, not this one.
func isRefusal(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
