package discover

import (
	"errors"
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
