package server_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

func listenPnP(t *testing.T, o server.PnPOptions) *server.PnP {
	t.Helper()
	if o.URL == nil {
		o.URL = func(mac device.MAC) string { return "tftp://127.0.0.1/" + mac.CfgName() }
	}
	p, err := server.ListenPnP(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// The phone understands each of the responder's oddities, and names what it forgave.
func TestPnPOddities(t *testing.T) {
	tests := []struct {
		oddity     server.PnPOddity
		deviations []string
		oddities   []string
	}{
		{"", nil, []string{"other-address"}}, // a free port, not 5060
		{server.PnPOtherPort, nil, []string{"other-address"}},
		{server.PnPNotifyFirst, nil, []string{"notify-before-200", "other-address"}},
		{server.PnPNotifyTwice, nil, []string{"other-address"}},
		{server.PnPCSeq3, nil, []string{"other-address"}},
		{server.PnPCompact, nil, []string{"compact-headers", "other-address"}},
		{server.PnPViaReused, []string{"via-reused"}, []string{"other-address"}},
		{server.PnPFromToReused, []string{"from-to-reused"}, []string{"other-address"}},
		{server.PnPLFOnly, []string{"lf-only", "lf-only"}, []string{"other-address"}},
	}
	for _, test := range tests {
		t.Run(string(test.oddity), func(t *testing.T) {
			o := server.PnPOptions{Listen: "127.0.0.1:0", NotifyPort: freePort(t)}
			if test.oddity != "" {
				o.Oddities = []server.PnPOddity{test.oddity}
			}
			answers := make(chan server.PnPMessage, 10)
			o.OnMessage = func(m server.PnPMessage) {
				if m.Method == "NOTIFY" {
					answers <- m
				}
			}
			p := listenPnP(t, o)
			events := new(trace.Recorder)
			client := discover.PnP{Address: p.Addr().String(), Trace: events, Behaviour: device.Behaviour{PnPLinger: 50 * time.Millisecond}}
			offer, err := client.Find(t.Context(), device.Identity{})
			if err != nil {
				t.Fatal(err)
			}
			if want := "tftp://127.0.0.1/0021f2000001.cfg"; offer.URL != want {
				t.Errorf("offer %q, want %q", offer.URL, want)
			}
			if other := offer.From.Port() != p.Addr().Port(); other != (test.oddity == server.PnPOtherPort) {
				t.Errorf("the NOTIFY came from %s, the server is %s", offer.From, p.Addr())
			}
			if diff := cmp.Diff(test.deviations, pnpNames(events, trace.PnPDeviation)); diff != "" {
				t.Errorf("deviations (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.oddities, pnpNames(events, trace.PnPOddity)); diff != "" {
				t.Errorf("oddities (-want +got):\n%s", diff)
			}
			if m := <-answers; m.Status != 200 || m.MAC != device.DefaultMAC || m.Detail != "OK" {
				t.Errorf("the server saw %+v, want the phone's 200", m)
			}
		})
	}
}

// pnpNames lists the names of the events of one kind, in order.
func pnpNames(r *trace.Recorder, k trace.Kind) []string {
	var list []string
	for _, e := range r.Events() {
		if e.Kind == k {
			list = append(list, e.Name)
		}
	}
	return list
}

// freePort returns a UDP port of 127.0.0.1 that is free now.
func freePort(t *testing.T) uint16 {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// askSIP sends text from a fresh socket and returns the first answer.
func askSIP(t *testing.T, to netip.AddrPort, text string) string {
	t.Helper()
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	text = strings.NewReplacer("{local}", conn.LocalAddr().String(), "\n", "\r\n").Replace(text)
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if err := conn.SetReadDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	return string(buf[:n])
}

const subscribe = `SUBSCRIBE sip:MAC%3a0021f2000002@192.0.2.9 SIP/2.0
Via: SIP/2.0/UDP {local};branch=z9hG4bKtest;rport
From: <sip:MAC%3a0021f2000002@192.0.2.9>;tag=phone
To: <sip:MAC%3a0021f2000002@192.0.2.9>
Call-ID: call
CSeq: 1 SUBSCRIBE
Contact: <sip:MAC%3a0021f2000002@{local}>
Max-Forwards: 70
Expires: 0
Event: ua-profile;vendor="Other"
Accept: application/url
Content-Length: 0

`

// What is wrong in a request to the server itself is refused with the right status.
func TestPnPRefusals(t *testing.T) {
	tests := []struct{ name, old, now, want string }{
		{"another event", "ua-profile", "check-sync", "489 Bad Event"},
		{"another method", "SUBSCRIBE", "MESSAGE", "405 Method Not Allowed"},
		{"no Contact", "Contact:", "X-Contact:", "400 Bad Request"},
		{"nothing", "", "", "200 OK"},
	}
	p := listenPnP(t, server.PnPOptions{})
	for _, test := range tests {
		answer := askSIP(t, p.Addr(), strings.ReplaceAll(subscribe, test.old, test.now))
		if first, _, _ := strings.Cut(answer, "\r\n"); test.old != "" && first != "SIP/2.0 "+test.want {
			t.Errorf("%s: answer %q, want %s", test.name, first, test.want)
		}
	}
}

// A phone that the server has no URL for, and what is no PnP in the group, are left to
// other responders: no answer, but a line in the history.
func TestPnPSilence(t *testing.T) {
	okStart := strings.Replace(subscribe, "SUBSCRIBE sip:MAC%3a0021f2000002@192.0.2.9 SIP/2.0", "SIP/2.0 200 OK", 1)
	toGroup := strings.Replace(subscribe, "@192.0.2.9 SIP", "@224.0.1.75 SIP", 1)
	tests := []struct{ name, text, detail string }{
		{"no URL", subscribe, "no URL for this phone"},
		{"no MAC", strings.ReplaceAll(subscribe, "MAC%3a", "x"), "no MAC in To or From"},
		{"another event in the group", strings.Replace(toGroup, "ua-profile", "presence", 1), "another event than ua-profile"},
		{"another method in the group", strings.ReplaceAll(toGroup, "SUBSCRIBE", "OPTIONS"), "no SUBSCRIBE"},
		{"garbage", "\x00\xffgarbage", "not SIP: EOF on reading line"},
		{"no Via", strings.Replace(subscribe, "Via:", "X-Via:", 1), "not SIP/2.0, or no Via, From, To, Call-ID or CSeq"},
		{"a foreign answer", okStart, "an answer to no NOTIFY that waits for one"},
		{"too long", subscribe + strings.Repeat("x", 5000), "more than 4096 bytes"},
	}
	seen := make(chan server.PnPMessage)
	p := listenPnP(t, server.PnPOptions{
		URL:       func(device.MAC) string { return "" },
		OnMessage: func(m server.PnPMessage) { seen <- m },
	})
	conn, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(p.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, test := range tests {
		text := strings.NewReplacer("{local}", conn.LocalAddr().String(), "\n", "\r\n").Replace(test.text)
		if _, err := conn.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if m := <-seen; m.Detail != test.detail {
			t.Errorf("%s: detail %q, want %q", test.name, m.Detail, test.detail)
		}
	}
	if got := len(p.History()); got != len(tests) {
		t.Errorf("history of %d messages, want %d", got, len(tests))
	}
}

// A NOTIFY is resent on RFC 3261's timers until the phone answers it, or for 32 s.
func TestPnPNotifyResends(t *testing.T) {
	tests := []struct {
		name    string
		answers int // after so many sendings the phone answers
		want    []time.Duration
	}{
		{"answered at once", 1, ms(0)},
		{"answered late", 4, ms(0, 500, 1500, 3500)},
		{"never answered", 99, ms(0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []time.Duration
				start := time.Now()
				memory := new(wire.Memory)
				p := listenPnP(t, server.PnPOptions{Listen: ":5060", Network: memory, Delay: time.Second})
				phone := netip.MustParseAddrPort("192.0.2.50:40000")
				memory.HandleUDP(phone, func(d wire.Datagram, send func(wire.Datagram)) {
					first, rest, _ := strings.Cut(string(d.Payload), "\r\n")
					if !strings.HasPrefix(first, "NOTIFY ") {
						return
					}
					sent = append(sent, time.Since(start)-time.Second)
					if len(sent) == test.answers {
						head, _, _ := strings.Cut(rest, "Max-Forwards")
						answer := "SIP/2.0 200 OK\r\n" + head + "Content-Length: 0\r\n\r\n"
						send(wire.Datagram{From: phone, To: p.Addr(), Payload: []byte(answer)})
					}
				})
				text := strings.NewReplacer("{local}", phone.String(), "\n", "\r\n").Replace(subscribe)
				inject(t, memory, wire.Datagram{From: phone, To: p.Addr(), Payload: []byte(text)})
				time.Sleep(time.Minute) // of the bubble
				synctest.Wait()
				if diff := cmp.Diff(test.want, sent); diff != "" {
					t.Errorf("NOTIFYs left at (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// inject puts a datagram of a scripted host into the network.
func inject(t *testing.T, m *wire.Memory, d wire.Datagram) {
	t.Helper()
	relay := netip.MustParseAddrPort("192.0.2.99:9")
	m.HandleUDP(relay, func(_ wire.Datagram, send func(wire.Datagram)) { send(d) })
	conn, err := m.ListenPacket(t.Context(), "udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.WriteTo(nil, net.UDPAddrFromAddrPort(relay)); err != nil {
		t.Fatal(err)
	}
}

func ms(n ...int) []time.Duration {
	list := make([]time.Duration, len(n))
	for i, v := range n {
		list[i] = time.Duration(v) * time.Millisecond
	}
	return list
}

func TestListenPnPErrors(t *testing.T) {
	tests := []struct {
		name string
		o    server.PnPOptions
		want string
	}{
		{"oddity", server.PnPOptions{Oddities: []server.PnPOddity{"odd"}}, `no oddity of PnP is called "odd"; there are: [other-port `},
		{"interface", server.PnPOptions{Interface: "nosuch0"}, "serve pnp: interface nosuch0: "},
		{"address", server.PnPOptions{Listen: "nowhere"}, "serve pnp: listen nowhere: "},
	}
	for _, test := range tests {
		_, err := server.ListenPnP(t.Context(), test.o)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}
