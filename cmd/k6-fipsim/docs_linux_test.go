package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// block is a fenced block of docs/k6.md.
type block struct{ lang, text string }

func blocks(t *testing.T) []block {
	t.Helper()
	body, err := os.ReadFile("../../docs/k6.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^```([^\n]+)\n(.*?)^```$").FindAllStringSubmatch(string(body), -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// clone copies what git would, as a reader of the page has it.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script := `git ls-files -co --exclude-standard -z | xargs -0 -r sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' sh |
		tar --null -T - -cf - | tar -xf - -C "$1"`
	copying := exec.CommandContext(t.Context(), "sh", "-c", script, "sh", dir)
	copying.Dir = "../.."
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// Every command of docs/k6.md runs, in the order of the page: those of a block one after the other, each of which
// must succeed. What needs a cluster is held by TestManifest, and the benchmark runs by itself.
func TestDocs(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary in a fresh clone")
	}
	tb := testbed.New(t, testbed.Needs{"bash", "git", "tar", "make", "curl"}) // where the page's ports are free
	dir := clone(t)
	var script strings.Builder
	for _, b := range blocks(t) {
		lang, word, _ := strings.Cut(b.lang, " ")
		switch {
		case lang == "js":
			name := strings.TrimPrefix(word, "file=")
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case b.lang == "sh not-here=k6":
			script.WriteString(b.text)
		case b.lang == "sh not-here=kubernetes", b.lang == "sh not-here=suite":
		default:
			t.Errorf("nothing holds a block of %q", b.lang)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	cmd := tb.Phone.Command(ctx, "bash", "-euo", "pipefail", "-c", script.String())
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID} // what is left running ends with the shell
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))                 // a file: what is left running would hold a pipe open
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "GOPROXY=off") // nothing is fetched: the module is built already
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		t.Fatalf("%v\n%s", err, out)
	}
}
