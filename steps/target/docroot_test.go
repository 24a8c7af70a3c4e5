package target

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/server"
)

// open serves a folder and opens it as a docroot.
func open(t *testing.T, dir string) *Docroot {
	t.Helper()
	tree, root, err := server.Dir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(t.Context(), server.Options{Tree: tree, HTTP: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), root.Close()); err != nil {
			t.Error(err)
		}
	})
	file := &scenarios.TargetFile{Kind: scenarios.KindDocroot, URLs: []*url.URL{s.URL("http")}, Docroot: dir}
	opened, err := Open(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(*Docroot)
}

// contents are all files below a folder, with what is in them.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, dir+"/")] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func put(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func published(names ...string) fstest.MapFS {
	tree := make(fstest.MapFS)
	for _, name := range names {
		tree[name] = &fstest.MapFile{Data: []byte("of ours: " + name), Mode: 0o644}
	}
	return tree
}

// Whatever is published, replaced and put at the root, the folder is afterwards as it
// was.
func TestDocrootIsLeftAsItWas(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"theirs.cfg": "theirs", "y000000000000.boot": "theirs too"})
	before := contents(t, dir)
	d := open(t, dir)
	p, err := d.Publish(t.Context(), published("a.cfg", "Office Features/b c.cfg", "Zoë %41.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Replace(t.Context(), published("a.cfg", "new/c.cfg")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, filepath.FromSlash(strings.Trim(p.Bases[0].Path, "/")))
	if diff := cmp.Diff([]string{"a.cfg", "new/c.cfg"}, slices.Sorted(maps.Keys(contents(t, folder)))); diff != "" {
		t.Errorf("after Replace (-want +got):\n%s", diff)
	}
	r, err := d.PublishRoot(t.Context(), published("0021f2e00001.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Replace(t.Context(), published("0021f2e00001.boot")); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// Whatever the umask is, every user can read what is published.
func TestDocrootIsReadable(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	if _, err := d.Publish(t.Context(), fstest.MapFS{"x/a.cfg": {Data: []byte("x"), Mode: 0o600}}); err != nil {
		t.Fatal(err)
	}
	err := fs.WalkDir(d.dir.FS(), d.folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && entry.Name() != journalName && info.Mode().Perm()&0o044 != 0o044 {
			t.Errorf("%s: %s", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A file that is there is never overwritten, and what was begun before it was met is
// taken away.
func TestRootIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"b.cfg": "theirs"})
	before := contents(t, dir)
	d := open(t, dir)
	if _, err := d.PublishRoot(t.Context(), published("a.cfg", "b.cfg", "c.cfg")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file that is there: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// What a killed run left is taken away by the next one, but for what somebody made his
// own since; a run that lives is left alone.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	killed := open(t, dir)
	if _, err := killed.PublishRoot(t.Context(), published("a.cfg", "b.cfg")); err != nil {
		t.Fatal(err)
	}
	living := open(t, dir)
	if _, err := living.PublishRoot(context.Background(), published("c.cfg")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, map[string]string{"b.cfg": "edited since"})
	if err := killed.journal.close(); err != nil { // as the end of its process does
		t.Fatal(err)
	}
	next := open(t, dir)
	got := contents(t, dir)
	for _, name := range []string{"a.cfg", killed.folder + "/" + journalName} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range []string{"b.cfg", "c.cfg", living.folder + "/" + journalName} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is gone", name)
		}
	}
	if err := errors.Join(next.Close(), living.Close()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"b.cfg": "edited since"}, contents(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
