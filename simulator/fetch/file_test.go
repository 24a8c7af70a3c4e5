package fetch

import (
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range oddNames {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("in "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		// Through its text, as a command line has it.
		text := (&url.URL{Scheme: "file", Path: path}).String()
		new(kit).body(t, Request{URL: mustURL(t, text)}, "in "+name)
	}
}

// A drive is one on Windows alone.
func TestLocalName(t *testing.T) {
	names := map[string]string{"": "", "/": "/", "/dir/a.cfg": "/dir/a.cfg", "/C:/dir/a.cfg": "/C:/dir/a.cfg"}
	if runtime.GOOS == "windows" {
		names = map[string]string{"": "", "/": `\`, "/dir/a.cfg": `\dir\a.cfg`, "/C:/dir/a.cfg": `C:\dir\a.cfg`}
	}
	for path, want := range names {
		if got := LocalName(path); got != want {
			t.Errorf("%q is %q, want %q", path, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"550 No such file\r\n":    "550 No such file",
		"a\x1b[31mred\x00\u202eb": "a [31mred b",
		"a \t\n b":                "a b",
		"Büro 電話":                 "Büro 電話",
		"bad \xff utf":            "bad utf",
		"my pass is hunter2":      "my pass is ***",
	} {
		if diff := cmp.Diff(want, clean(text, "hunter2", "")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := clean(strings.Repeat("電", 1<<20)); len(got) > maxQuoted+len("…") || !strings.HasSuffix(got, "電…") {
		t.Errorf("a long text becomes %d bytes: %q", len(got), got)
	}
}
