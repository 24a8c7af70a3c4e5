package fleet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/wire"
)

// A load runs in a process of its own inside the phones' namespace: this test binary, started again.
// childJob is the variable that tells it which load.
const childJob = "FIPSIM_FLEET_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(witnessJob); job != "" {
		if err := witnessed(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if job := os.Getenv(childJob); job != "" {
		if err := runChild(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if job := os.Getenv(childDuel); job != "" {
		if err := runDuel(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if job := os.Getenv(childSearch); job != "" {
		if err := runSearch(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	sideBySide()
	// Phones that are through leave no goroutine behind, whoever their server was.
	goleak.VerifyTestMain(m)
}

// manyCells is how many cells of TestFaults, and others whose phones mostly wait, go on at once. What is measured here is
// never parallel.
const manyCells = 24

// besideOthers is t.Parallel, but for a race run, which has work enough with one of them.
func besideOthers(t *testing.T) {
	t.Helper()
	if !testing.Short() {
		t.Parallel()
	}
}

// sideBySide lets so many of them, unless -parallel says how many.
func sideBySide() {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		_ = p.Value.Set(strconv.Itoa(manyCells)) // a number
	}
}

// load is what a child does.
type load struct {
	Server   string
	Phones   int
	Stage    Stage
	InFlight int
	Expect   string
	Options  []string // of the phones, KEY=VALUE
	Loss     float64  // share of the datagrams
	Limit    time.Duration
	SIP      string // where phones hear SIP
	DHCP     DHCP
	PnP      string
	Held     bool // the phones hold what an earlier pass gave them
	Watch    bool // look at memory and open files

	CA   string        // whom phones trust, as PEM
	DNS  string        // HOST:PORT that phones ask for names; empty: the system's
	Soon bool          // the functions of midway begin when phones have started, not when some were provisioned or failed
	Most time.Duration // bounds it; 0: loadLimit
}

// loaded is what came of it.
type loaded struct {
	Report        *Report
	Before, After int    // open files
	Leak          string // goroutines
	Looks         []look
}

func runChild(text string) error {
	var l load
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return err
	}
	specs, err := Count(l.Phones, DefaultFirst)
	if err != nil {
		return err
	}
	o := Options{Phones: specs, Servers: []string{l.Server}, Stages: []Stage{l.Stage}, InFlight: l.InFlight, Seed: 1, Limit: l.Limit, SIP: l.SIP, DHCP: l.DHCP, PnP: l.PnP}
	if l.Server == "" {
		o.Servers = nil
	}
	if o.Expect, err = scenarios.ParseExpect("expect.cfg", []byte(l.Expect)); err != nil {
		return err
	}
	for _, text := range l.Options {
		key, value, _ := strings.Cut(text, "=")
		if err := o.Behaviour.Set(key, value); err != nil {
			return err
		}
	}
	if o.TLS.CA = []byte(l.CA); l.CA == "" {
		o.TLS.CA = nil
	}
	if l.DNS != "" {
		o.Network = wire.OS{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, l.DNS)
		}}}
	}
	if l.Loss > 0 {
		pass := []time.Duration{0}
		o.Network = &wire.Tap{Fault: func(wire.Datagram, bool) []time.Duration {
			if rand.Float64() < l.Loss {
				return nil
			}
			return pass
		}}
	}
	var looks []look
	o.Progress = func(p Progress) {
		if l.Watch {
			looks = append(looks, lookNow(p))
		}
		if !p.Final {
			fmt.Fprintf(os.Stderr, "ok %d started %d failed %d\n", p.OK, p.Started, p.Failed)
		}
	}
	// The first socket of a process makes the runtime open its poller, for good.
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	conn.Close()
	out := loaded{Before: openFiles()}
	r, err := prepare(context.Background(), o, thisMachine())
	if err != nil {
		return err
	}
	if l.Held {
		if err := r.hold(); err != nil {
			return err
		}
	}
	if out.Report, err = r.whole(context.Background()); err != nil {
		return err
	}
	out.Looks = looks
	if err := goleak.Find(); err != nil {
		out.Leak = err.Error()
	}
	out.After = openFiles()
	return json.NewEncoder(os.Stdout).Encode(out)
}

// openFiles counts this process's descriptors.
func openFiles() int {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(all)
}

// loadLimit bounds one load of a test.
const loadLimit = 58 * time.Second

// run runs a load in the phones' namespace. The functions of midway are called in turn, a second apart, from
// when some phones were provisioned, or failed.
func (l load) run(t *testing.T, tb *testbed.Testbed, midway ...func()) *Report {
	t.Helper()
	job, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), max(loadLimit, l.Most)+2*l.Stage.Over)
	defer cancel()
	cmd := tb.Phone.Command(ctx, exe)
	files := t.TempDir()
	cmd.Env = append(os.Environ(), childJob+"="+string(job), "TMPDIR="+files)
	var stdout, rest bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var ok, started, failed int
		if _, err := fmt.Sscanf(lines.Text(), "ok %d started %d failed %d", &ok, &started, &failed); err != nil {
			fmt.Fprintln(&rest, lines.Text())
		} else if (ok > 0 || l.Soon && started > 0 || failed > 0 || l.Stage.Arrival == "checksync") && len(midway) > 0 {
			midway[0]()
			midway = midway[1:]
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, &rest)
	}
	var out loaded
	if err := json.Unmarshal(stdout.Bytes(), &out); err != nil {
		t.Fatalf("%v: %s", err, &rest)
	}
	if len(midway) > 0 {
		t.Error("it was over before anything could be done to it")
	}
	if left, err := os.ReadDir(files); err != nil || len(left) > 0 {
		t.Errorf("files that were left: %v, %v", left, err)
	}
	if out.Leak != "" || out.After > out.Before {
		t.Errorf("%d open files at the start, %d at the end; %s", out.Before, out.After, out.Leak)
	}
	var summary strings.Builder
	_ = out.Report.Summary(&summary)
	t.Logf("\n%s", &summary)
	l.tell(t, out.Looks)
	return out.Report
}

// allServed asserts that every phone was provisioned in the end, and holds what is its own.
func allServed(t *testing.T, r *Report, phones int) {
	t.Helper()
	if n := uint64(phones); r.Phones != n || r.Provisioned != n || r.Wrong > 0 || !r.Verified || r.Unserved > 0 {
		t.Errorf("%d phones meant to start, %d were provisioned, %d hold something else", r.Phones, r.Provisioned, r.Wrong)
	}
	for _, w := range r.Wrongs {
		t.Error(w)
	}
	for _, s := range r.Samples {
		if s.Why != "wrong" {
			continue
		}
		for _, e := range s.Events {
			t.Logf("%+v", e)
		}
	}
}
