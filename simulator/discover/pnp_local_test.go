package discover

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// brokenMachine is a network whose sockets cannot be had, or cannot be used.
type brokenMachine struct {
	wire.Memory
	listen func() (net.PacketConn, error)
}

func (b *brokenMachine) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return b.listen()
}

// mute is a socket that cannot send.
type mute struct{ net.PacketConn }

func (mute) WriteTo([]byte, net.Addr) (int, error) { return 0, syscall.ENETUNREACH }

// What our own machine lacks is told as such: it is not silence of the network.
func TestPnPLocalTrouble(t *testing.T) {
	tests := []struct {
		name    string
		network wire.Network
		is      error // what errors.Is finds
		want    string
	}{
		{"no such interface", wire.OS{Interface: "nosuch0"}, nil, "pnp: no UDP socket for 224.0.1.75:5060: interface nosuch0: "},
		{"no source address", &brokenMachine{listen: func() (net.PacketConn, error) {
			return net.ListenPacket("udp4", ":0")
		}}, nil, "pnp: no route to 224.0.1.75:5060: name an interface"},
		{"no permission", &brokenMachine{listen: func() (net.PacketConn, error) {
			return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("socket", syscall.EPERM)}
		}}, ErrPrivilege, "pnp: may not open a UDP socket: "},
		{"network unreachable", &brokenMachine{listen: func() (net.PacketConn, error) {
			conn, err := new(wire.Memory).ListenPacket(t.Context(), "udp4", ":0")
			return mute{conn}, err
		}}, syscall.ENETUNREACH, "pnp: the SUBSCRIBE to 224.0.1.75:5060 could not be sent: "},
	}
	for _, test := range tests {
		_, err := PnP{Network: test.network}.Find(t.Context(), device.Identity{})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || errors.Is(err, ErrNothing) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: error %v is not %v", test.name, err, test.is)
		}
	}
}
