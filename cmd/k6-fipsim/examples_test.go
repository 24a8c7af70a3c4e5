package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/server"
)

// site is what a server has for so many phones.
func site(phones int) fstest.MapFS {
	files := fstest.MapFS{
		"y000000000000.cfg": {Data: []byte("#!version:1.0.0.1\nlang.gui=French\nlocal_time.time_zone=+1\n")},
	}
	for i := range phones {
		mac := fleet.DefaultFirst.Add(uint64(i))
		files[mac.CfgName()] = &fstest.MapFile{Data: []byte("#!version:1.0.0.1\naccount.1.label=canary-" + mac.String() + "\n")}
	}
	return files
}

// asked counts who asked a server for a file of their own.
type asked struct {
	mu   sync.Mutex
	macs map[string]int
}

var ownFile = regexp.MustCompile(`^([0-9a-f]{12})\.cfg$`)

func (a *asked) add(r server.Request) {
	if m := ownFile.FindStringSubmatch(r.Name); m != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.macs[m[1]]++
	}
}

// serve runs a server for so many phones, and returns its URL.
func serve(t testing.TB, phones int) (string, *asked) {
	t.Helper()
	a := &asked{macs: make(map[string]int)}
	s, err := server.Start(context.Background(), server.Options{Tree: site(phones), HTTP: "127.0.0.1:0", OnRequest: a.add})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.URL("http").String(), a
}

// run runs an example.
func run(t testing.TB, name string, more ...string) ran {
	t.Helper()
	// No test is about how fast this machine is.
	args := append([]string{"run", "--quiet", "--address", "", "-e", "P99=60000", "examples/" + name}, more...)
	return k6(t, nil, "k6-fipsim", args...)
}

// env makes -e arguments.
func env(pairs ...string) []string {
	var args []string
	for _, p := range pairs {
		args = append(args, "-e", p)
	}
	return args
}

// count reads a counter of the summary: "fip_passes.....: 20".
func count(t testing.TB, r ran, name string) int {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(name) + `\.*: +([0-9]+)`).FindStringSubmatch(r.out)
	if m == nil {
		t.Fatalf("the summary has no %s:\n%s", name, r.out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// once asserts that each of so many phones asked exactly once, and nobody else did.
func (a *asked) once(t *testing.T, phones int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range phones {
		if mac := fleet.DefaultFirst.Add(uint64(i)).String(); a.macs[mac] != 1 {
			t.Errorf("%s asked %d times", mac, a.macs[mac])
		}
	}
	if len(a.macs) != phones {
		t.Errorf("%d phones asked, want %d", len(a.macs), phones)
	}
}

// A storm is each phone once; what was expected of them is held against each.
func TestStorm(t *testing.T) {
	const n = 200
	at, who := serve(t, n)
	expect := write(t, "expect.cfg", "account.1.label=canary-$(MA)\nlang.gui=French\n")
	r := run(t, "storm.js", env("SERVER="+at, "PHONES="+fmt.Sprint(n), "VUS=20", "EXPECT="+expect)...)
	if r.status != 0 || count(t, r, "fip_passes") != n || count(t, r, "fip_mac_cfg_reqs") != n {
		t.Errorf("exit status %d\n%s", r.status, r.out)
	}
	who.once(t, n)
}

// Thresholds on the module's metrics decide: a server that serves other settings is found at fault (exit
// status 99, k6's own for that).
func TestThresholds(t *testing.T) {
	at, _ := serve(t, 10)
	expect := write(t, "expect.cfg", "lang.gui=German\n")
	r := run(t, "storm.js", env("SERVER="+at, "PHONES=10", "EXPECT="+expect)...)
	if r.status != 99 || count(t, r, "fip_wrong") != 10 || !strings.Contains(r.out, "'rate<0.001' rate=100.00%") {
		t.Errorf("exit status %d\n%s", r.status, r.out)
	}
}

// Phones arrive ever faster, each its own.
func TestRamp(t *testing.T) {
	t.Parallel()
	at, who := serve(t, 100)
	r := run(t, "ramp.js", env("SERVER="+at, "RATE=40", "OVER=2", "VUS=100")...)
	n := count(t, r, "fip_passes")
	if r.status != 0 || n < 20 || n > 60 {
		t.Errorf("exit status %d, %d passes\n%s", r.status, n, r.out)
	}
	who.once(t, n)
}

// Phones live on: after the first pass there is nothing new for them.
func TestInterval(t *testing.T) {
	t.Parallel()
	at, who := serve(t, 5)
	r := run(t, "interval.js", env("SERVER="+at, "PHONES=5", "EVERY=1", "OVER=5")...)
	if r.status != 0 || count(t, r, "fip_passes") < 10 || !strings.Contains(r.out, "✓ nothing new") {
		t.Errorf("exit status %d\n%s", r.status, r.out)
	}
	for mac, times := range who.macs {
		if times < 2 {
			t.Errorf("%s asked %d times", mac, times)
		}
	}
	if len(who.macs) != 5 {
		t.Errorf("%d phones asked, want 5", len(who.macs))
	}
}

// The new setting came: the others follow the canaries. It did not: nobody follows.
func TestCheckSync(t *testing.T) {
	t.Parallel()
	const n = 30
	settings := []string{"PHONES=" + fmt.Sprint(n), "CANARIES=5", "RATE=25", "VUS=100"}
	t.Run("came", func(t *testing.T) {
		at, who := serve(t, n)
		r := run(t, "check-sync.js", env(append(settings, "SERVER="+at, "KEY=lang.gui", "VALUE=French", "WAIT=6")...)...)
		if r.status != 0 || count(t, r, "fip_passes") != n {
			t.Errorf("exit status %d\n%s", r.status, r.out)
		}
		who.once(t, n)
	})
	t.Run("did not", func(t *testing.T) {
		at, who := serve(t, n)
		r := run(t, "check-sync.js", env(append(settings, "SERVER="+at, "KEY=lang.gui", "VALUE=German", "WAIT=60")...)...)
		if r.status != 99 || count(t, r, "fip_passes") != 5 {
			t.Errorf("exit status %d\n%s", r.status, r.out)
		}
		who.once(t, 5)
	})
}
