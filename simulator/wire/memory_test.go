package wire_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

var server = netip.MustParseAddrPort("192.0.2.9:69")

// echo answers each datagram with itself.
func echo(d wire.Datagram, send func(wire.Datagram)) {
	send(wire.Datagram{From: d.To, To: d.From, Payload: d.Payload})
}

func listen(t *testing.T, n wire.Network) net.PacketConn {
	t.Helper()
	conn, err := n.ListenPacket(t.Context(), "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestMemoryDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &wire.Memory{Latency: 20 * time.Millisecond}
		m.HandleUDP(server, echo)
		conn := listen(t, m)
		start := time.Now()
		for _, text := range []string{"one", "two"} {
			if _, err := conn.WriteTo([]byte(text), net.UDPAddrFromAddrPort(server)); err != nil {
				t.Fatal(err)
			}
		}
		buf := make([]byte, 10)
		for _, want := range []string{"one", "two"} { // in the order they were sent
			n, from, err := conn.ReadFrom(buf)
			if err != nil || string(buf[:n]) != want || from.String() != server.String() {
				t.Errorf("got %q from %v, %v; want %q", buf[:n], from, err, want)
			}
		}
		if took := time.Since(start).Round(time.Millisecond); took != 40*time.Millisecond {
			t.Errorf("there and back took %v, want twice the latency", took)
		}
	})
}

func TestMemoryDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := listen(t, new(wire.Memory))
		start := time.Now()
		if err := conn.SetReadDeadline(start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		_, _, err := conn.ReadFrom(make([]byte, 1))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		// A deadline in the past releases a reader that waits already.
		if err := conn.SetReadDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Minute)
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		}()
		if _, _, err = conn.ReadFrom(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("moved into the past: %v", err)
		}
		// Closing releases it too.
		_ = conn.SetReadDeadline(time.Time{})
		go func() {
			time.Sleep(time.Minute)
			conn.Close()
		}()
		if _, _, err = conn.ReadFrom(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestMemoryConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		m.AddHost("pbx.test", server.Addr())
		m.HandleTCP(netip.AddrPortFrom(server.Addr(), 80), func(c net.Conn) {
			defer c.Close()
			_, _ = io.WriteString(c, "hello")
		})
		conn, err := m.DialContext(t.Context(), "tcp", "pbx.test:80")
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(conn); string(body) != "hello" || err != nil {
			t.Errorf("%q, %v", body, err)
		}
		if _, ok := conn.RemoteAddr().(*net.TCPAddr); !ok {
			t.Errorf("remote address is a %T", conn.RemoteAddr())
		}
		if _, err = m.DialContext(t.Context(), "tcp", "pbx.test:81"); err == nil {
			t.Error("a port without a peer was open")
		}
		var dns *net.DNSError
		if _, err = m.DialContext(t.Context(), "tcp", "nobody.test:80"); !errors.As(err, &dns) {
			t.Errorf("an unknown name: %v", err)
		}
	})
}
