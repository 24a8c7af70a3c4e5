//go:build unix

package fetch

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

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
