package fipsim_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/docs"
)

// Every block of every document says what holds it; docs/commands_test.go runs them.
func TestBlocksOfDocuments(t *testing.T) {
	used := make(map[string]bool)
	for _, page := range docs.Pages(".") {
		body, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := docs.Blocks(page, body)
		if err != nil {
			t.Error(err)
		}
		for _, b := range blocks {
			used[b.NotHere] = true
			if b.Of != "" {
				excerpt(t, b)
			}
		}
	}
	for reason := range docs.NotHere {
		if !used[reason] {
			t.Logf("no block is %s any more: docs/blocks.go can do without that reason", reason)
		}
	}
}

// excerpt holds a block against the file that it is of: its lines in order, … for any.
func excerpt(t *testing.T, b docs.Block) {
	t.Helper()
	body, err := os.ReadFile(b.Of)
	if err != nil {
		t.Errorf("%s: %v", b.Place(), err)
		return
	}
	rest := string(body)
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSpace(line)
		if line == "…" {
			continue
		}
		_, after, ok := strings.Cut(rest, line)
		if !ok {
			t.Errorf("%s: %s has no line (there, or after the one before): %s", b.Place(), b.Of, line)
			return
		}
		rest = after
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// Each link between documents leads somewhere.
func TestLinksOfDocuments(t *testing.T) {
	for _, page := range append(docs.Pages("."), "ARCHITECTURE.md", "CONTRIBUTING.md") {
		body, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllSubmatch(body, -1) {
			to := filepath.Join(filepath.Dir(page), string(found[1]))
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", page, found[1])
			}
		}
	}
}
