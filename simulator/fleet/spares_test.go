package fleet

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// spareNetwork is the network of a fleet, on loopback; the test is skipped where the system cannot change a
// socket's port.
func spareNetwork(t *testing.T) (wire.Network, *spares) {
	t.Helper()
	s := new(spares)
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	m := thisMachine()
	n := wire.InTurn(counting{wire.OS{Local: netip.MustParseAddr("127.0.0.1")}, new(drops), s}, m.low, m.ports)
	conn := listenSpare(t, n)
	if conn.spare == nil {
		t.Skip("this system cannot change a socket's port (IP_LOCAL_PORT_RANGE, Linux 6.3)")
	}
	_ = conn.Close() // nobody read it: it is closed
	return n, s
}

func listenSpare(t *testing.T, n wire.Network) *countedConn {
	t.Helper()
	conn, err := n.ListenPacket(t.Context(), "udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*countedConn)
}

// exchange sends a datagram to a peer that answers it, and returns what is read next.
func exchange(t *testing.T, conn *countedConn, peer *net.UDPConn, text string) string {
	t.Helper()
	to := peer.LocalAddr().(*net.UDPAddr).AddrPort()
	if _, err := conn.WriteToUDPAddrPort([]byte(text), to); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, from, err := peer.ReadFromUDPAddrPort(b)
	if err != nil || from != conn.LocalAddr().(*net.UDPAddr).AddrPort() {
		t.Fatalf("%v; from %s, where the socket says that it is %s", err, from, conn.LocalAddr())
	}
	if _, err := peer.WriteToUDPAddrPort(b[:n], from); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, _, err = conn.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func peer(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// A socket that is used again has another port each time, the one before is free, and nothing that came
// for one user is read by the next.
func TestSpares(t *testing.T) {
	n, s := spareNetwork(t)
	to := peer(t)
	ports := make(map[string]bool)
	var before *countedConn
	for range 50 {
		conn := listenSpare(t, n)
		at := conn.LocalAddr().String()
		if ports[at] {
			t.Fatalf("%s again", at)
		}
		ports[at] = true
		if before != nil && conn.UDPConn != before.UDPConn {
			t.Fatal("the socket was not used again")
		}
		if got := exchange(t, conn, to, at); got != at {
			t.Fatalf("%s read %q", at, got)
		}
		// A server that sends its last packet twice, and a user that stops before it reads the second.
		if _, err := to.WriteToUDPAddrPort([]byte("late"), conn.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		free, err := net.ListenPacket("udp4", at)
		if err != nil {
			t.Fatal("the port is not free: ", err)
		}
		free.Close()
		before = conn
	}
	if len(s.idle) != 1 {
		t.Errorf("%d sockets lie idle, want 1", len(s.idle))
	}
}

// Who closed a socket can do nothing to it afterwards, though another one uses it now.
func TestSpareIsSomebodyElses(t *testing.T) {
	n, _ := spareNetwork(t)
	to := peer(t)
	first := listenSpare(t, n)
	exchange(t, first, to, "x")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := listenSpare(t, n)
	defer second.Close()
	if second.UDPConn != first.UDPConn {
		t.Fatal("the socket was not used again")
	}
	for _, err := range []error{first.SetReadDeadline(time.Unix(1, 0)), first.SetDeadline(time.Unix(1, 0)), first.Close()} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if got := exchange(t, second, to, "y"); got != "y" {
		t.Errorf("read %q", got)
	}
}

// A socket on which a read failed is not used again.
func TestSpareThatMissed(t *testing.T) {
	n, s := spareNetwork(t)
	conn := listenSpare(t, n)
	exchange(t, conn, peer(t), "x")
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFromUDPAddrPort(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil || len(s.idle) != 0 {
		t.Errorf("%v; %d sockets lie idle", err, len(s.idle))
	}
}
