package wire_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/fipsim/fipsim/simulator/wire"
)

// A connection that nobody waits on is asked what has come on it: nothing, bytes, or its end.
func TestReadNow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("this system cannot tell without waiting")
	}
	capture, packets := capture(t)
	for name, network := range map[string]wire.Network{"plain": wire.OS{}, "tapped": &wire.Tap{Capture: capture}} {
		t.Run(name, func(t *testing.T) {
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			conn, err := network.DialContext(t.Context(), "tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			peer, err := listener.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()

			b := make([]byte, 8)
			if n, err := wire.ReadNow(conn, b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("nothing has come: %d bytes, %v", n, err)
			}
			if _, err := io.WriteString(peer, "more"); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(b[:1]); n != 1 || err != nil { // waits until it is there
				t.Fatal(n, err)
			}
			if n, err := wire.ReadNow(conn, b); string(b[:n]) != "ore" || err != nil {
				t.Errorf("something has come: %q, %v", b[:n], err)
			}
			peer.Close()
			if _, err := conn.Read(b); !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if n, err := wire.ReadNow(conn, b); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("it was ended: %d bytes, %v", n, err)
			}
			conn.Close()
			if n, err := wire.ReadNow(conn, b); n != 0 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("we closed it: %d bytes, %v", n, err)
			}
		})
	}
	var came []byte
	for _, p := range packets() {
		if l := p.ApplicationLayer(); l != nil {
			came = append(came, l.Payload()...)
		}
	}
	if string(came) != "more" {
		t.Errorf("%q was recorded", came)
	}
}

// In memory it is told whether the other side has ended the connection.
func TestReadNowInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		end := make(chan bool)
		m.HandleTCP(netip.AddrPortFrom(server.Addr(), 80), func(c net.Conn) {
			<-end
			c.Close()
		})
		conn, err := m.DialContext(t.Context(), "tcp", netip.AddrPortFrom(server.Addr(), 80).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		b := make([]byte, 8)
		if _, err := wire.ReadNow(conn, b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it is open: %v", err)
		}
		close(end)
		synctest.Wait()
		if _, err := wire.ReadNow(conn, b); !errors.Is(err, io.EOF) {
			t.Errorf("it was ended: %v", err)
		}
	})
}

// What cannot tell says so.
func TestReadNowUnknown(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := wire.ReadNow(a, make([]byte, 1)); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
