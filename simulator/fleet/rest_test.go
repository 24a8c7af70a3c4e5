package fleet

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

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
