package discover

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// The guide's capture: 200 at once, NOTIFY from port 7777 3.2 s later. After the 200
// nothing is resent, and the phone's answer goes to port 7777.
func TestGuidesCapture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []wire.Datagram
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, fill(sub, ok200))
			time.AfterFunc(3211*ms, func() { say(notifier, fill(sub, goodNotify)) })
		})
		m.HandleUDP(notifier, func(d wire.Datagram, _ func(wire.Datagram)) { answers = append(answers, d) })
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil {
			t.Fatal(err)
		}
		if offer.URL != "tftp://192.0.2.183/" || offer.From != notifier || offer.Took != 3211*ms {
			t.Errorf("offer %s from %s after %s", offer.URL, offer.From, offer.Took)
		}
		if got := sendTimes(events); len(got) != 1 {
			t.Errorf("SUBSCRIBEs left at %v, want one: the 200 ends resending", got)
		}
		if diff := cmp.Diff([]string{"other-address"}, names(events, trace.PnPOddity)); diff != "" {
			t.Errorf("oddities (-want +got):\n%s", diff)
		}
		if got := names(events, trace.PnPDeviation); got != nil {
			t.Errorf("deviations %v, want none", got)
		}
		start := "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.183:5060;branch=z9hG4bKserver1\r\n"
		if len(answers) != 1 || !strings.HasPrefix(string(answers[0].Payload), start) {
			t.Errorf("answers to the NOTIFY: %q", answers)
		}
		order := []bool{true, false, false, true} // SUBSCRIBE, 200, NOTIFY, 200
		for i, msg := range offer.Exchange.Messages {
			if i >= len(order) || msg.Sent != order[i] {
				t.Errorf("message %d of the exchange: sent %v", i, msg.Sent)
			}
		}
	})
}

// A NOTIFY may be resent, when the phone's answer was lost: the same answer again, and
// no second offer.
func TestDuplicateNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []string
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, fill(sub, ok200))
			for i := range 3 {
				time.AfterFunc(time.Duration(i)*100*ms, func() { say(responder, fill(sub, goodNotify)) })
			}
		})
		m.HandleUDP(responder, func(d wire.Datagram, _ func(wire.Datagram)) { answers = append(answers, string(d.Payload)) })
		_, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil {
			t.Fatal(err)
		}
		if len(answers) != 3 || answers[0] != answers[1] || answers[1] != answers[2] {
			t.Errorf("answers %q, want three that are equal", answers)
		}
		var attempts []int
		for _, e := range events {
			if e.Kind == trace.PnPNotify {
				attempts = append(attempts, e.Attempt)
			}
		}
		if diff := cmp.Diff([]int{1, 2, 3}, attempts); diff != "" {
			t.Errorf("arrivals of the NOTIFY (-want +got):\n%s", diff)
		}
	})
}

// Several responders: the first one wins; the others are answered and reported, as
// long as the socket is open.
func TestSeveralResponders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second := netip.MustParseAddrPort("192.0.2.184:5060")
		answered := 0
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, fill(sub, ok200))
			say(responder, fill(sub, goodNotify))
			late := strings.NewReplacer("tftp://192.0.2.183/", "ftp://u:abcde@other", "192.0.2.183", "192.0.2.184").Replace(goodNotify)
			time.AfterFunc(400*ms, func() { say(second, fill(sub, late)) })
			time.AfterFunc(600*ms, func() { say(second, fill(sub, late)) }) // pnp_linger is over
		})
		m.HandleUDP(second, func(wire.Datagram, func(wire.Datagram)) { answered++ })
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil || offer.From != responder {
			t.Fatalf("offer from %s, error %v; want the first responder's", offer.From, err)
		}
		if answered != 1 {
			t.Errorf("the second responder was answered %d times, want once", answered)
		}
		var ignored []trace.Event
		for _, e := range events {
			if e.Kind == trace.SourceIgnored {
				ignored = append(ignored, e)
			}
		}
		if len(ignored) != 1 || ignored[0].Peer != second || ignored[0].URL != "ftp://other" {
			t.Errorf("ignored offers %+v, want the second responder's, without its password", ignored)
		}
	})
}

// A 4xx is one responder's no; another one may still answer.
func TestRefusalIsNotTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := scripted(func(n int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(netip.MustParseAddrPort("192.0.2.7:5060"), fill(sub, strings.Replace(ok200, "200 OK", "404 Not Found", 1)))
			if n == 3 {
				say(responder, fill(sub, ok200))
				say(responder, fill(sub, goodNotify))
			}
		})
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil || offer.Took != 1500*ms {
			t.Fatalf("offer after %v, error %v; want it after the third SUBSCRIBE, at 1.5 s", offer.Took, err)
		}
		if diff := cmp.Diff([]string{"404", "404", "404", "200"}, names(events, trace.PnPResponse)); diff != "" {
			t.Errorf("responses (-want +got):\n%s", diff)
		}
	})
}

func TestRefusalIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, fill(sub, strings.Replace(ok200, "200 OK", "489 Bad Event", 1)))
		})
		_, _, err := find(t.Context(), t, PnP{Network: m})
		if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "192.0.2.183:5060 answered 489 Bad Event") {
			t.Errorf("error %v, want ErrNothing with the refusal", err)
		}
	})
}

// The caller's context ends the search at once.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, _, err := find(ctx, t, PnP{Network: new(wire.Memory)})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNothing) || time.Since(start) != time.Second {
			t.Errorf("error %v after %v, want the context's after 1 s", err, time.Since(start))
		}
	})
}

// A flood of foreign SIP traffic is counted, does not stretch the search, and does not
// hide the answer that comes in its middle.
func TestFlood(t *testing.T) {
	const flood = 3000
	synctest.Test(t, func(t *testing.T) {
		stranger := netip.MustParseAddrPort("192.0.2.66:5060")
		m := scripted(func(n int, sub *sipMessage, say func(netip.AddrPort, string)) {
			for i := range flood {
				if i == flood/2 && n == 2 {
					say(responder, fill(sub, ok200))
					say(responder, fill(sub, goodNotify))
				}
				say(stranger, fmt.Sprintf("OPTIONS sip:x SIP/2.0\r\nCall-ID: %d\r\n\r\n", i))
			}
		})
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil || offer.Took != 500*ms {
			t.Fatalf("offer after %v, error %v; want it at 500 ms", offer.Took, err)
		}
		if len(events) > 50 || len(offer.Exchange.Messages) > maxKept {
			t.Errorf("%d events and %d messages kept of %d", len(events), len(offer.Exchange.Messages), 2*flood)
		}
		last := events[len(events)-1]
		if last.Name != "flood" || last.Attempt != 2*flood-maxForeign {
			t.Errorf("last event %+v, want the count of the flood, %d", last, 2*flood-maxForeign)
		}
	})
}

// Addresses that are no addresses end the search before anything is sent.
func TestPnPAddress(t *testing.T) {
	tests := []struct{ address, want string }{
		{"192.0.2.183:0", "want a port from 1 to 65535"},
		{"192.0.2.183:70000", "want a port from 1 to 65535"},
		{"nowhere.example", "no such host"},
		{"[2001:db8::1]:5060", "no IPv4 address"},
	}
	for _, test := range tests {
		_, err := PnP{Address: test.address, Network: new(wire.Memory)}.Find(t.Context(), device.Identity{})
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, ErrNothing) {
			t.Errorf("%s: error %v, want %q", test.address, err, test.want)
		}
	}
}
