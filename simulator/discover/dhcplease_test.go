package discover

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/trace"
)

// leased is a phone with a lease, and what its server does from now on.
func leased(t *testing.T, lease uint32, then func(s sent, say func(Packet))) (DHCP, *scriptedDHCP, *Lease) {
	t.Helper()
	with := []dhcpv4.Modifier{dhcpv4.WithLeaseTime(lease), option66("host")}
	transport := newScriptedDHCP(obliging(with...))
	phone := DHCP{Transport: transport, Trace: new(trace.Recorder)}
	offer, err := phone.Find(t.Context(), dhcpPhone)
	if err != nil {
		t.Fatal(err)
	}
	transport.sent = nil
	transport.answer = then
	if then == nil {
		transport.answer = obliging(with...)
	}
	return phone, transport, offer.Lease
}

// A day of a lease of an hour: renewed with its server every half hour, by unicast.
func TestDHCPMaintain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, transport, lease := leased(t, 3600, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour+time.Minute)
		defer cancel()
		if err := phone.Maintain(ctx, dhcpPhone, lease); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v", err)
		}
		if len(transport.sent) != 48 {
			t.Fatalf("%d REQUESTs in a day, want 48", len(transport.sent))
		}
		for i, s := range transport.sent {
			if want := time.Duration(i+1) * 30 * time.Minute; s.At != want {
				t.Errorf("renewal %d at %s, want %s", i+1, s.At, want)
			}
			checkRenewal(t, s, dhcpServer.Addr())
		}
	})
}

// checkRenewal: ciaddr, no options 50 and 54, no broadcast flag (RFC 2131 table 4).
func checkRenewal(t *testing.T, s sent, to netip.Addr) {
	t.Helper()
	if want := (Target{Client: dhcpLeased, Server: to}); s.To != want {
		t.Errorf("at %s sent to %+v, want %+v", s.At, s.To, want)
	}
	m := s.Msg
	if !m.ClientIPAddr.Equal(dhcpLeased.AsSlice()) || m.Options.Has(dhcpv4.OptionRequestedIPAddress) ||
		m.Options.Has(dhcpv4.OptionServerIdentifier) || m.IsBroadcast() {
		t.Errorf("renewal %s", m.Summary())
	}
}

// The server is gone: halves of the time that is left, 60 s at least, from T1 to T2 to
// it alone, then to everybody, until the lease expires.
func TestDHCPRebindAndExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, transport, lease := leased(t, 3600, silent)
		err := phone.Maintain(t.Context(), dhcpPhone, lease)
		if !errors.Is(err, ErrLeaseEnded) || !strings.Contains(err.Error(), "expired") {
			t.Errorf("ended with %v", err)
		}
		if at := time.Since(transport.start); at != time.Hour {
			t.Errorf("expired after %s, want 1h", at)
		}
		const t1, t2 = 1800, 3150
		var want, got []float64
		for at := float64(t1); at < t2; at += min(max((t2-at)/2, 60), t2-at) {
			want = append(want, at)
		}
		for at := float64(t2); at < 3600; at += min(max((3600-at)/2, 60), 3600-at) {
			want = append(want, at)
		}
		for _, s := range transport.sent {
			got = append(got, s.At.Seconds())
			if s.At < t2*time.Second {
				checkRenewal(t, s, dhcpServer.Addr())
			} else {
				checkRenewal(t, s, netip.Addr{})
			}
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return a-b < 0.001 && b-a < 0.001 })); diff != "" {
			t.Errorf("REQUESTs at (-want +got):\n%s", diff)
		}
	})
}

// Another server takes over while the phone rebinds.
func TestDHCPReboundElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := netip.MustParseAddr("192.168.50.99")
		phone, _, lease := leased(t, 3600, func(s sent, say func(Packet)) {
			if !s.To.Server.IsValid() {
				itself := dhcpv4.WithOption(dhcpv4.OptServerIdentifier(other.AsSlice()))
				say(reply(s.Msg, dhcpv4.MessageTypeAck, itself, dhcpv4.WithLeaseTime(7200)))
			}
		})
		if err := sleep(t.Context(), lease.T1); err != nil {
			t.Fatal(err)
		}
		if err := phone.Renew(t.Context(), dhcpPhone, lease); err != nil {
			t.Fatal(err)
		}
		if lease.Server != other || lease.Time != 2*time.Hour {
			t.Errorf("lease %+v, want one of 2h from %s", lease, other)
		}
	})
}

func TestDHCPRenewalRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, _, lease := leased(t, 3600, func(s sent, say func(Packet)) { say(reply(s.Msg, dhcpv4.MessageTypeNak)) })
		err := phone.Maintain(t.Context(), dhcpPhone, lease)
		if !errors.Is(err, ErrLeaseEnded) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("ended with %v", err)
		}
	})
}

// A lease for ever is never renewed; asked to, the phone gives up and keeps it.
func TestDHCPInfiniteLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, transport, lease := leased(t, infinite, silent)
		ctx, cancel := context.WithTimeout(t.Context(), 365*24*time.Hour)
		defer cancel()
		if err := phone.Maintain(ctx, dhcpPhone, lease); !errors.Is(err, context.DeadlineExceeded) || len(transport.sent) != 0 {
			t.Errorf("ended with %v after %d messages", err, len(transport.sent))
		}
		if err := phone.Renew(t.Context(), dhcpPhone, lease); !errors.Is(err, ErrNothing) || errors.Is(err, ErrLeaseEnded) {
			t.Errorf("renewal: %v, want ErrNothing", err)
		}
	})
}

func TestDHCPRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, transport, lease := leased(t, 3600, silent)
		if err := phone.Release(t.Context(), dhcpPhone, lease); err != nil {
			t.Fatal(err)
		}
		m := transport.sent[0].Msg
		if m.MessageType() != dhcpv4.MessageTypeRelease || !m.ClientIPAddr.Equal(dhcpLeased.AsSlice()) ||
			!m.ServerIdentifier().Equal(dhcpServer.Addr().AsSlice()) {
			t.Errorf("sent %s", m.Summary())
		}
		if m.Options.Has(dhcpv4.OptionParameterRequestList) {
			t.Error("a RELEASE with a parameter list (RFC 2131 table 5: MUST NOT)")
		}
	})
}

// Times that a server may send, and what the phone makes of them.
func TestLeaseTimes(t *testing.T) {
	seconds := func(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
	const lease, one, two = 51, 58, 59
	for _, c := range []struct {
		name    string
		options dhcpv4.Options
		want    [3]time.Duration
	}{
		{"none", dhcpv4.Options{}, [3]time.Duration{3600, 1800, 3150}},
		{"lease alone", dhcpv4.Options{lease: seconds(80)}, [3]time.Duration{80, 40, 70}},
		{"all three", dhcpv4.Options{lease: seconds(100), one: seconds(10), two: seconds(20)}, [3]time.Duration{100, 10, 20}},
		{"wrong order", dhcpv4.Options{lease: seconds(80), one: seconds(70), two: seconds(60)}, [3]time.Duration{80, 40, 70}},
		{"T2 after the end", dhcpv4.Options{lease: seconds(80), one: seconds(70), two: seconds(90)}, [3]time.Duration{80, 40, 70}},
		{"zero", dhcpv4.Options{lease: seconds(0)}, [3]time.Duration{16, 8, 14}},
		{"for ever", dhcpv4.Options{lease: seconds(infinite)}, [3]time.Duration{0, 0, 0}},
		{"three bytes", dhcpv4.Options{lease: {0, 0, 1}}, [3]time.Duration{3600, 1800, 3150}},
	} {
		var got [3]time.Duration
		got[0], got[1], got[2] = leaseTimes(c.options)
		for i := range c.want {
			c.want[i] *= time.Second
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
