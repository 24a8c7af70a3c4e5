package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// sought is many phones that look for their server and do nothing else, in a child in the phones' namespace.
type sought struct {
	PnP    string // the responder
	Relay  string // else: the DHCP server
	Phones int
	AtOnce int
}

// searched is what came of it.
type searched struct {
	Took   time.Duration
	Found  int64
	Resent int64 // requests that were sent again after silence
}

// childSearch is the variable that tells a child which search.
const childSearch = "FIPSIM_FLEET_SEARCH"

// Record counts what was sent again.
func (s *searched) Record(e trace.Event) {
	switch e.Kind {
	case trace.PnPSubscribe, trace.DHCPDiscover, trace.DHCPRequest:
		if e.Attempt > 1 {
			atomic.AddInt64(&s.Resent, 1)
		}
	}
}

// runSearch is the child's side.
func runSearch(text string) error {
	var s sought
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	out := new(searched)
	finder, done, err := s.finder(out)
	if err != nil {
		return err
	}
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range s.AtOnce {
		all.Go(func() {
			for i := next.Add(1); i <= int64(s.Phones); i = next.Add(1) {
				if _, err := finder.Find(context.Background(), device.Identity{MAC: DefaultFirst.Add(uint64(i))}); err == nil {
					atomic.AddInt64(&out.Found, 1)
				}
			}
		})
	}
	all.Wait()
	out.Took = time.Since(began)
	if err := done(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// finder is what all phones share.
func (s *sought) finder(events trace.Sink) (discover.Finder, func() error, error) {
	b := device.Behaviour{PnPLinger: 1, PnPWait: 30 * time.Second}.WithDefaults()
	if s.PnP != "" {
		socket, err := discover.ListenSIP(context.Background(), discover.SIPSocketOptions{})
		if err != nil {
			return nil, nil, err
		}
		return discover.PnP{Address: s.PnP, Behaviour: b, Trace: events, Socket: socket}, socket.Close, nil
	}
	relay, err := discover.ListenRelay(context.Background(), discover.RelayOptions{Server: s.Relay})
	if err != nil {
		return nil, nil, err
	}
	return discover.DHCP{Transport: relay, Behaviour: b, Trace: events}, relay.Close, nil
}

// run starts the child.
func (s sought) run(b *testing.B, tb *testbed.Testbed) (searched, rate) {
	b.Helper()
	job, err := json.Marshal(s)
	if err != nil {
		b.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := tb.Phone.Command(b.Context(), exe)
	cmd.Env = append(os.Environ(), childSearch+"="+string(job))
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	var out searched
	if err := json.Unmarshal(text, &out); err != nil {
		b.Fatalf("%v: %s", err, text)
	}
	if out.Found != int64(s.Phones) {
		b.Errorf("%d of %d phones found their server", out.Found, s.Phones)
	}
	return out, rate{float64(out.Found) / out.Took.Seconds(), cpuOf(cmd, s.Phones)}
}

// cpuOf is what a program used, in microseconds for each of n.
func cpuOf(cmd *exec.Cmd, n int) float64 {
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return float64(used.Nanoseconds()) / 1e3 / float64(n)
}

// BenchmarkPnP: searches by PnP, from SUBSCRIBE to the 200 that answers the NOTIFY, beside SIPp's, both against a
// responder without state. What the responder itself uses is told: on few processors it takes from both.
func BenchmarkPnP(b *testing.B) {
	for _, atOnce := range []int{200, 1000} {
		b.Run(fmt.Sprint(atOnce, "-at-once"), func(b *testing.B) { besideSIPp(b, 40_000, atOnce) })
	}
}

// besideSIPp searches n times, so many at once.
func besideSIPp(b *testing.B, n, atOnce int) {
	tb := testbed.New(b, testbed.SIPpNeeds)
	conn, err := tb.Server.Network().ListenPacket(b.Context(), "udp4", net.JoinHostPort(tb.Server.Addr.String(), "5060"))
	if err != nil {
		b.Fatal(err)
	}
	if big, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
		_ = big.SetReadBuffer(4 << 20)
	}
	var done sync.WaitGroup
	done.Go(func() { stateless(conn, "tftp://10.66.0.1/") })
	defer func() { conn.Close(); done.Wait() }()
	for b.Loop() {
		var f figures
		var responder []float64
		for i := range rounds + 1 {
			peer := sippSearch(b, tb, n, atOnce)
			before := cpuTime()
			_, ours := sought{PnP: tb.Server.Addr.String(), Phones: n, AtOnce: atOnce}.run(b, tb)
			if i > 0 { // the first warms up
				f.Ours, f.Peer = append(f.Ours, ours), append(f.Peer, peer)
				responder = append(responder, float64((cpuTime()-before).Nanoseconds())/1e3/float64(n))
			}
		}
		f.report(b)
		b.Logf("a search, µs of CPU: ours %s, SIPp's %s, the responder's beside ours %s", spread(each(f.Ours, cpuPass), 1),
			spread(each(f.Peer, cpuPass), 1), spread(responder, 1))
	}
}

func cpuPass(r rate) float64 { return r.CPU }

// stateless answers every SUBSCRIBE with 200 and NOTIFY until conn is closed.
func stateless(conn net.PacketConn, url string) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(buf[:n], []byte("SUBSCRIBE ")) {
			continue
		}
		header := func(name string) []byte {
			_, rest, _ := bytes.Cut(buf[:n], []byte("\r\n"+name+": "))
			value, _, _ := bytes.Cut(rest, []byte("\r\n"))
			return value
		}
		at, contact := conn.LocalAddr(), bytes.Trim(header("Contact"), "<>")
		for _, text := range []string{
			fmt.Sprintf("SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=s\r\nCall-ID: %s\r\nCSeq: 1 SUBSCRIBE\r\nContact: <sip:%s>\r\n"+
				"Expires: 0\r\nContent-Length: 0\r\n\r\n", header("Via"), header("From"), header("To"), header("Call-ID"), at),
			fmt.Sprintf("NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: %s;tag=s\r\nTo: %s\r\nCall-ID: %s\r\n"+
				"CSeq: 1 NOTIFY\r\nContact: <sip:%s>\r\nEvent: ua-profile\r\nSubscription-State: terminated\r\nContent-Type: application/url\r\n"+
				"Content-Length: %d\r\n\r\n%s", contact, at, header("Call-ID"), header("To"), header("From"), header("Call-ID"), at, len(url), url),
		} {
			_, _ = conn.WriteTo([]byte(text), from) // who misses it asks again
		}
	}
}

// sippSearch is the same by SIPp.
func sippSearch(b *testing.B, tb *testbed.Testbed, n, atOnce int) rate {
	scenario, err := filepath.Abs("testdata/pnp.xml")
	if err != nil {
		b.Fatal(err)
	}
	cmd := tb.Phone.Command(b.Context(), "sipp", net.JoinHostPort(tb.Server.Addr.String(), "5060"), "-sf", scenario,
		"-i", tb.Phone.Addr.String(), "-m", fmt.Sprint(n), "-r", "100000", "-l", fmt.Sprint(atOnce), "-nostdin", "-buff_size", "4194304")
	cmd.Dir = b.TempDir()
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("sipp: %v\n%s", err, out[max(0, len(out)-1500):])
	}
	return rate{float64(n) / time.Since(began).Seconds(), cpuOf(cmd, n)}
}

// BenchmarkDHCP: exchanges of four messages a second against kea, beside perfdhcp's highest rate, both as a relay
// agent and with less than one message in a hundred lost.
func BenchmarkDHCP(b *testing.B) {
	const n, atOnce = 40_000, 64
	tb := testbed.New(b, append(testbed.Needs{"perfdhcp"}, testbed.Kea.Needs...))
	at := tb.StartDHCP(testbed.Kea, testbed.DHCPOptions{Option66: "tftp://10.66.0.1/", Many: true})
	for b.Loop() {
		var f figures
		for i := range 3 {
			peer := perfdhcp(b, tb, at)
			out, ours := sought{Relay: at.String(), Phones: n, AtOnce: atOnce}.run(b, tb)
			if lost := float64(out.Resent) / (2 * n); lost >= 0.01 {
				b.Logf("ours does not count: %.1f%% were sent again", 100*lost)
				continue
			}
			if b.Logf("round %d: ours %.0f/s, %.0f µs; perfdhcp %.0f/s, %.0f µs", i, ours.PerSecond, ours.CPU, peer.PerSecond, peer.CPU); peer.PerSecond > 0 {
				f.Ours, f.Peer = append(f.Ours, ours), append(f.Peer, peer)
			}
		}
		if len(f.Ours) == 0 {
			b.Skip("no round in which both lost less than one in a hundred: this machine is too busy")
		}
		f.report(b)
	}
}

var dropsRatio = regexp.MustCompile(`drops ratio: ([0-9.]+) ?%`)
var exchanges = regexp.MustCompile(`Rate: ([0-9.]+) 4-way exchanges/second`)
var received = regexp.MustCompile(`received packets: ([0-9]+)`)

// perfdhcp returns the highest rate at which less than one message in a hundred was lost.
func perfdhcp(b *testing.B, tb *testbed.Testbed, at netip.Addr) (best rate) {
	for offered, step := 2000.0, 2000.0; step >= 250; {
		cmd := tb.Phone.Command(b.Context(), "perfdhcp", "-4", "-r", fmt.Sprintf("%.0f", offered), "-R", "40000", "-p", "2",
			"-l", tb.Phone.Addr.String(), at.String())
		cmd.Dir = b.TempDir()
		out, _ := cmd.CombinedOutput() // 3 stands for drops
		got, done := exchanges.FindSubmatch(out), received.FindAllSubmatch(out, -1)
		drops := dropsRatio.FindAllSubmatch(out, -1)
		if got == nil || len(drops) < 2 || len(done) < 2 {
			b.Fatalf("perfdhcp:\n%s", out)
		}
		a, _ := strconv.ParseFloat(string(got[1]), 64)
		one, _ := strconv.ParseFloat(string(drops[0][1]), 64)
		two, _ := strconv.ParseFloat(string(drops[1][1]), 64)
		acks, _ := strconv.Atoi(string(done[1][1]))
		if one < 1 && two < 1 && a > 0.9*offered {
			best = rate{a, cpuOf(cmd, max(acks, 1))}
			offered += step
			continue
		}
		offered -= step / 2
		step /= 2
	}
	return best
}
