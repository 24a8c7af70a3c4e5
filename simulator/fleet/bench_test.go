package fleet

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// responder is a TFTP server that does as little as can be: one socket, files of one block.
func responder(b testing.TB, files fstest.MapFS) netip.AddrPort {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	if err := conn.SetReadBuffer(4 << 20); err != nil {
		b.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		asked := make(map[netip.AddrPort]string)
		in, out := make([]byte, 1500), make([]byte, 0, 1500)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(in)
			if err != nil {
				return
			}
			switch {
			case n > 2 && in[1] == 1: // RRQ
				name, _, _ := strings.Cut(string(in[2:n]), "\x00")
				if body, ok := files[name]; !ok {
					out = append(out[:0], "\x00\x05\x00\x01File not found\x00"...)
				} else {
					out = append(out[:0], "\x00\x06tsize\x00"...)
					out = fmt.Appendf(out, "%d\x00blksize\x00512\x00", len(body.Data))
					asked[from] = name
				}
			case n == 4 && in[1] == 4 && in[3] == 0: // ACK of the OACK
				out = append(append(out[:0], 0, 3, 0, 1), files[asked[from]].Data...)
				delete(asked, from)
			default:
				continue
			}
			_, _ = conn.WriteToUDPAddrPort(out, from)
		}
	})
	b.Cleanup(func() { conn.Close(); done.Wait() })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// names are the files that a phone asks for in a pass from tree.
func names(mac device.MAC) []string {
	return []string{mac.BootName(), device.CommonBoot, device.CommonCfg, "site.cfg", mac.CfgName()}
}

// bare is a pass's packets and nothing else, each file from a fresh port.
func bare(server netip.AddrPort, mac device.MAC, buffer, out []byte) error {
	for _, name := range names(mac) {
		conn, err := net.ListenUDP("udp4", nil)
		if err != nil {
			return err
		}
		out = tftp.AppendRRQ(out[:0], name, tftp.Octet, tftp.Option{Name: "tsize", Value: "0"},
			tftp.Option{Name: "blksize", Value: "512"}, tftp.Option{Name: "timeout", Value: "3"})
		if _, err = conn.WriteToUDPAddrPort(out, server); err != nil {
			return err
		}
		for block := byte(0); err == nil; block++ {
			var n int
			if n, err = conn.Read(buffer); err != nil || n > 1 && buffer[1] == 5 {
				break
			}
			if _, err = conn.WriteToUDPAddrPort([]byte{0, 4, 0, block}, server); block == 1 {
				break
			}
		}
		conn.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// benchWorkers is how many passes are under way at once, on either side.
const benchWorkers = 32

// BenchmarkTFTPPasses: whole passes of five files against a responder in this process, and the same packets
// by a loop that does nothing else.
func BenchmarkTFTPPasses(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		specs, err := Count(b.N, DefaultFirst)
		if err != nil {
			b.Fatal(err)
		}
		at := responder(b, tree(specs))
		work := make(chan device.MAC)
		var all sync.WaitGroup
		b.ResetTimer()
		before := cpuTime()
		for range benchWorkers {
			all.Go(func() {
				buffer, out := make([]byte, 1500), make([]byte, 0, 600)
				for mac := range work {
					if err := bare(at, mac, buffer, out); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for _, s := range specs {
			work <- s.MAC
		}
		close(work)
		all.Wait()
		perPass(b, before)
	})
	b.Run("fleet", func(b *testing.B) {
		specs, err := Count(b.N, DefaultFirst)
		if err != nil {
			b.Fatal(err)
		}
		at := responder(b, tree(specs))
		o := Options{Phones: specs, Servers: []string{"tftp://" + at.String() + "/"}, InFlight: benchWorkers, Expect: expect(b, expectTree), Seed: 1}
		b.ResetTimer()
		before := cpuTime()
		r, err := Run(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		perPass(b, before)
		if r.Provisioned != uint64(b.N) {
			b.Errorf("%d of %d were provisioned", r.Provisioned, b.N)
		}
	})
}

// perPass reports what a pass took.
func perPass(b *testing.B, before interface{ Nanoseconds() int64 }) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "passes/s")
	b.ReportMetric(float64(cpuTime().Nanoseconds()-before.Nanoseconds())/1e3/float64(b.N), "CPU-µs/pass")
}

// realTree is the common cfg file and the MAC cfg file of a real phone, with a value for every setting; it
// skips where the tree is not there.
func realTree(tb testing.TB) (common, own string) {
	read := func(name string) string {
		body, err := os.ReadFile(filepath.Join("../../../shared/trees/fip14g", name))
		if err != nil {
			tb.Skip("the tree of a real phone is not there: ", err)
		}
		var out strings.Builder
		for i, line := range strings.Split(string(body), "\n") {
			if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") && strings.TrimSpace(value) == "" {
				line = fmt.Sprintf("%s=value %d", key, i)
			}
			out.WriteString(line + "\n")
		}
		return out.String()
	}
	return read("y000000000000.cfg"), read("0021f2000005.cfg")
}

// render gives a phone a dozen values of its own.
func render(own string, mac device.MAC) string {
	var out strings.Builder
	out.WriteString(own)
	for i := range 12 {
		fmt.Fprintf(&out, "own.value.%d=%s-%d\n", i, mac, i)
	}
	return out.String()
}

// rest fills members with settings, as passes do.
func rest(tb testing.TB, n int) []member {
	common, own := realTree(tb)
	p, s := newParser(), new(shared)
	members := make([]member, n)
	for i := range members {
		mac := DefaultFirst.Add(uint64(i))
		settings := new(config.Settings)
		for _, f := range [][2]string{{device.CommonCfg, common}, {mac.CfgName(), render(own, mac)}} {
			cfg, err := p.ParseCfg(f[0], []byte(f[1]))
			if err != nil {
				tb.Fatal(err)
			}
			settings.Merge(cfg)
		}
		members[i].fleet = s
		if err := members[i].Store(phone.State{Settings: settings}); err != nil {
			tb.Fatal(err)
		}
	}
	return members
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// BenchmarkResting: the memory of phones at rest, each with the settings of a real phone and a dozen values of its
// own.
func BenchmarkResting(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				members := rest(b, n)
				used := inUse() - before
				b.ReportMetric(float64(used)/1e6, "MB")
				b.ReportMetric(float64(used)/float64(n), "B/phone")
				b.ReportMetric(float64(members[n-1].settings.Len()), "settings")
				runtime.KeepAlive(members)
			}
		})
	}
	b.Run("naive-10000", func(b *testing.B) { naive(b, 10_000) })
}

// naive is a goroutine, a socket and a map of settings for each phone.
func naive(b *testing.B, n int) {
	common, own := realTree(b)
	for b.Loop() {
		before := inUse()
		stop := make(chan struct{})
		var all sync.WaitGroup
		for i := range n {
			conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				b.Fatal(err)
			}
			held := make(map[string]string)
			for line := range strings.Lines(common + render(own, DefaultFirst.Add(uint64(i)))) {
				if key, value, ok := strings.Cut(line, "="); ok && line[0] != '#' {
					held[strings.Clone(key)] = strings.Clone(value)
				}
			}
			all.Go(func() {
				<-stop
				conn.Close()
				runtime.KeepAlive(held)
			})
		}
		used := inUse() - before
		b.ReportMetric(float64(used)/1e6, "MB")
		b.ReportMetric(float64(used)/float64(n), "B/phone")
		close(stop)
		all.Wait()
	}
}

// What is at rest says what was merged, and phones share all but their own.
func TestResting(t *testing.T) {
	members := rest(t, 50)
	common, own := realTree(t)
	for i := range members {
		mac := DefaultFirst.Add(uint64(i))
		want := new(config.Settings)
		for _, f := range [][2]string{{device.CommonCfg, common}, {mac.CfgName(), render(own, mac)}} {
			cfg, err := config.ParseCfg(f[0], []byte(f[1]))
			if err != nil {
				t.Fatal(err)
			}
			want.Merge(cfg)
		}
		if diff := want.Diff(members[i].settings); len(diff) > 0 {
			t.Fatalf("%s: %v", mac, diff)
		}
		if got, _ := members[i].settings.Get("own.value.3"); got != mac.String()+"-3" {
			t.Errorf("%s holds %q", mac, got)
		}
	}
	if n := len(members[0].fleet.bases); n != 2 {
		t.Errorf("%d templates, want 2", n)
	}
}
