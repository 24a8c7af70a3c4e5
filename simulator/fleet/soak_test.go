package fleet

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// look is a moment of a load's process.
type look struct {
	At         time.Duration
	Passes     uint64
	RSS, Heap  uint64 // bytes
	Files      int
	Goroutines int
}

func lookNow(p Progress) look {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	return look{At: p.Took, Passes: p.OK + p.Failed, RSS: residentNow(), Heap: mem.HeapInuse, Files: openFiles(), Goroutines: runtime.NumGoroutine()}
}

// residentNow is this process's memory, in bytes (proc(5), /proc/pid/statm).
func residentNow() uint64 {
	var size, resident uint64
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}

// hold gives each phone what a pass from tree does.
func (r *run) hold() error {
	common, p := tree(nil), r.parser
	for i := range r.members {
		mac := r.Phones[i].MAC
		settings := new(config.Settings)
		for _, f := range []struct{ name, body string }{
			{device.CommonCfg, string(common[device.CommonCfg].Data)},
			{"site.cfg", string(common["site.cfg"].Data)},
			{mac.CfgName(), ownCfg(mac)},
		} {
			cfg, err := p.ParseCfg(f.name, []byte(f.body))
			if err != nil {
				return err
			}
			settings.Merge(cfg)
		}
		if err := r.members[i].Store(phone.State{Settings: settings}); err != nil {
			return err
		}
	}
	return nil
}

// ownCfg is a phone's own file in tree.
func ownCfg(mac device.MAC) string {
	one := tree([]Spec{{MAC: mac}})
	return string(one[mac.CfgName()].Data)
}

// tell shows a minute's looks in a line each, and holds that memory is flat.
func (l load) tell(t *testing.T, looks []look) {
	if len(looks) < 2 {
		return
	}
	most, every := looks[0], max(len(looks)/10, 1)
	for i, at := range looks {
		most.Files, most.RSS = max(most.Files, at.Files), max(most.RSS, at.RSS)
		if i%every == 0 || i == len(looks)-1 {
			t.Logf("%4.0fs %7d passes  RSS %4d MB  heap %4d MB  %5d open files  %5d goroutines",
				at.At.Seconds(), at.Passes, at.RSS>>20, at.Heap>>20, at.Files, at.Goroutines)
		}
	}
	t.Logf("at most: RSS %d MB, %d open files", most.RSS>>20, most.Files)
	early, late := looks[len(looks)/5], looks[len(looks)-1]
	if float64(late.RSS) > 1.25*float64(early.RSS)+16e6 {
		t.Errorf("memory grows: %d MB after %s, %d MB after %s", early.RSS>>20, round(early.At), late.RSS>>20, round(late.At))
	}
	if most.Files >= 20_000 {
		t.Errorf("%d open files", most.Files)
	}
}

// rendering serves tree for any phone of a fleet.
func rendering() http.Handler {
	common := tree(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if f := common[name]; f != nil {
			_, _ = w.Write(f.Data) // who went away needs no answer
			return
		}
		mac, err := device.ParseMAC(strings.TrimSuffix(name, ".cfg"))
		if err != nil || !strings.HasSuffix(name, ".cfg") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(ownCfg(mac)))
	})
}

// sipp asks the first so many phones of a fleet to provision, so many a second, with SIPp as the server. On a busy
// machine SIPp repeats a NOTIFY whose answer it has not read yet, perhaps to a fleet that has ended, and calls that
// failed: what the phones counted is judged, and SIPp's word is logged.
func sipp(t *testing.T, tb *testbed.Testbed, to string, phones, rate int) {
	t.Helper()
	dir := t.TempDir()
	var users strings.Builder
	users.WriteString("SEQUENTIAL\n")
	for i := range phones {
		fmt.Fprintf(&users, "MAC%s\n", DefaultFirst.Add(uint64(i)))
	}
	inject := filepath.Join(dir, "users.csv")
	if err := os.WriteFile(inject, []byte(users.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	scenario, err := filepath.Abs("testdata/checksync.xml")
	if err != nil {
		t.Fatal(err)
	}
	cmd := tb.Server.Command(t.Context(), "sipp", to, "-sf", scenario, "-inf", inject, "-i", tb.Server.Addr.String(),
		"-m", fmt.Sprint(phones), "-r", fmt.Sprint(rate), "-l", "5000", "-nostdin", "-trace_err", "-error_file", filepath.Join(dir, "errors.log"))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		text, _ := os.ReadFile(filepath.Join(dir, "errors.log"))
		t.Logf("sipp: %v\n%s\n%s", err, text[:min(len(text), 1000)], out[max(0, len(out)-1500):])
	}
}

// SIPp, as a server that asks all its phones to provision: each does, and holds what is its own.
func TestMassCheckSync(t *testing.T) {
	tb := testbed.New(t, testbed.SIPpNeeds)
	n := 1000 / scale
	at := serveHTTP(t, tb, rendering())
	sip := net.JoinHostPort(tb.Phone.Addr.String(), "5060")
	r := load{
		Server: at, Phones: n, Stage: Stage{Arrival: "checksync", Over: 5 * time.Minute}, InFlight: 200, Expect: expectTree, SIP: sip,
	}.run(t, tb, func() { sipp(t, tb, sip, n, 200) })
	allServed(t, r, n)
	if c := r.SIP; c == nil || c.CheckSync != uint64(n) || c.Unknown+c.Reboots != 0 {
		t.Errorf("%+v", c)
	}
	if r.Took >= 5*time.Minute {
		t.Errorf("the stage did not end when all had been asked: %s", r.Took)
	}
}

// soakTime is the variable that says how long TestSoak goes on.
const soakTime = "FIPSIM_SOAK"

// A hundred thousand phones that live on their interval and on a server's check-sync: memory stays as it is, and
// descriptors are few.
func TestSoak(t *testing.T) {
	over, err := time.ParseDuration(os.Getenv(soakTime))
	if err != nil {
		t.Skipf("it takes minutes: make soak-fleet, or %s=5m", soakTime)
	}
	tb := testbed.New(t, testbed.SIPpNeeds)
	const n, every = 100_000, 30 * time.Minute
	asked := int(over.Seconds()) * 100 // a hundred a second
	at := serveHTTP(t, tb, rendering())
	sip := net.JoinHostPort(tb.Phone.Addr.String(), "5060")
	r := load{
		Server: at, Phones: n, Stage: Stage{Arrival: "interval", Every: every, Over: over, Drift: 1e-4}, InFlight: 1000, Expect: expectTree,
		SIP: sip, Held: true, Watch: true,
	}.run(t, tb, func() { sipp(t, tb, sip, min(asked*9/10, n), 100) })
	if r.Failed+r.Wrong > 0 || r.Provisioned != r.Phones || r.SIP.CheckSync == 0 {
		t.Errorf("%d failed, %d wrong, %d of %d provisioned, %+v", r.Failed, r.Wrong, r.Provisioned, r.Phones, r.SIP)
	}
}
