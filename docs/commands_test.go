package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/docs"
)

// page is one document whose commands are run, in a world of its own.
type page struct {
	clone string   // a fresh clone, in which all is run
	here  string   // docs/testdata of the source
	env   []string // with fipsim in the PATH
	stays []*running
	had   map[string]bool // scripts of with= that were run: what they started is there
	lack  bool            // one of them needs what is not installed
	busy  bool            // the block before was skipped, as the machine was too busy
}

// Every command of the README and of docs/ is run in a fresh clone, page by page, in the order of the page. A
// block sees the files that the blocks before it left.
func TestCommands(t *testing.T) {
	if name := os.Getenv(insidePage); name != "" {
		runPage(t, name)
		return
	}
	if testing.Short() {
		t.Skip("runs whole judgements and loads, some of them for the better part of a minute")
	}
	needWorld(t)
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "fipsim"), "./cmd/fipsim")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range docs.Pages("..") {
		if blocks := readPage(t, name); !hasCommands(blocks) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			download(t, name)
			startWorld(t, name, bin)
		})
	}
}

func readPage(t *testing.T, name string) []docs.Block {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := docs.Blocks(name, body)
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func hasCommands(blocks []docs.Block) bool {
	for _, b := range blocks {
		if b.Run {
			return true
		}
	}
	return false
}

// runPage runs the blocks of a page; it is called in the page's world.
func runPage(t *testing.T, name string) {
	p := &page{clone: cloneHere, env: os.Environ(), had: make(map[string]bool)}
	var err error
	if p.here, err = filepath.Abs("testdata"); err != nil {
		t.Fatal(err)
	}
	blocks := readPage(t, name)
	fresh(t, p.clone)
	var printed string
	for _, b := range blocks {
		ok := true
		switch {
		case b.Run:
			ok = t.Run(fmt.Sprintf("line %d", b.Line), func(t *testing.T) { printed = p.run(t, b) })
		case b.Output && p.busy:
			t.Logf("%s: not compared, there is nothing to compare with", b.Place())
		case b.Output:
			ok = t.Run(fmt.Sprintf("line %d", b.Line), func(t *testing.T) { compare(t, b, printed) })
		case b.Path != "":
			p.write(t, b)
		}
		if p.lack {
			t.Skip("the block before said what is missing")
		}
		if !ok {
			t.Fatalf("%s: the rest of the page stands on this block", b.Place())
		}
	}
	for _, r := range p.stays {
		r.interrupt(t)
	}
}

// write makes the file that a reader is told to make.
func (p *page) write(t *testing.T, b docs.Block) {
	path := filepath.Join(p.clone, b.Path)
	if filepath.IsAbs(b.Path) {
		path = b.Path
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.Text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// blockTime is how long a block may take.
const blockTime = 8 * time.Minute

// run runs one block as a script and returns what it printed.
func (p *page) run(t *testing.T, b docs.Block) string {
	p.busy = false
	if b.With != "" {
		p.prepare(t, b)
	}
	if b.Until+b.Stays != "" {
		r := p.start(t, b)
		if !r.wait() {
			t.Fatalf("%s: no line had %q until it ended, or within 3 minutes:\n%s%s", b.Place(), b.Until+b.Stays, b.Text, r.printed())
		}
		if b.Stays != "" {
			p.stays = append(p.stays, r)
			return r.printed()
		}
		r.interrupt(t)
		return r.printed()
	}
	status, printed := p.finish(t, b)
	for try := 2; invalid(status, printed) && try <= loadTries; try++ {
		t.Logf("%s: this machine was too busy for a load that can be judged; once more, %d of %d", b.Place(), try, loadTries)
		time.Sleep(time.Duration(try) * 5 * time.Second) // until what kept it busy is over
		status, printed = p.finish(t, b)
	}
	if invalid(status, printed) {
		p.busy = true
		absent(t, fmt.Sprintf("%s: this machine was too busy for a load that can be judged, %d times:\n%s", b.Place(), loadTries, printed))
	}
	if status != b.Exit {
		t.Fatalf("%s: exit status %d, want %d (```sh exit=N says which is meant)\n%s%s", b.Place(), status, b.Exit, b.Text, printed)
	}
	return printed
}

// loadTries is how often a block is run whose load was invalid, which is no fault of what it shows.
const loadTries = 4

func invalid(status int, printed string) bool {
	return status == 3 && strings.Contains(printed, "\nfipsim: invalid: ")
}

// finish runs a block to its end.
func (p *page) finish(t *testing.T, b docs.Block) (status int, printed string) {
	r := p.start(t, b)
	err := <-r.done
	var exited *exec.ExitError
	switch {
	case errors.As(err, &exited):
		return exited.ExitCode(), r.printed()
	case err != nil:
		t.Fatalf("%s: %v\n%s%s", b.Place(), err, b.Text, r.printed())
	}
	return 0, r.printed()
}

// prepare runs the script that a block's with= names. What it starts stays until the page's end.
func (p *page) prepare(t *testing.T, b docs.Block) {
	if p.had[b.With] {
		return
	}
	p.had[b.With] = true
	script := filepath.Join(p.here, b.With+".sh")
	body, err := os.ReadFile(script)
	if err != nil {
		t.Fatalf("%s: with=%s wants docs/testdata/%s.sh, which makes what the block needs: %v", b.Place(), b.With, b.With, err)
	}
	if needs := regexp.MustCompile(`(?m)^# needs: (.*)$`).FindSubmatch(body); needs != nil {
		p.lack = true
		needPrograms(t, strings.Fields(string(needs[1]))...)
		p.lack = false
	}
	ctx, cancel := context.WithTimeout(t.Context(), blockTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", script)
	cmd.Dir, cmd.Env = p.clone, p.env
	log, err := os.CreateTemp(t.TempDir(), "") // a file, as what the script leaves running would hold a pipe open
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		t.Fatalf("%s: with=%s: %v\n%s", b.Place(), b.With, err, out)
	}
}

// compare holds a page's output against what came: each line, in order; … is anything.
func compare(t *testing.T, b docs.Block, printed string) {
	rest := printed
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		if line == "" || line == "…" {
			continue
		}
		parts := strings.Split(line, "…")
		for i := range parts {
			parts[i] = strings.Join(strings.Fields(parts[i]), " ")
			parts[i] = strings.ReplaceAll(regexp.QuoteMeta(parts[i]), " ", `\s+`)
		}
		found := regexp.MustCompile(strings.Join(parts, `.*`)).FindStringIndex(rest)
		if found == nil {
			t.Fatalf("%s: the page shows this line, and the command printed none such (there, or after the line before):\n%s\n\n%s",
				b.Place(), line, bytes.TrimSpace([]byte(printed)))
		}
		rest = rest[found[1]:]
	}
}
