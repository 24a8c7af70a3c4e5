package testbed_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// hold makes the test binary start all servers and wait, to be killed.
const hold = "FIPSIM_TESTBED_HOLD"

// startAll runs all servers, and returns the name of their network namespace.
func startAll(t *testing.T) string {
	t.Helper()
	tb := testbed.New(t, testbed.AllNeeds())
	docroot := tb.Publish(tree)
	for _, s := range testbed.Servers {
		tb.Start(s, docroot)
	}
	stack, err := os.Readlink(tb.Server.Path())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(processesIn(t, stack)); n < len(testbed.Servers) {
		t.Errorf("%d processes run %d servers", n, len(testbed.Servers))
	}
	return stack
}

// Servers and namespaces end with the test, and as well with a test process that is
// killed and cleans up nothing.
func TestNothingIsLeft(t *testing.T) {
	if os.Getenv(hold) != "" {
		fmt.Printf("\n%s\n", startAll(t))
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	t.Parallel()
	var stack string
	if ok := t.Run("a test ends", func(t *testing.T) { stack = startAll(t) }); !ok || stack == "" {
		t.SkipNow() // the subtest said why
	}
	if left := processesIn(t, stack); len(left) > 0 {
		t.Errorf("left behind by a test that ended: %v", left)
	}
	t.Run("a test process is killed", testKilled)
}

func testKilled(t *testing.T) {
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNothingIsLeft$", "-test.v")
	holder.Env = append(os.Environ(), hold+"=1", "TMPDIR="+t.TempDir())
	if err := os.Chmod(holder.Env[len(holder.Env)-1][len("TMPDIR="):], 0o755); err != nil {
		t.Fatal(err)
	}
	stdin, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	stack := ""
	var said strings.Builder
	for lines := bufio.NewScanner(stdout); stack == "" && lines.Scan(); {
		fmt.Fprintln(&said, lines.Text())
		if strings.HasPrefix(lines.Text(), "net:[") {
			stack = lines.Text()
		}
	}
	if stack == "" {
		_ = holder.Wait()
		t.Fatalf("the process to be killed has not started its servers:\n%s", said.String())
	}
	if n := len(processesIn(t, stack)); n < len(testbed.Servers) {
		t.Errorf("%d processes run %d servers", n, len(testbed.Servers))
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // "signal: killed"

	// The kernel ends the servers; it need not have done it when the process is gone.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for tries := 0; len(processesIn(t, stack)) > 0; tries++ {
		if tries == 1000 {
			t.Fatalf("left behind by a test process that was killed: %v", processesIn(t, stack))
		}
		<-tick.C
	}
}

// processesIn lists the processes in a network namespace, as "PID NAME".
func processesIn(t *testing.T, stack string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, dir := range all {
		if got, err := os.Readlink(filepath.Join(dir, "ns/net")); err == nil && got == stack {
			name, _ := os.ReadFile(filepath.Join(dir, "comm")) // ends between the two: no name
			found = append(found, filepath.Base(dir)+" "+strings.TrimSpace(string(name)))
		}
	}
	return found
}
