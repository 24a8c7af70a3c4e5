package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// The guide's capture: Discover, Offer, Request, ACK, and a bare address in option 66.
func TestDHCPFindsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport, events := newScriptedDHCP(obliging(option66("192.168.50.92\x00"))), new(trace.Recorder)
		offer, err := DHCP{Transport: transport, Trace: events}.Find(t.Context(), dhcpPhone)
		if err != nil {
			t.Fatal(err)
		}
		if offer.URL != "192.168.50.92" || offer.From != dhcpServer || offer.Source != SourceDHCP {
			t.Errorf("offer %+v", offer)
		}
		l := offer.Lease
		if l.Address != netip.PrefixFrom(dhcpLeased, 24) || l.Server != dhcpServer.Addr() || l.Option != 66 ||
			l.Time != time.Hour || l.T1 != 30*time.Minute {
			t.Errorf("lease %+v", l)
		}
		if got, want := kinds(events), "discover offer request ack"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		discover, request := transport.sent[0].Msg, transport.sent[1].Msg
		if discover.TransactionID != request.TransactionID || !discover.IsBroadcast() || !request.IsBroadcast() {
			t.Errorf("want one transaction that asks for broadcasts: %s %s", discover, request)
		}
		if !request.RequestedIPAddress().Equal(dhcpLeased.AsSlice()) || !request.ServerIdentifier().Equal(dhcpServer.Addr().AsSlice()) {
			t.Errorf("request %s", request.Summary())
		}
	})
}

// Nobody answers: RFC 2131 §4.1's schedule, until dhcp_wait.
func TestDHCPRetransmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := newScriptedDHCP(silent)
		phone := DHCP{Transport: transport, Behaviour: device.Behaviour{DHCPWait: 10 * time.Minute}}
		_, err := phone.Find(t.Context(), dhcpPhone)
		if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "no lease within 10m0s: ") {
			t.Errorf("error %v", err)
		}
		checkBackoff(t, transport.times(dhcpv4.MessageTypeDiscover))
		for _, s := range transport.sent {
			if want := uint16(s.At / time.Second); s.Msg.NumSeconds != want {
				t.Errorf("secs is %d at %s, want %d", s.Msg.NumSeconds, s.At, want)
			}
		}
	})
}

func checkBackoff(t *testing.T, times []time.Duration) {
	t.Helper()
	want := []time.Duration{4, 8, 16, 32, 64, 64, 64, 64}
	if len(times) <= len(want) {
		t.Fatalf("sent at %v, want more", times)
	}
	for i, w := range want {
		if gap := times[i+1] - times[i]; gap < (w-1)*time.Second || gap >= (w+1)*time.Second {
			t.Errorf("gap %d is %s, want %d s ± 1 s", i+1, gap, w)
		}
	}
}

// The default dhcp_wait holds four DISCOVERs, whatever the jitter.
func TestDHCPDefaultWait(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			transport := newScriptedDHCP(silent)
			_, err := DHCP{Transport: transport}.Find(t.Context(), dhcpPhone)
			var e *Error
			if !errors.As(err, &e) || e.Took != 45*time.Second {
				t.Errorf("error %v, want one after 45 s", err)
			}
			if n := len(transport.sent); n != 4 {
				t.Errorf("%d DISCOVERs, want 4", n)
			}
		})
	}
}

func TestDHCPCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := DHCP{Transport: newScriptedDHCP(silent)}.Find(ctx, dhcpPhone)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNothing) {
			t.Errorf("error %v, want the caller's deadline and not ErrNothing", err)
		}
	})
}

// A NAK: a pause, and a new transaction. Five of them: the server means it.
func TestDHCPNak(t *testing.T) {
	for _, naks := range []int{1, 4, 5} {
		t.Run(fmt.Sprint(naks), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := naks
				well := obliging(option66("host"))
				transport := newScriptedDHCP(func(s sent, say func(Packet)) {
					if s.Msg.MessageType() == dhcpv4.MessageTypeRequest && left > 0 {
						left--
						say(reply(s.Msg, dhcpv4.MessageTypeNak, dhcpv4.WithOption(dhcpv4.OptMessage("no more"))))
						return
					}
					well(s, say)
				})
				events := new(trace.Recorder)
				_, err := DHCP{Transport: transport, Trace: events}.Find(t.Context(), dhcpPhone)
				if naks < maxNAKs && err != nil || naks == maxNAKs && !errors.Is(err, ErrNothing) {
					t.Errorf("after %d NAKs: %v", naks, err)
				}
				nak, waitErr := events.Wait(t.Context(), trace.OfKind(trace.DHCPNak))
				if waitErr != nil || nak.Detail != "no more" || nak.Peer != dhcpServer {
					t.Errorf("event of the NAK: %+v, %v", nak, waitErr)
				}
				seen := make(map[dhcpv4.TransactionID]bool)
				for i, at := range transport.times(dhcpv4.MessageTypeDiscover) {
					seen[transport.sent[2*i].Msg.TransactionID] = true
					if want := time.Duration(i) * nakPause; at != want {
						t.Errorf("DISCOVER %d at %s, want %s", i+1, at, want)
					}
				}
				if want := min(naks+1, maxNAKs); len(seen) != want {
					t.Errorf("%d transactions, want %d", len(seen), want)
				}
			})
		})
	}
}

// An OFFER, but no ACK: four REQUESTs with the DISCOVER's secs, then DISCOVER again.
func TestDHCPRequestUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := newScriptedDHCP(func(s sent, say func(Packet)) {
			if s.Msg.MessageType() == dhcpv4.MessageTypeDiscover {
				say(reply(s.Msg, dhcpv4.MessageTypeOffer))
			}
		})
		phone := DHCP{Transport: transport, Behaviour: device.Behaviour{DHCPWait: 90 * time.Second}}
		_, err := phone.Find(t.Context(), dhcpPhone)
		if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "2 DISCOVERs, 2 OFFERs") {
			t.Errorf("error %v", err)
		}
		for _, s := range transport.sent[:5] {
			if s.Msg.NumSeconds != 0 {
				t.Errorf("%s at %s has secs %d, want 0, as the DISCOVER", s.Msg.MessageType(), s.At, s.Msg.NumSeconds)
			}
		}
		again := transport.sent[5]
		if again.Msg.MessageType() != dhcpv4.MessageTypeDiscover || again.At < 56*time.Second || again.At > 64*time.Second {
			t.Errorf("after four REQUESTs: %s at %s, want DISCOVER at 60 s ± 4 s", again.Msg.MessageType(), again.At)
		}
	})
}

// Two servers: the first OFFER wins, the other one is reported. Others' ACKs and
// duplicates are passed over.
func TestDHCPSeveralOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 168, 50, 99)))
		transport := newScriptedDHCP(func(s sent, say func(Packet)) {
			switch s.Msg.MessageType() {
			case dhcpv4.MessageTypeDiscover:
				say(reply(s.Msg, dhcpv4.MessageTypeOffer, option66("first")))
				say(reply(s.Msg, dhcpv4.MessageTypeOffer, option66("first")))
				say(reply(s.Msg, dhcpv4.MessageTypeOffer, other, option66("tftp://u:secret@second/")))
			case dhcpv4.MessageTypeRequest:
				say(reply(s.Msg, dhcpv4.MessageTypeAck, other))
				say(reply(s.Msg, dhcpv4.MessageTypeNak, other))
				say(reply(s.Msg, dhcpv4.MessageTypeAck, option66("first")))
			default:
				t.Errorf("the phone sent %s", s.Msg.MessageType())
			}
		})
		events := new(trace.Recorder)
		offer, err := DHCP{Transport: transport, Trace: events}.Find(t.Context(), dhcpPhone)
		if err != nil || offer.URL != "first" {
			t.Errorf("offer %q, %v; want first", offer.URL, err)
		}
		if got, want := kinds(events), "discover offer request ignored source.ignored ignored ignored ack"; got != want {
			t.Errorf("events %s, want %s", got, want)
		}
		for _, e := range events.Events() {
			if strings.Contains(e.URL+e.Detail, "secret") {
				t.Errorf("a password in %+v", e)
			}
		}
	})
}

// Leases that name no usable server.
func TestDHCPNoServerNamed(t *testing.T) {
	for _, c := range []struct {
		name string
		with []dhcpv4.Modifier
		want string
	}{
		{"no option 66", nil, "has no option 66"},
		{"only padding", []dhcpv4.Modifier{option66(" \x00\x00")}, "has no option 66"},
		{"control character", []dhcpv4.Modifier{option66("tftp://u:pw@ho\nst/")}, "a control character"},
		{"no text", []dhcpv4.Modifier{option66("\xff\xfe")}, "is not text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := DHCP{Transport: newScriptedDHCP(obliging(c.with...))}.Find(t.Context(), dhcpPhone)
				if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "pw") {
					t.Errorf("error %v, want ErrNothing with %q", err, c.want)
				}
			})
		})
	}
}

// A flood: for others, and of nonsense for this transaction. The lease is had all the
// same, and the events stay few.
func TestDHCPFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := obliging(option66("host"))
		transport := newScriptedDHCP(func(s sent, say func(Packet)) {
			foreign := *s.Msg
			foreign.ClientHWAddr = net.HardwareAddr{2, 0, 0, 0, 0, 1}
			strange := reply(&foreign, dhcpv4.MessageTypeOffer)
			go func() {
				for range 5000 {
					say(strange)
					say(reply(s.Msg, dhcpv4.MessageTypeInform))
				}
				time.Sleep(time.Second)
				well(s, say)
			}()
		})
		events := new(trace.Recorder)
		if _, err := (DHCP{Transport: transport, Trace: events}).Find(t.Context(), dhcpPhone); err != nil {
			t.Fatal(err)
		}
		if n := len(events.Events()); n > 2*maxOddEvents {
			t.Errorf("%d events", n)
		}
		if n := transport.Foreign(); n < 10000 {
			t.Errorf("%d foreign messages counted, want 10000 and more", n)
		}
	})
}

func TestDHCPBadSettings(t *testing.T) {
	for _, c := range []struct {
		b    device.Behaviour
		want string
	}{
		{device.Behaviour{DHCPClientID: "zz"}, "dhcp_client_id"},
		{device.Behaviour{DHCPCustom: "77:00"}, "dhcp_custom"},
		{device.Behaviour{DHCPCustom: "255=00"}, "dhcp_custom"},
		{device.Behaviour{DHCPCustom: strings.Repeat("77="+strings.Repeat("00", 200)+";", 2)}, "bytes"},
	} {
		_, err := DHCP{Transport: newScriptedDHCP(silent), Behaviour: c.b}.Find(t.Context(), dhcpPhone)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.b, err, c.want)
		}
	}
	if _, err := (DHCP{}).Find(t.Context(), dhcpPhone); err == nil {
		t.Error("no transport: no error")
	}
}

func TestInjected(t *testing.T) {
	offer, err := Injected{Value: " tftp://host/ \x00"}.Find(t.Context(), dhcpPhone)
	if diff := cmp.Diff("tftp://host/", offer.URL); err != nil || diff != "" || offer.Source != SourceDHCP {
		t.Errorf("offer %+v, %v", offer, err)
	}
	for _, bad := range []string{"", " ", "a\x01b"} {
		if _, err := (Injected{Value: bad}).Find(t.Context(), dhcpPhone); !errors.Is(err, ErrNothing) {
			t.Errorf("%q: error %v, want ErrNothing", bad, err)
		}
	}
}
