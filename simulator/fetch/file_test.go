package fetch

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

func TestFileFailures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.cfg"), []byte("a = 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.cfg"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop.cfg", filepath.Join(dir, "loop.cfg")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		url   string
		limit int64
		want  error
		words string
	}{
		{"file://" + dir + "/missing.cfg", 0, ErrNotFound, "no such file"},
		{"file://" + dir + "/a.cfg/b.cfg", 0, ErrNotFound, "no such file"},
		{"file://" + dir, 0, ErrForbidden, "a folder"},
		{"file://" + dir + "/pipe.cfg", 0, ErrForbidden, "not a regular file"},
		{"file:///dev/zero", 0, ErrForbidden, "not a regular file"},
		{"file://" + dir + "/loop.cfg", 0, ErrLocal, "too many levels of symbolic links"},
		{"file://" + dir + "/" + strings.Repeat("x", 300), 0, ErrLocal, "file name too long"},
		{"file://" + dir + "/a.cfg", 4, ErrTooLarge, "5 bytes announced"},
		{"file://server/share/a.cfg", 0, ErrBadURL, "names no host"},
		{"file:///a%00b", 0, ErrBadURL, "not the path"},
		{"file:a.cfg", 0, ErrBadURL, "not the path"},
	} {
		_, err := new(kit).request(t, Request{URL: mustURL(t, test.url), Limit: test.limit})
		fails(t, err, test.want, test.words)
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
