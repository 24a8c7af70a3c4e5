package testbed_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// exitCode is a program's exit status, -1 where it had none.
func exitCode(err error) int {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return exit.ExitCode()
	}
	if err == nil {
		return 0
	}
	return -1
}

// Our own code's sockets are in the namespace where they were made: two testbeds use
// the same addresses and ports, and each phone reaches its own server.
func TestNetwork(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, name := range []string{"one", "two"} {
		tb := testbed.New(t, nil)
		l, err := tb.Server.Listen(ctx, "tcp", net.JoinHostPort(tb.Server.Addr.String(), "69"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		udp, err := tb.Server.Network().ListenPacket(ctx, "udp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer udp.Close()
		go func() {
			if conn, err := l.Accept(); err == nil {
				_, _ = io.WriteString(conn, name)
				_ = conn.Close()
			}
		}()
		go func() {
			b := make([]byte, 100)
			if _, from, err := udp.ReadFrom(b); err == nil {
				_, _ = udp.WriteTo([]byte(name), from)
			}
		}()

		conn, err := tb.Phone.Network().DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if got, err := io.ReadAll(conn); string(got) != name || err != nil {
			t.Errorf("TCP in testbed %s: %q, %v", name, got, err)
		}
		if got, want := conn.LocalAddr().(*net.TCPAddr).AddrPort().Addr(), tb.Phone.Addr; got != want {
			t.Errorf("the phone comes from %v, want %v", got, want)
		}

		socket, err := tb.Phone.Network().ListenPacket(ctx, "udp4", ":0")
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		if _, err := socket.WriteTo([]byte("?"), udp.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, from, err := socket.ReadFrom(b)
		if err != nil || string(b[:n]) != name || from.String() != udp.LocalAddr().String() {
			t.Errorf("UDP in testbed %s: %q from %v, %v", name, b[:n], from, err)
		}
	}
}

// Hosts are addresses: a name must not be asked for outside.
func TestNetworkHasNoNames(t *testing.T) {
	t.Parallel()
	network := testbed.New(t, nil).Phone.Network()
	var dns *net.DNSError
	if _, err := network.DialContext(t.Context(), "tcp", "localhost:80"); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("DialContext(localhost): %v", err)
	}
	if _, err := network.LookupHost(t.Context(), "provisioning.test"); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("LookupHost: %v", err)
	}
	if _, err := network.DialContext(t.Context(), "tcp", "10.66.0.1"); err == nil {
		t.Error("DialContext without a port went through")
	}
}

// A multicast datagram of the phone reaches a server that joined the group.
func TestMulticast(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, nil)
	group := &net.UDPAddr{IP: net.IPv4(224, 0, 1, 75), Port: 5060}
	var server *net.UDPConn
	var err error
	if runErr := tb.Server.Run(func() {
		var cable *net.Interface
		if cable, err = net.InterfaceByName(tb.Server.Interface); err == nil {
			server, err = net.ListenMulticastUDP("udp4", cable, group)
		}
	}); runErr != nil || err != nil {
		t.Fatal(runErr, err)
	}
	defer server.Close()
	phone, err := tb.Phone.Network().ListenPacket(t.Context(), "udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	if _, err := phone.WriteTo([]byte("SUBSCRIBE"), group); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 100)
	n, from, err := server.ReadFrom(b)
	if err != nil || string(b[:n]) != "SUBSCRIBE" || !strings.HasPrefix(from.String(), tb.Phone.Addr.String()+":") {
		t.Errorf("got %q from %v, %v", b[:n], from, err)
	}
}

// recorder is a testing.TB that remembers how it was ended. Its methods that New
// calls when something is missing end the goroutine, as the real ones do.
type recorder struct {
	testing.TB
	ended string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.ended = "skip: " + fmt.Sprintf(format, args...)
	panic(r)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.ended = "fail: " + fmt.Sprintf(format, args...)
	panic(r)
}

// What is missing skips a test with a reason, and fails it where nothing may be skipped.
func TestMissing(t *testing.T) {
	if missing := testbed.Missing(nil); missing != "" {
		testbed.New(t, nil)
	}
	for _, c := range []struct{ require, want string }{
		{"", "skip: testbed: not installed: no-such-tftpd; run make servers"},
		{"1", "fail: testbed: not installed: no-such-tftpd; run make servers (FIPSIM_REQUIRE_REAL=1: nothing may be skipped)"},
	} {
		t.Run("FIPSIM_REQUIRE_REAL="+c.require, func(t *testing.T) {
			t.Setenv(testbed.RequireReal, c.require)
			r := &recorder{TB: t}
			func() {
				defer func() {
					if ended := recover(); ended != r {
						t.Errorf("New ended by %v", ended)
					}
				}()
				testbed.New(r, testbed.Needs{"no-such-tftpd"})
			}()
			if diff := cmp.Diff(c.want, r.ended); diff != "" {
				t.Error(diff)
			}
		})
	}
}
