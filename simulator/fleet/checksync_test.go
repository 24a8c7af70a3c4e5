package fleet

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/wire"
)

// pbx sends NOTIFYs to the phones' SIP socket, and counts the answers by their status.
type pbx struct {
	t    *testing.T
	conn net.PacketConn
	to   net.Addr

	mu      sync.Mutex
	sent    int
	answers map[string]int
}

func newPBX(t *testing.T, n wire.Network, to string) *pbx {
	t.Helper()
	conn, err := n.ListenPacket(t.Context(), "udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &pbx{t: t, conn: conn, to: net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)), answers: make(map[string]int)}
}

// notify asks one user, and waits for the answer.
func (p *pbx) notify(user, event string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent++
	message := fmt.Sprintf("NOTIFY sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:pbx@h>;tag=1\r\n"+
		"To: <sip:%[1]s@h>\r\nCall-ID: %[4]d@h\r\nCSeq: 1 NOTIFY\r\nEvent: %[5]s\r\nSubscription-State: active\r\nContent-Length: 0\r\n\r\n",
		user, p.to, p.conn.LocalAddr(), p.sent, event)
	if _, err := p.conn.WriteTo([]byte(message), p.to); err != nil {
		p.t.Error(err)
	}
	_ = p.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	buf := make([]byte, 2048)
	n, _, err := p.conn.ReadFrom(buf)
	if err != nil {
		p.answers["silence"]++
		return
	}
	status, _, _ := strings.Cut(string(buf[:n]), "\r\n")
	p.answers[strings.TrimPrefix(status, "SIP/2.0 ")]++
}

// said returns how often each status came.
func (p *pbx) said() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.answers)
}

// onDisk writes the tree for these phones and returns the URL of its folder.
func onDisk(t *testing.T, specs []Spec) string {
	t.Helper()
	dir := t.TempDir()
	for name, f := range tree(specs) {
		if err := os.WriteFile(filepath.Join(dir, name), f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return (&url.URL{Scheme: "file", Path: dir + "/"}).String()
}

// Five minutes in the life of a fleet: power-on, then an interval, and in its midst a server that asks all to
// provision, every other one with a reboot. Who reboots misses its interval while it is down.
func TestLife(t *testing.T) {
	const n = 400 / scale
	specs := phones(t, n)
	server := onDisk(t, specs)
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		life := Stage{Arrival: "interval", Every: time.Minute, Over: 5 * time.Minute}
		p := newPBX(t, m, "192.0.2.1:5060")
		time.AfterFunc(10*time.Second+2*time.Minute+500*time.Millisecond, func() {
			for i := range specs {
				user, event := "MAC"+specs[i].MAC.String(), "check-sync"
				if i%2 == 1 {
					user, event = strings.ToUpper(specs[i].MAC.String()), "check-sync;reboot=true"
				}
				p.notify(user, event)
			}
		})
		r, err := Run(t.Context(), Options{
			Phones: specs, Servers: []string{server}, Network: m, SIP: "192.0.2.1:5060", Expect: expect(t, expectTree), Seed: 7,
			Stages: []Stage{{Arrival: "storm", Over: 10 * time.Second}, life},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"200 OK": n}, p.said()); diff != "" {
			t.Error("answers (-want +got):\n", diff)
		}
		if c := r.SIP; c.CheckSync != n || c.Reboots != n/2 || c.Unknown+c.Dropped+c.Again != 0 {
			t.Errorf("%+v", c)
		}
		// The storm ends with its last start, and the interval begins then.
		if r.Failed+r.Wrong != 0 || r.Provisioned != n || r.Meant != r.Passes+r.Shed || r.Shed == 0 || r.Shed > n/2 {
			t.Errorf("%d meant, %d passes, %d shed, %d failed, %d wrong", r.Meant, r.Passes, r.Shed, r.Failed, r.Wrong)
		}
		if want := uint64(n + 5*n + n); r.Meant != want {
			t.Errorf("%d starts were meant, want %d", r.Meant, want)
		}
		if r.Took > 6*time.Minute {
			t.Errorf("it took %s", r.Took)
		}
	})
}

// slow is a web server in memory that takes its time for each answer, and has one file.
func slow(m *wire.Memory, at netip.AddrPort, wait time.Duration) {
	m.HandleTCP(at, func(conn net.Conn) {
		defer conn.Close()
		for r := bufio.NewReader(conn); ; {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			time.Sleep(wait)
			status, body := "404 Not Found", ""
			if strings.HasSuffix(req.URL.Path, device.CommonCfg) {
				status, body = "200 OK", "lang.gui=French\n"
			}
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
		}
	})
}

// What comes during a pass is kept and served once; a reboot among it serves all. The latency of a pass
// counts from its NOTIFY.
func TestCheckSyncDuringPass(t *testing.T) {
	for name, c := range map[string]struct {
		events       []string // a second apart, the first before the pass
		passes       uint64
		took         time.Duration // of the stage
		longest      time.Duration // from the NOTIFY to the end of its pass
		kept, reboot uint64
	}{
		"one":                {[]string{"check-sync"}, 1, 9 * time.Second, 8 * time.Second, 0, 0},
		"several":            {[]string{"check-sync", "check-sync", "check-sync"}, 2, 17 * time.Second, 15 * time.Second, 2, 0},
		"a reboot among all": {[]string{"check-sync", "check-sync;reboot=true", "check-sync"}, 2, 0, 8 * time.Second, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(wire.Memory)
				at := netip.MustParseAddrPort("192.0.2.80:80")
				slow(m, at, 2*time.Second) // four files
				specs := phones(t, 1)
				p := newPBX(t, m, "192.0.2.1:5060")
				for i, event := range c.events {
					time.AfterFunc(time.Duration(i+1)*time.Second, func() { p.notify(specs[0].MAC.String(), event) })
				}
				r, err := Run(t.Context(), Options{
					Phones: specs, Servers: []string{"http://192.0.2.80/"}, Network: m, SIP: ":5060",
					Stages: []Stage{{Arrival: "checksync", Over: time.Minute}},
				})
				if err != nil {
					t.Fatal(err)
				}
				if r.Passes != c.passes || r.Failed != 0 || r.SIP.CheckSync != uint64(len(c.events)) || r.SIP.Kept != c.kept || r.SIP.Reboots != c.reboot {
					t.Errorf("%d passes, %d failed, %+v", r.Passes, r.Failed, r.SIP)
				}
				if c.took > 0 && r.Took != c.took {
					t.Errorf("it took %s, want %s: a checksync ends when all were asked and served", r.Took, c.took)
				}
				for _, l := range r.Latencies {
					if l.Stage == StagePass && l.Max.Round(100*time.Millisecond) > c.longest {
						t.Errorf("a pass took %s, want %s", l.Max, c.longest)
					}
				}
			})
		})
	}
}

// Nobody's name is refused; a phone without power says nothing; an account's user is the phone that has it.
func TestCheckSyncNames(t *testing.T) {
	specs := phones(t, 3)
	dir := t.TempDir()
	for i, body := range []string{
		"account.1.enable=1\naccount.1.user_name=alice\naccount.1.sip_server_host=h\nsip.notify_reboot_enable=2\n",
		"account.2.enable=1\naccount.2.user_name=bob\naccount.2.sip_server_host=h\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, specs[i].MAC.CfgName()), []byte("#!version:1.0.0.1\n"+body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		p := newPBX(t, m, "192.0.2.1:5060")
		time.AfterFunc(30*time.Second, func() {
			for _, user := range []string{"alice", "bob", "mallory", "MAC" + specs[1].MAC.String(), specs[2].MAC.String(), "0021f2ffffff"} {
				p.notify(user, "check-sync")
			}
		})
		r, err := Run(t.Context(), Options{
			Phones: specs, Servers: []string{(&url.URL{Scheme: "file", Path: dir + "/"}).String()}, Network: m, SIP: ":5060",
			Stages: []Stage{{Phones: 2}, {Arrival: "checksync", Phones: 2, Over: time.Minute}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"200 OK": 3, "404 Not Found": 2, "silence": 1}, p.said()); diff != "" {
			t.Error("answers (-want +got):\n", diff)
		}
		// alice does not react, bob is asked twice.
		if c := r.SIP; c.CheckSync != 2 || c.Unknown != 2 || c.Requests != 5 || r.Passes < 3 || r.Passes > 4 || r.Took != time.Minute {
			t.Errorf("%+v, %d passes in %s", c, r.Passes, r.Took)
		}
	})
}

// The sender of fipsim notify reaches each phone behind the one socket, and answers its challenge.
func TestNotifySender(t *testing.T) {
	specs := phones(t, 2)
	dir := t.TempDir()
	body := "#!version:1.0.0.1\naccount.1.enable=1\naccount.1.user_name=alice\naccount.1.password=geheim\naccount.1.sip_server_host=pbx.example\n"
	if err := os.WriteFile(filepath.Join(dir, specs[1].MAC.CfgName()), []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := prepare(t.Context(), Options{
		Phones: specs, Servers: []string{(&url.URL{Scheme: "file", Path: dir + "/"}).String()}, SIP: "127.0.0.1:0",
		Stages:    []Stage{{Arrival: "checksync", Over: time.Minute}},
		Behaviour: device.Behaviour{NotifyAuth: "digest"},
	}, thisMachine())
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := r.parser.ParseCfg(specs[1].MAC.CfgName(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	settings := new(config.Settings)
	settings.Merge(cfg)
	if err := r.members[1].Store(phone.State{Settings: settings}); err != nil {
		t.Fatal(err)
	}
	sip := r.sockets.sip[0].Local()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan *Report)
	go func() {
		report, _ := r.whole(ctx) // the error is that of closing sockets
		ended <- report
	}()
	for _, c := range []struct {
		to   string
		code int
	}{
		{"sip:mallory@" + sip.String(), 404},
		{"sip:MAC" + specs[1].MAC.String() + "@" + sip.String(), 401}, // without a password
		{"sip:alice:geheim@" + sip.String(), 404},                     // nobody's yet: it never had a pass
	} {
		to, err := server.ParseCheckSyncTarget(c.to)
		if err != nil {
			t.Fatal(err)
		}
		// The phone has power from the first stage's beginning on; until then it says nothing.
		answer, err := server.CheckSync{To: to}.Send(t.Context())
		if err != nil || answer.Code != c.code {
			t.Errorf("%s: %d, %v, want %d", c.to, answer.Code, err, c.code)
		}
	}
	cancel()
	if report := <-ended; report.SIP.Requests < 3 || report.SIP.CheckSync != 0 || report.Passes != 0 {
		t.Errorf("%+v, %d passes", report.SIP, report.Passes)
	}
}
