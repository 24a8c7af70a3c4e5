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

var (
	group     = netip.MustParseAddrPort(PnPGroup)
	responder = netip.MustParseAddrPort("192.0.2.183:5060")
	notifier  = netip.MustParseAddrPort("192.0.2.183:7777") // Guide's capture: the NOTIFY came from there
)

// scripted is a responder in memory. Its function sees each SUBSCRIBE, with the number
// of its sending, and answers through say.
func scripted(f func(n int, sub *sipMessage, say func(from netip.AddrPort, text string))) *wire.Memory {
	m := new(wire.Memory)
	n := 0
	m.HandleUDP(group, func(d wire.Datagram, send func(wire.Datagram)) {
		sub, err := parseSIP(d.Payload)
		if err != nil {
			panic(err) // the phone's own message
		}
		n++
		f(n, sub, func(from netip.AddrPort, text string) {
			send(wire.Datagram{From: from, To: d.From, Payload: []byte(text)})
		})
	})
	return m
}

// fill writes a message for a SUBSCRIBE: {via} and its like are its headers, {tag} its
// From tag; lines end as they are written, with CR LF for \n.
func fill(sub *sipMessage, template string) string {
	contact, _ := sub.header("contact")
	args := []string{"{contact}", strings.Trim(contact, "<>"), "{tag}", sub.tag("from"), "\n", "\r\n"}
	for _, name := range []string{"via", "from", "to", "call-id", "cseq"} {
		v, _ := sub.header(name)
		args = append(args, "{"+name+"}", v)
	}
	return strings.NewReplacer(args...).Replace(template)
}

const (
	ok200 = `SIP/2.0 200 OK
Via: {via}
From: {from}
To: {to};tag=server
Call-ID: {call-id}
CSeq: {cseq}
Contact: <sip:192.0.2.183:5060>
Expires: 0
Content-Length: 0

`
	goodNotify = `NOTIFY {contact} SIP/2.0
Via: SIP/2.0/UDP 192.0.2.183:5060;branch=z9hG4bKserver1
Max-Forwards: 70
From: {to};tag=server
To: {from}
Call-ID: {call-id}
CSeq: 1 NOTIFY
Contact: <sip:192.0.2.183:5060>
Event: ua-profile
Subscription-State: terminated;reason=timeout
Content-Type: application/url
Content-Length: 19

tftp://192.0.2.183/`
)

// find runs one search, and returns what it recorded.
func find(ctx context.Context, t *testing.T, p PnP) (Offer, []trace.Event, error) {
	t.Helper()
	r := new(trace.Recorder)
	p.Trace = r
	offer, err := p.Find(ctx, device.Identity{})
	return offer, r.Events(), err
}

// names lists the names of the events of one kind, in order.
func names(events []trace.Event, k trace.Kind) []string {
	var list []string
	for _, e := range events {
		if e.Kind == k {
			list = append(list, e.Name)
		}
	}
	return list
}

// The SUBSCRIBE's bytes: Request-URI, To and From are sip:MAC<mac>@224.0.1.75, and Via
// and Contact hold the real source address and port.
func TestSubscribeBytes(t *testing.T) {
	id := device.Identity{}.WithDefaults()
	s := newSubscription(id, netip.MustParseAddrPort("192.168.50.163:59495"), device.Behaviour{}.WithDefaults())
	want := strings.ReplaceAll(`SUBSCRIBE sip:MAC0021f2000001@224.0.1.75 SIP/2.0
Via: SIP/2.0/UDP 192.168.50.163:59495;branch=`+s.branch+`
From: <sip:MAC0021f2000001@224.0.1.75>;tag=`+s.tag+`
To: <sip:MAC0021f2000001@224.0.1.75>
Call-ID: `+s.callID+`
CSeq: 1 SUBSCRIBE
Contact: <sip:MAC0021f2000001@192.168.50.163:59495>
Max-Forwards: 70
Expires: 0
Event: ua-profile;profile-type="device";vendor="Flyingvoice";model="FIP14G";version="V0.5.15"
Accept: application/url
Content-Length: 0

`, "\n", "\r\n")
	if diff := cmp.Diff(want, string(s.request)); diff != "" {
		t.Errorf("SUBSCRIBE (-want +got):\n%s", diff)
	}
}

// A model comes from a user, and must not end its header line.
func TestSubscribeHasNoForeignLines(t *testing.T) {
	id := device.Identity{Model: "FIP\r\nX: y"}.WithDefaults()
	s := newSubscription(id, notifier, device.Behaviour{}.WithDefaults())
	if strings.Contains(string(s.request), "\nX:") {
		t.Errorf("a model made a header of its own:\n%s", s.request)
	}
}

// sendTimes are when the SUBSCRIBEs left, from the first one on.
func sendTimes(events []trace.Event) []time.Duration {
	var at []time.Duration
	for _, e := range events {
		if e.Kind == trace.PnPSubscribe {
			at = append(at, e.Took)
		}
	}
	return at
}

const ms = time.Millisecond

// RFC 3261 §17.1.2.2: resent after T1 = 500 ms, then at doubled intervals up to T2 =
// 4 s; with pnp_wait of a minute until Timer F, 32 s, and no more after that.
func TestResendSchedule(t *testing.T) {
	tests := []struct {
		wait time.Duration
		want []time.Duration
	}{
		{0, []time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms}}, // the default, 5 s
		{time.Minute, []time.Duration{0, 500 * ms, 1500 * ms, 3500 * ms, 7500 * ms, 11500 * ms,
			15500 * ms, 19500 * ms, 23500 * ms, 27500 * ms, 31500 * ms}},
	}
	for _, test := range tests {
		t.Run(test.wait.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, events, err := find(t.Context(), t, PnP{Network: new(wire.Memory), Behaviour: device.Behaviour{PnPWait: test.wait}})
				if !errors.Is(err, ErrNothing) {
					t.Fatalf("error %v, want ErrNothing", err)
				}
				if diff := cmp.Diff(test.want, sendTimes(events)); diff != "" {
					t.Errorf("SUBSCRIBEs left at (-want +got):\n%s", diff)
				}
				wait := device.Behaviour{PnPWait: test.wait}.WithDefaults().PnPWait
				if took := time.Since(start); took != wait {
					t.Errorf("the search took %v, want %v", took, wait)
				}
			})
		})
	}
}

func TestSilenceIsExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, err := find(t.Context(), t, PnP{Network: new(wire.Memory)})
		want := "pnp: no NOTIFY with a URL within 5s after 4 SUBSCRIBEs to 224.0.1.75:5060"
		if err == nil || err.Error() != want {
			t.Errorf("error\n%v\nwant\n%s", err, want)
		}
	})
}

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

// A provisional response slows resending down to T2 (RFC 3261 §17.1.2.2).
func TestProvisionalResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := scripted(func(n int, sub *sipMessage, say func(netip.AddrPort, string)) {
			if n == 1 {
				say(responder, fill(sub, strings.Replace(ok200, "200 OK", "100 Trying", 1)))
			}
		})
		_, events, _ := find(t.Context(), t, PnP{Network: m, Behaviour: device.Behaviour{PnPWait: 13 * time.Second}})
		want := []time.Duration{0, 4 * time.Second, 8 * time.Second, 12 * time.Second}
		if diff := cmp.Diff(want, sendTimes(events)); diff != "" {
			t.Errorf("SUBSCRIBEs left at (-want +got):\n%s", diff)
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
