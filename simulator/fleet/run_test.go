package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// tree is what a server has for these phones: a common boot file, two common cfg files, and a cfg
// file for each that names its MAC.
func tree(specs []Spec) fstest.MapFS {
	t := fstest.MapFS{
		"y000000000000.boot": {Data: []byte("#!version:1.0.0.1\ninclude:config \"y000000000000.cfg\"\ninclude:config \"site.cfg\"\ninclude:config \"$(MA).cfg\"\n")},
		"y000000000000.cfg":  {Data: []byte("#!version:1.0.0.1\nlang.gui=English\nlocal_time.time_zone=+1\n")},
		"site.cfg":           {Data: []byte("#!version:1.0.0.1\nlang.gui=French\n")},
	}
	for _, s := range specs {
		t[s.MAC.String()+".cfg"] = &fstest.MapFile{Data: []byte("#!version:1.0.0.1\naccount.1.label=canary-" + s.MAC.String() + "\naccount.1.enable=0\n")}
	}
	return t
}

// expectTree is what phones hold after a pass from tree.
const expectTree = "lang.gui=French\nlocal_time.time_zone=+1\naccount.1.label=canary-$(MA)\n"

func expect(t testing.TB, body string) *scenarios.Expect {
	t.Helper()
	e, err := scenarios.ParseExpect("expect.cfg", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func phones(t testing.TB, n int) []Spec {
	t.Helper()
	specs, err := Count(n, DefaultFirst)
	if err != nil {
		t.Fatal(err)
	}
	return specs
}

// tftpAt is where these tests' servers answer over TFTP. One goes on at the port of a phone that has hung up, and a phone
// of another package's tests that gets the port would take that for its answer.
const tftpAt = "127.0.0.68:0"

func serve(t testing.TB, o server.Options) *server.Server {
	t.Helper()
	s, err := server.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A storm over each protocol: all are provisioned, each holds what is its own, the sums add up, and
// nothing of it is left.
func TestStorm(t *testing.T) {
	const n = 200
	specs := phones(t, n)
	const free = "127.0.0.1:0"
	s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt, HTTP: free, FTP: free})
	for _, protocol := range []string{"tftp", "http", "ftp"} {
		t.Run(protocol, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			r, err := Run(t.Context(), Options{
				Phones: specs, Servers: []string{s.URL(protocol).String()}, Expect: expect(t, expectTree), InFlight: 50, Sample: 10, Seed: 1,
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.Phones != n || r.Provisioned != n || r.Passes != n || r.OK != n || r.Meant != n || r.Outcomes["provisioned"] != n || !r.Verified {
				t.Errorf("%+v", r)
			}
			// <mac>.boot is missing, the common one is there and includes three.
			if r.Requests != 5*n || r.Missing != n || r.Ended != "done" {
				t.Errorf("%d files asked for, %d missing; ended %s", r.Requests, r.Missing, r.Ended)
			}
			want := map[string]int64{StageDiscovery: n, StageMACBoot: n, StageCommonBoot: n, StageCommonCfg: n, StageOtherCfg: n, StageMACCfg: n,
				StageMerge: n, StageService: n, StagePass: n, StageServed: n, StageLate: n}
			for _, l := range r.Latencies {
				if l.Count != want[l.Stage] {
					t.Errorf("%d durations of %s, want %d", l.Count, l.Stage, want[l.Stage])
				}
				delete(want, l.Stage)
			}
			if len(want) > 0 {
				t.Errorf("not measured: %v", want)
			}
			if len(r.Samples) == 0 || len(r.Samples) > n/2 || len(r.Samples[0].Events) < 10 {
				t.Errorf("%d samples", len(r.Samples))
			}
			var text strings.Builder
			if err := r.Summary(&text); err != nil || !strings.Contains(text.String(), "200 provisioned") {
				t.Errorf("%v:\n%s", err, &text)
			}
		})
	}
}

// validTries is how often a load is run that this machine was too busy for.
const validTries = 5

// valid is the report of a load that can be judged: one that this machine was too busy for is run again.
func valid(t *testing.T, run func() (*Report, error)) *Report {
	t.Helper()
	for try := 1; ; try++ {
		r, err := run()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Invalid) == 0 || try == validTries {
			return r
		}
		t.Logf("once more, %d of %d: %q", try+1, validTries, r.Invalid)
	}
}

// What a server does not have makes phones fail, by what they lack; what it has wrongly makes them
// wrong.
func TestVerdicts(t *testing.T) {
	specs := phones(t, 20)
	files := tree(specs)
	one, other := specs[3].MAC.String()+".cfg", specs[7].MAC.String()+".cfg"
	files[one] = files[other]
	s := serve(t, server.Options{Tree: files, HTTP: "127.0.0.1:0"})
	o := Options{Phones: specs, Servers: []string{s.URL("http").String()}, Expect: expect(t, expectTree), Seed: 1}
	r := valid(t, func() (*Report, error) { return Run(t.Context(), o) })
	if r.Wrong != 1 || r.Mixed != 1 || r.Provisioned != 19 || r.Wrongs[0].Phone != specs[3].MAC || r.Wrongs[0].Whose != specs[7].MAC {
		t.Errorf("%+v", r.Wrongs)
	}
	var fail *verdict.Fail
	if err := r.Verdict(); !errors.As(err, &fail) {
		t.Errorf("verdict %v", err)
	}
	var text strings.Builder
	if err := r.Summary(&text); err != nil || !strings.Contains(text.String(), "0221f2000003 holds what is 0221f2000007's") {
		t.Errorf("%v:\n%s", err, &text)
	}

	nothing := serve(t, server.Options{Tree: fstest.MapFS{}, HTTP: "127.0.0.1:0"})
	o.Servers = []string{nothing.URL("http").String()}
	r = valid(t, func() (*Report, error) { return Run(t.Context(), o) })
	if r.Failed != 20 || r.Errors["nothing-found"] != 20 || !errors.As(r.Verdict(), &fail) || len(r.Samples) != 20 {
		t.Errorf("%+v", r)
	}
}

// Ctrl-C ends a load at once, with a report of what was.
func TestInterrupted(t *testing.T) {
	specs := phones(t, 30)
	s := serve(t, server.Options{Tree: tree(specs), HTTP: "127.0.0.1:0"})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := Options{Phones: specs, Servers: []string{s.URL("http").String()}, Stages: []Stage{{Arrival: "interval", Every: 50 * time.Millisecond, Over: time.Hour}}}
	seen := 0
	o.Progress = func(p Progress) {
		if seen++; seen == 1 && p.OK > 0 {
			cancel()
		}
	}
	r, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Ended != "interrupted" || r.Passes == 0 || r.Took > time.Minute {
		t.Errorf("%+v", r)
	}
	if verdict.Exit(r.Verdict()) != verdict.ExitUnknown {
		t.Errorf("verdict %v", r.Verdict())
	}
}

// An avalanche against a server that is not there ends at the stage's limit.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := Run(t.Context(), Options{
			Phones: phones(t, 5), Servers: []string{"http://192.0.2.9/"}, Network: new(wire.Memory),
			Stages: []Stage{{Arrival: "avalanche"}}, Limit: 3 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Unserved != 5 || r.Provisioned != 0 || r.Passes < 10 || r.Errors["refused"] != r.Passes || r.Took > 4*time.Second {
			t.Errorf("%+v", r)
		}
	})
}

// Two phones' MACs in the spelling that a template may use.
func ExampleWrong_String() {
	a, _ := device.ParseMAC("0221f2000001")
	b, _ := device.ParseMAC("0221f2000002")
	fmt.Println(Wrong{Phone: a, Whose: b, Differences: []string{"account.1.label: want x, the phone holds y (expect.cfg:1)"}})
	// Output: 0221f2000001 holds what is 0221f2000002's: account.1.label: want x, the phone holds y (expect.cfg:1)
}
