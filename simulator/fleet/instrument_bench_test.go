package fleet

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// The instrument on real sockets, against a server in a process of its own whose delays are programmed.
// Nothing is asserted: it prints truth, reading and deviation (docs/performance.md).

// witnessJob is the variable that makes this test binary such a server.
const witnessJob = "FIPSIM_FLEET_WITNESS"

// witness is what the server does with the phones' own cfg files.
type witness struct {
	Delays  bool          // each after its phone's own delay, see programmed
	Service time.Duration // one after the other, so long each
	From    time.Duration // counted from the first request: nothing is answered from then on
	For     time.Duration // for so long
}

// programmed is a phone's own delay: exponential, 60 ms on average.
func programmed(mac device.MAC) time.Duration {
	return time.Duration(-60 * math.Log(1-fraction(9, int(mac[3])<<16|int(mac[4])<<8|int(mac[5]))) * float64(time.Millisecond))
}

// stood is when a witness stood still, as it tells.
type stood struct{ From, Until time.Time }

// witnessed is a whole process of a witness.
func witnessed(job string) error {
	var w witness
	if err := json.Unmarshal([]byte(job), &w); err != nil {
		return err
	}
	return w.serve()
}

// serve answers requests of small files until standard input ends.
func (w witness) serve() error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	_ = conn.SetReadBuffer(4 << 20) // smaller where the system allows no more
	fmt.Println(conn.LocalAddr())
	go func() { _, _ = os.Stdin.Read(make([]byte, 1)); conn.Close() }()
	in, first, free := make([]byte, 1500), time.Time{}, time.Time{}
	told := false
	for {
		n, from, err := conn.ReadFromUDPAddrPort(in)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if n < 3 || in[1] != 1 {
			continue
		}
		now := time.Now()
		if first.IsZero() {
			first = now
		}
		name, _, _ := bytes.Cut(in[2:n], []byte{0})
		reply := answerOf(string(name))
		at := now
		if mac, err := device.ParseMAC(string(bytes.TrimSuffix(name, []byte(".cfg")))); err == nil && mac != (device.MAC{}) {
			switch {
			case w.Delays:
				at = now.Add(programmed(mac))
			case w.Service > 0:
				if free.Before(now) {
					free = now
				}
				free = free.Add(w.Service)
				at = free
			}
		}
		if begin, end := first.Add(w.From), first.Add(w.From+w.For); w.For > 0 && !now.Before(begin) && now.Before(end) {
			if !told {
				told = true
				_ = json.NewEncoder(os.Stdout).Encode(stood{begin, end})
			}
			at = end
		}
		send(conn, reply, from, time.Until(at))
	}
}

func send(conn *net.UDPConn, reply []byte, to netip.AddrPort, wait time.Duration) {
	if wait <= 0 {
		_, _ = conn.WriteToUDPAddrPort(reply, to)
		return
	}
	time.AfterFunc(wait, func() { _, _ = conn.WriteToUDPAddrPort(reply, to) })
}

// answerOf is the whole answer to a request: one block, or that there is none.
func answerOf(name string) []byte {
	switch {
	case name == device.CommonBoot:
		return tftp.AppendData(nil, 1, []byte("#!version:1.0.0.1\ninclude:config \"y000000000000.cfg\"\ninclude:config \"$(MA).cfg\"\n"))
	case name == device.CommonCfg:
		return tftp.AppendData(nil, 1, []byte("#!version:1.0.0.1\nlang.gui=English\n"))
	case len(name) == len("0221f2000000.cfg"):
		return tftp.AppendData(nil, 1, []byte("#!version:1.0.0.1\naccount.1.label="+name+"\n"))
	}
	return tftp.AppendError(nil, 1, "File not found")
}

// start runs the witness in a process of its own until the benchmark ends, and returns its URL and what it
// told until then.
func (w witness) start(b *testing.B) (url string, told func() stood) {
	b.Helper()
	job, err := json.Marshal(w)
	if err != nil {
		b.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), exe)
	cmd.Env = append(os.Environ(), witnessJob+"="+string(job))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	url = "tftp://" + lines.Text() + "/"
	var mu sync.Mutex
	var s stood
	var done sync.WaitGroup
	done.Go(func() {
		for lines.Scan() {
			mu.Lock()
			_ = json.Unmarshal(lines.Bytes(), &s)
			mu.Unlock()
		}
	})
	b.Cleanup(func() { stdin.Close(); done.Wait(); _ = cmd.Wait() })
	return url, func() stood { mu.Lock(); defer mu.Unlock(); return s }
}

// row prints truth, reading and deviation.
func row(b *testing.B, what string, truth, reading time.Duration) {
	b.Helper()
	off := reading - truth
	b.Logf("%-24s truth %-10s reading %-10s off by %s, %.2f%%", what, round(truth), round(reading), off.Round(time.Microsecond), 100*float64(off)/float64(truth))
}

func poisson(b *testing.B, url string, rate float64, over time.Duration) *Report {
	b.Helper()
	specs, err := Count(int(rate*over.Seconds()), DefaultFirst)
	if err != nil {
		b.Fatal(err)
	}
	r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, Stages: []Stage{{Arrival: "poisson", Over: over}}})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%.0f a second over %s: %d of %d provisioned; %v", rate, over, r.Provisioned, r.Phones, r.Invalid)
	return r
}

// passes are all whole passes of a report.
func passes(r *Report) []*Latency {
	var all []*Latency
	for i := range r.Latencies {
		if r.Latencies[i].Stage == StagePass {
			all = append(all, &r.Latencies[i])
		}
	}
	return all
}

// BenchmarkInstrument prints what was measured beside what was so.
func BenchmarkInstrument(b *testing.B) {
	ceiling := 0.0
	b.Run("ceiling", func(b *testing.B) {
		url, _ := witness{}.start(b)
		specs, _ := Count(5000, DefaultFirst)
		for b.Loop() {
			r, err := Run(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1, InFlight: 64})
			if err != nil {
				b.Fatal(err)
			}
			ceiling = r.Rate
		}
		b.ReportMetric(ceiling, "passes/s")
	})
	b.Run("delays", func(b *testing.B) {
		url, _ := witness{Delays: true}.start(b)
		for b.Loop() {
			r := poisson(b, url, 0.8*ceiling, 10*time.Second)
			var truth []time.Duration
			for i := range r.Phones {
				truth = append(truth, programmed(DefaultFirst.Add(i)))
			}
			for _, percent := range []float64{50, 99} {
				row(b, fmt.Sprintf("p%.0f at 80%% of ceiling", percent), exact(truth, percent), QuantileOf(passes(r), percent))
			}
		}
	})
	b.Run("stall", func(b *testing.B) {
		const over = 30 * time.Second
		url, told := witness{From: 10 * time.Second, For: 5 * time.Second}.start(b)
		for b.Loop() {
			r := poisson(b, url, 0.2*ceiling, over)
			s, arrivals := told(), NewPoisson(int(r.Phones), over, 1)
			var truth []time.Duration
			for i := range int(r.Phones) {
				at, _ := arrivals.Start(i, 0)
				wait := time.Microsecond
				if meant := r.Began.Add(at); meant.After(s.From) && meant.Before(s.Until) {
					wait = s.Until.Sub(meant)
				}
				truth = append(truth, wait)
			}
			row(b, "p99.9 with a stall of 5s", exact(truth, 99.9), QuantileOf(passes(r), 99.9))
		}
	})
	b.Run("find", func(b *testing.B) {
		const limit = 100.0
		url, _ := witness{Service: time.Duration(float64(time.Second) / limit)}.start(b)
		specs, _ := Count(4000, DefaultFirst)
		threshold, err := ParseThreshold("p99(pass)<1s")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			f, err := Find(b.Context(), Options{Phones: specs, Servers: []string{url}, Seed: 1}, threshold, 10*time.Second)
			if err != nil {
				b.Fatal(err)
			}
			b.Logf("%-24s truth %.0f/s     reading %.1f/s    off by %.1f%% %s", "--find", limit, f.Rate, 100*(f.Rate/limit-1), f.Ours)
		}
	})
}
