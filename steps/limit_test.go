package steps

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// Requests begin at the rate that was asked for, and what answers a packet is none.
func TestLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := new(wire.Memory)
		peer, err := memory.ListenPacket(t.Context(), "udp4", "192.0.2.1:69")
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		limited := NewLimited(memory, 4)
		start := time.Now()
		var at []time.Duration
		for range 5 {
			conn, err := limited.ListenPacket(t.Context(), "udp4", ":0")
			if err != nil {
				t.Fatal(err)
			}
			exchange(t, conn, peer)
			at = append(at, time.Since(start))
			conn.Close()
		}
		for i, got := range at {
			if want := time.Duration(i) * 250 * time.Millisecond; got != want {
				t.Errorf("request %d began after %v, want %v", i+1, got, want)
			}
		}
	})
}

// exchange sends a request and, once it is answered, an acknowledgement, which costs
// no turn.
func exchange(t *testing.T, conn, peer net.PacketConn) {
	t.Helper()
	buf := make([]byte, 100)
	send := func(from net.PacketConn, to net.Addr) {
		if _, err := from.WriteTo([]byte("x"), to); err != nil {
			t.Fatal(err)
		}
	}
	send(conn, peer.LocalAddr())
	_, from, err := peer.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	send(peer, from)
	if _, _, err := conn.ReadFrom(buf); err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	send(conn, peer.LocalAddr())
	if waited := time.Since(before); waited > 0 {
		t.Errorf("an acknowledgement waited %v", waited)
	}
	if _, _, err := peer.ReadFrom(buf); err != nil {
		t.Fatal(err)
	}
}

// Whoever gives up does not wait for its turn.
func TestLimitedEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited := NewLimited(new(wire.Memory), 0.001)
		if err := limited.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := limited.turn(ctx); err == nil || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
