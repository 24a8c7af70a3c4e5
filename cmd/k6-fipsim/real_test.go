package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// expectSite is what phones hold after a pass from site.
const expectSite = "lang.gui=French\nlocal_time.time_zone=+1\naccount.1.label=canary-$(MA)\n"

// inFlight is how many passes are under way at once, on either side of a comparison.
const inFlight = 100

// inside runs a program among the phones of a testbed.
func inside(t testing.TB, tb *testbed.Testbed, name string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTime)
	defer cancel()
	return finish(t, tb.Phone.Command(ctx, name, args...), nil)
}

// storm runs the example of that name in a testbed.
func storm(t testing.TB, tb *testbed.Testbed, server string, phones int, expect string) ran {
	t.Helper()
	r := inside(t, tb, "k6-fipsim", append([]string{"run", "--quiet", "--address", "", "examples/storm.js"},
		env("SERVER="+server, "PHONES="+fmt.Sprint(phones), "VUS="+fmt.Sprint(inFlight), "EXPECT="+expect, "P99=60000")...)...)
	if n := count(t, r, "fip_passes"); r.status != 0 || n != phones {
		t.Fatalf("exit status %d, %d of %d passes\n%s", r.status, n, phones, r.out)
	}
	return r
}

// Ten thousand iterations over TFTP from dnsmasq, in a network of their own: thresholds hold, and each phone
// holds what is its own.
func TestTenThousand(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n /= 10
	}
	tb := testbed.New(t, testbed.Dnsmasq.Needs)
	s := tb.Start(testbed.Dnsmasq, tb.Publish(site(n)))
	r := storm(t, tb, s.Endpoints[0].URL.String(), n, write(t, "expect.cfg", expectSite))
	if got := count(t, r, "fip_common_cfg_reqs"); got != n {
		t.Errorf("the common cfg file was asked for %d times, want %d", got, n)
	}
	t.Logf("%s CPU, %d µs a phone\n%s", r.cpu, r.cpu.Microseconds()/int64(n), r.out)
}

// BenchmarkBeside: what a phone costs of this machine's processors, as an iteration of k6 and as one of `fipsim
// load`: the same phones, the same server, one after the other in the same run.
func BenchmarkBeside(b *testing.B) {
	const n = 10_000
	fipsim := filepath.Join(b.TempDir(), "fipsim")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", fipsim, "./cmd/fipsim")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	tb := testbed.New(b, testbed.Dnsmasq.Needs)
	at := tb.Start(testbed.Dnsmasq, tb.Publish(site(n))).Endpoints[0].URL.String()
	expect, report := write(b, "expect.cfg", expectSite), write(b, "load.json", "")
	for b.Loop() {
		script := storm(b, tb, at, n, expect)
		load := inside(b, tb, fipsim, "load", "--server", at, "--phones", fmt.Sprint(n),
			"--in-flight", fmt.Sprint(inFlight), "--expect", expect, "--report", "json="+report)
		if got := provisioned(b, report); got != n { // its verdict is of latencies too: on a busy machine it is none
			b.Fatalf("exit status %d, %d of %d phones provisioned\n%s", load.status, got, n, load.out)
		}
		b.ReportMetric(float64(script.cpu.Microseconds())/n, "k6-µs/phone")
		b.ReportMetric(float64(load.cpu.Microseconds())/n, "load-µs/phone")
		b.ReportMetric(float64(script.cpu)/float64(load.cpu), "ratio")
	}
}

// provisioned reads how many phones a report of fipsim load counts as served.
func provisioned(t testing.TB, report string) (n int) {
	t.Helper()
	body, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Provisioned int `json:"provisioned"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	return r.Provisioned
}
