package docs_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fipsim/fipsim/docs"
)

// running is a block's script.
type running struct {
	block docs.Block
	cmd   *exec.Cmd
	done  chan error    // what it ended with
	found chan struct{} // closed once a line has the block's Until or Stays

	mu   sync.Mutex
	text strings.Builder
}

// start starts a block's script.
func (p *page) start(t *testing.T, b docs.Block) *running {
	t.Helper()
	// A block that stays outlives its subtest; the world's end kills what is left.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), blockTime)
	r := &running{block: b, done: make(chan error, 1), found: make(chan struct{})}
	script := b.Text
	if b.Until+b.Stays != "" {
		before, last := "", strings.TrimSpace(b.Text)
		if i := strings.LastIndexByte(last, '\n'); i >= 0 {
			before, last = last[:i+1], last[i+1:]
		}
		script = before + "exec " + last // Ctrl-C goes to it
	}
	r.cmd = exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+script)
	r.cmd.Dir, r.cmd.Env = p.clone, p.env
	r.cmd.Stdout, r.cmd.Stderr = r, r
	r.cmd.WaitDelay = 10 * time.Second // a block that leaves something running is told so
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		r.done <- r.cmd.Wait()
		close(r.done)
		cancel()
	}()
	return r
}

// Write collects what is printed.
func (r *running) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	want := r.block.Until + r.block.Stays
	had := strings.Contains(r.text.String(), want)
	r.text.Write(text)
	if !had && strings.Contains(r.text.String(), want) {
		close(r.found)
	}
	return len(text), nil
}

func (r *running) printed() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// lineTime is how long a line that a block waits for may take.
const lineTime = 3 * time.Minute

// wait waits for the block's Until or Stays; it returns false where the script ends first,
// or the line does not come.
func (r *running) wait() bool {
	select {
	case <-r.found:
		return true
	case <-r.done:
		return false
	case <-time.After(lineTime):
		return false
	}
}

// interrupt is Ctrl-C, after which a command must end well.
func (r *running) interrupt(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Errorf("%s: it ended by itself: %v\n%s", r.block.Place(), err, r.printed())
		return
	}
	if err := <-r.done; err != nil {
		t.Errorf("%s: after Ctrl-C: %v\n%s%s", r.block.Place(), err, r.block.Text, r.printed())
	}
}

// A load that this machine was too busy for is tried again before anything is said of its page.
func TestInvalidIsTriedAgain(t *testing.T) {
	needPrograms(t, "bash")
	p := &page{clone: t.TempDir(), env: os.Environ()}
	got := p.run(t, docs.Block{File: "p.md", Line: 1, Lang: "sh", Run: true, Text: `echo x >>tries
if [ "$(wc -l <tries)" -lt 3 ]; then printf 'report\nfipsim: invalid: too busy\n'; exit 3; fi
echo held
`})
	if got != "held\n" || p.busy {
		t.Errorf("after two invalid loads and one that held: %q, busy %t", got, p.busy)
	}
}
