// Package testbed gives tests a small network of their own, with real provisioning
// servers in it: two network namespaces, the servers' and the phone's, joined by a
// cable. It is imported by tests only.
//
//	tb := testbed.New(t, testbed.Nginx.Needs)
//	nginx := tb.Start(testbed.Nginx, tb.Publish(tree))
//	... Network: tb.Phone.Network() ..., nginx.Endpoints[0].URL
//
// A test that needs it runs as root on Linux with the servers installed
// (`make servers`). Elsewhere it is skipped, with the reason; with
// FIPSIM_REQUIRE_REAL=1 in the environment it fails instead, so that a test run that
// must show something can't pass by skipping.
//
// Nothing is left behind, even by a test process that is killed: namespaces have no
// names but are held open by this process, and each server lives in a process
// namespace of its own that ends with it.
package testbed

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// RequireReal is the environment variable that, set to 1, turns a missing server,
// tool or privilege from a skipped test into a failed one.
const RequireReal = "FIPSIM_REQUIRE_REAL"

// Unpacked is where .ci/servers unpacks packages that conflict with installed ones,
// a folder a package.
const Unpacked = "/var/cache/fipsim/unpacked"

// Addresses of every testbed. Each has its own namespaces, so they do not clash.
var (
	phoneAddr  = netip.MustParseAddr("10.66.1.1")
	serverAddr = netip.MustParseAddr("10.66.0.1")
)

// Needs lists the programs that a test runs, by the name of their executable.
type Needs []string

// Testbed is one test's network. Its methods fail the test when something does not
// work; they are called from the test's own goroutine. For gives subtests a view of
// their own.
type Testbed struct {
	Server *Namespace // where Start puts servers; 10.66.0.1/16 and one address more for each server
	Phone  *Namespace // where the phone is; 10.66.1.1/16

	t    testing.TB
	used *used
	bad  *badCable // nil: the cable is good
}

// used counts what a testbed has given out, to all its views together.
type used struct {
	addrs, folders atomic.Uint32
}

// New makes a network for t, which ends with t. It skips t where something in needs,
// or the privilege to make namespaces, is missing.
func New(t testing.TB, needs Needs) *Testbed {
	t.Helper()
	tb := newSides(t, needs)
	tb.ip(tb.Server, "link", "add", cable, "type", "veth", "peer", "name", cable, "netns", tb.Phone.Path())
	tb.plugIn()
	return tb
}

// newSides makes the two sides, without the cable.
func newSides(t testing.TB, needs Needs) *Testbed {
	t.Helper()
	if missing := Missing(needs); missing != "" {
		if os.Getenv(RequireReal) == "1" { //nolint:forbidigo // a package for tests: nothing else can pass it the switch
			t.Fatalf("testbed: %s (%s=1: nothing may be skipped)", missing, RequireReal)
		}
		t.Skipf("testbed: %s", missing)
	}
	tb := &Testbed{t: t, used: new(used)}
	tb.Server = tb.namespace("server", serverAddr)
	tb.Phone = tb.namespace("phone", phoneAddr)
	return tb
}

// plugIn gives both ends of the cable their addresses.
func (tb *Testbed) plugIn() {
	tb.t.Helper()
	for _, ns := range []*Namespace{tb.Server, tb.Phone} {
		tb.ip(ns, "link", "set", "lo", "up")
		tb.ip(ns, "address", "add", ns.Addr.String()+"/16", "dev", cable)
		tb.ip(ns, "link", "set", cable, "up")
		tb.ip(ns, "route", "add", "224.0.0.0/4", "dev", cable)
	}
	for _, ns := range []*Namespace{tb.Server, tb.Phone} {
		tb.waitForCarrier(ns)
	}
}

// waitForCarrier returns when the cable's end is running: an interface that was set up gets its carrier a moment
// later, and a server such as kea, which looks at it once, would not use it.
func (tb *Testbed) waitForCarrier(ns *Namespace) {
	tb.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(startLimit)
	for {
		running, err := ns.running()
		tb.must(err, "look at the cable")
		if running {
			return
		}
		select {
		case <-limit:
			tb.t.Fatalf("testbed: the cable has no carrier within %v", startLimit)
		case <-tick.C:
		}
	}
}

// For returns the same network for a subtest: what is started through it ends with the
// subtest, and fails the subtest. Subtests may run in parallel.
func (tb *Testbed) For(t testing.TB) *Testbed {
	view := *tb
	view.t = t
	return &view
}

// Missing says what keeps a testbed with these needs from working here, and what to
// do about it; "" if nothing does.
func Missing(needs Needs) string {
	if err := mayMakeNamespaces(); err != nil {
		return fmt.Sprintf("cannot make a network namespace (%v): run as root on Linux", err)
	}
	var lacking []string
	for _, name := range append(Needs{"ip", "nsenter"}, needs...) {
		if _, err := lookPath(name); err != nil {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) > 0 {
		return fmt.Sprintf("not installed: %s; run make servers", strings.Join(lacking, ", "))
	}
	return ""
}

// lookPath finds a program: in PATH, among the system's programs, or among those that
// .ci/servers unpacked.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, pattern := range []string{"/usr/sbin/", Unpacked + "/*/usr/sbin/"} {
		found, globErr := filepath.Glob(pattern + name)
		if globErr == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", err
}

// folder makes an empty folder that every user can read: servers give up root.
func (tb *Testbed) folder(name string) string {
	tb.t.Helper()
	dir := tb.t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		tb.must(os.Chmod(d, 0o755), "make the test's folder readable")
	}
	dir = filepath.Join(dir, fmt.Sprintf("%s-%d", name, tb.used.folders.Add(1)))
	tb.must(os.Mkdir(dir, 0o755), "make a folder")
	tb.must(os.Chmod(dir, 0o755), "make a folder readable") // whatever the umask
	return dir
}

// ip runs the ip command in ns.
func (tb *Testbed) ip(ns *Namespace, args ...string) {
	tb.t.Helper()
	cmd := ns.Command(tb.t.Context(), "ip", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.t.Fatalf("testbed: ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (tb *Testbed) must(err error, what string) {
	tb.t.Helper()
	if err != nil {
		tb.t.Fatalf("testbed: %s: %v", what, err)
	}
}

// mayMakeNamespaces tries it on a thread that ends afterwards.
func mayMakeNamespaces() error {
	var err error
	onThread(func() { err = leaveNetwork() })
	return err
}
