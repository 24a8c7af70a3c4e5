package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/wire"
)

// sockets of a network that are open now, and the most that were.
type socketCount struct {
	wire.OS
	open, most atomic.Int64
}

func (c *socketCount) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	conn, err := c.OS.ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	for now, most := c.open.Add(1), c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	return &counted{conn, &c.open}, nil
}

type counted struct {
	net.PacketConn
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.PacketConn.Close()
}

// barrier is a PnP responder that answers when so many phones have asked.
type barrier struct {
	conn net.PacketConn
	want int
	url  string
	full func() // called once all have asked, before any is answered
}

func (b *barrier) serve() {
	asked := make(map[string]func())
	buf := make([]byte, 64<<10)
	for {
		n, from, err := b.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		m, err := discover.ReadSIP(append([]byte(nil), buf[:n]...))
		if err != nil || m.Method != "SUBSCRIBE" {
			continue
		}
		answer := func() { _, _ = b.conn.WriteTo([]byte(b.notify(m)), from) } // who misses it asks again
		if len(asked) < b.want {
			if asked[m.URI] = answer; len(asked) < b.want {
				continue
			}
			b.full()
			for _, all := range asked {
				all()
			}
		}
		answer()
	}
}

// notify is all that the responder says: without a 200 to the SUBSCRIBE, a phone that missed the NOTIFY
// subscribes again.
func (b *barrier) notify(m *discover.SIPMessage) string {
	at := b.conn.LocalAddr().String()
	return fmt.Sprintf("NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: %s;tag=s\r\nTo: %s\r\nCall-ID: %s\r\n"+
		"CSeq: 1 NOTIFY\r\nContact: <sip:h>\r\nEvent: ua-profile\r\nSubscription-State: terminated\r\n"+
		"Content-Type: application/url\r\nContent-Length: %d\r\n\r\n%s",
		strings.Trim(m.Header("contact"), "<>"), at, m.Header("call-id"), m.Header("to"), m.Header("from"), m.Header("call-id"), len(b.url), b.url)
}

// Thousands of phones search at once with one socket, on a machine that allows far fewer; fetching, they
// take turns.
func TestThousandsDiscoverAtOnce(t *testing.T) {
	const n = 2000 / scale
	specs := phones(t, n)
	files := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	network := new(socketCount)
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.UDPConn).SetReadBuffer(8 << 20)
	searching := int64(0)
	b := &barrier{conn: conn, want: n, url: files.URL("tftp").String(), full: func() { searching = network.open.Load() }}
	var done sync.WaitGroup
	done.Go(b.serve)
	defer func() { conn.Close(); done.Wait() }()

	small := machine{files: 300, ports: 28_232, low: 32768}
	r, err := runOn(t.Context(), Options{
		Phones: specs, PnP: conn.LocalAddr().String(), Network: network, Stages: []Stage{{Discovery: Mix{"pnp": 1}}},
		Expect: expect(t, expectTree), InFlight: n, Seed: 1,
		Behaviour: device.Behaviour{PnPWait: 5 * time.Minute, PnPLinger: time.Millisecond, TFTPSends: 20},
	}, small)
	if err != nil {
		t.Fatal(err)
	}
	if r.Provisioned != n || r.Passes != n || r.Wrong != 0 || r.SIP == nil {
		t.Errorf("%d of %d were provisioned: %v", r.Provisioned, n, r.Errors)
	}
	if most := int64(small.sockets(1)) + 1; searching != 1 || network.most.Load() > most {
		t.Errorf("%d sockets while all were searching, want 1; at most %d later, want %d", searching, network.most.Load(), most)
	}
	found := false
	for _, l := range r.Latencies {
		found = found || l.Stage == StageDiscovery && l.Protocol == "pnp" && l.Outcome == "found" && l.Count == n
	}
	if !found {
		t.Errorf("%d searches were not measured", n)
	}
}

// Each phone of a mix finds its server in its own way, from what all share.
func TestDiscoveryMix(t *testing.T) {
	const n = 120
	specs := phones(t, n)
	files := serve(t, server.Options{Tree: tree(specs), HTTP: "127.0.0.1:0"})
	url := func(device.MAC) string { return files.URL("http").String() }
	pnp, err := server.ListenPnP(t.Context(), server.PnPOptions{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer pnp.Close()
	dhcp, err := server.ListenDHCP(t.Context(), server.DHCPOptions{Option66: url})
	if err != nil {
		t.Fatal(err)
	}
	defer dhcp.Close()
	o := Options{
		Phones: specs, Servers: []string{url(device.MAC{})}, PnP: pnp.Addr().String(), DHCP: DHCP{Relay: dhcp.Addr().String()},
		Stages: []Stage{{Discovery: Mix{"static": 1, "pnp": 1, "dhcp": 1}}}, Expect: expect(t, expectTree), Seed: 1,
		Behaviour: device.Behaviour{PnPLinger: time.Millisecond, PnPWait: time.Minute},
	}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Provisioned != n {
		t.Errorf("%d of %d were provisioned: %v", r.Provisioned, n, r.Errors)
	}
	count := make(map[string]int64)
	for _, l := range r.Latencies {
		if l.Stage == StageDiscovery {
			count[l.Protocol+" "+l.Outcome] += l.Count
		}
	}
	if count["static found"]+count["pnp found"]+count["dhcp found"] != n || min(count["static found"], count["pnp found"], count["dhcp found"]) < n/6 {
		t.Errorf("%v", count)
	}
}

// A search in vain is measured too.
func TestDiscoveryInVain(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	r, err := Run(t.Context(), Options{
		Phones: phones(t, 3), PnP: silent.LocalAddr().String(), Stages: []Stage{{Discovery: Mix{"pnp": 1}}},
		Behaviour: device.Behaviour{PnPWait: 20 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Latencies; r.Failed != 3 || len(l) < 2 || l[1].Stage != StageDiscovery ||
		l[1].Outcome != "nothing" || l[1].Count != 3 || l[1].P50 < 20*time.Millisecond {
		t.Errorf("%v: %+v", r.Errors, r.Latencies)
	}
}

// What discovery lacks is told before anything is sent.
func TestDiscoveryOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"no server": {},
		"say how phones ask: through a relay (--dhcp-relay), or on an interface (--interface)": {Stages: []Stage{{Discovery: Mix{"dhcp": 1}}}},
		"exclude each other":               {Stages: []Stage{{Discovery: Mix{"dhcp": 1}}}, DHCP: DHCP{"h:1", "eth0"}},
		"no such interface":                {Stages: []Stage{{Discovery: Mix{"dhcp": 1}}}, DHCP: DHCP{Interface: "nosuch0"}},
		"is not a DHCP server's HOST:PORT": {Stages: []Stage{{Discovery: Mix{"dhcp": 1}}}, DHCP: DHCP{Relay: ":67"}},
		"SIP: listen at 203.0.113.77:5060": {Servers: []string{"h"}, SIP: "203.0.113.77:5060"},
		"need an end: say how long":        {Servers: []string{"h"}, SIP: "127.0.0.1:0", Stages: []Stage{{Arrival: "checksync"}}},
		"must not be negative":             {Servers: []string{"h"}, RandomDelay: -1},
	} {
		o.Phones = phones(t, 2)
		_, err := Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		var budget *BudgetError
		if strings.HasPrefix(want, "SIP:") && !errors.As(err, &budget) {
			t.Errorf("%v is no *BudgetError", err)
		}
	}
}

// Each phone tells a web server an address of its own, where that is asked for.
func TestForwarded(t *testing.T) {
	specs := phones(t, 300)
	var mu sync.Mutex
	seen := make(map[string]string)
	files := http.FileServerFS(tree(specs))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mac := strings.ToLower(r.UserAgent()[len(r.UserAgent())-17:])
		from := r.Header.Get("X-Forwarded-For")
		mu.Lock()
		if old := seen[mac]; old != "" && old != from {
			t.Errorf("%s is %s, then %s", mac, old, from)
		}
		seen[mac] = from
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	defer s.Close()
	network, err := ForwardedAddresses("10.9.0.0/16", len(specs))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), Options{Phones: specs, Servers: []string{s.URL}, Forwarded: network, InFlight: 20})
	if err != nil || r.Provisioned != 300 {
		t.Fatal(r, err)
	}
	for i, want := range map[int]string{0: "10.9.0.1", 254: "10.9.0.255", 255: "10.9.1.0", 299: "10.9.1.44"} {
		if got := seen[strings.ToLower(specs[i].MAC.Colons())]; got != want {
			t.Errorf("phone %d told %q, want %s", i, got, want)
		}
	}
	for text, want := range map[string]string{"10.0.0.0/24": "has 254 addresses for 300 phones", "ten": "is no network", "10.0.0.1": "is no network"} {
		if _, err := ForwardedAddresses(text, 300); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if p, err := ForwardedAddresses("2001:db8::/64", 1<<24); err != nil || p != netip.MustParsePrefix("2001:db8::/64") {
		t.Error(p, err)
	}
}
