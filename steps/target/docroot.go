package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Docroot is a server that serves a folder into which we may write. What we publish is
// below a fresh folder of our own, but for what must be at the root, and is taken away
// afterwards: also by the next run, where one was killed. Nothing is overwritten.
type Docroot struct {
	site
	scenarios.Published // its phones

	mu      sync.Mutex
	dir     *os.Root // the folder that the server serves
	folder  string   // our own in it: fipsim-xxxxxxxx; empty: none was made yet
	journal *journal
	made    int
}

// folderPrefix begins the name of every folder that we make in a docroot.
const folderPrefix = "fipsim-"

// openDocroot clears away what a killed run left, and proves that the folder is what
// each URL serves.
func openDocroot(ctx context.Context, file *scenarios.TargetFile, o Options) (*Docroot, error) {
	dir, err := openDir(file.Docroot)
	if err != nil {
		return nil, err
	}
	d := &Docroot{
		site: newSite(file, o, scenarios.PublishTree, scenarios.Phones, scenarios.Change, scenarios.Intrusive),
		dir:  dir,
	}
	for _, u := range file.URLs {
		if u.Path == "/" {
			d.add(scenarios.PublishRoot)
		}
	}
	d.Published.Publish, d.Published.Seed = d.Publish, o.Seed
	sweep(dir)
	if err := d.prove(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// openDir opens the folder.
func openDir(path string) (*os.Root, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: errors.New("not a folder")}
	}
	if err == nil {
		var dir *os.Root
		if dir, err = os.OpenRoot(path); err == nil {
			return dir, nil
		}
	}
	return nil, &verdict.Usage{Err: fmt.Errorf("--docroot %s: %w", path, reason(err))}
}

// reason is an error of the file system without the path, which stands before it.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// own makes our folder where there is none yet; d.mu is held.
func (d *Docroot) own() error {
	if d.folder != "" {
		return nil
	}
	name := folderPrefix + strings.ToLower(rand.Text()[:8])
	err := d.dir.Mkdir(name, 0o755)
	if err == nil {
		err = d.dir.Chmod(name, 0o755) // whatever the umask: the server is another user
	}
	if err == nil {
		d.journal, err = newJournal(d.dir, name)
	}
	if err != nil {
		_ = d.dir.Remove(name) // empty, where it is there at all
		return &verdict.Error{Err: fmt.Errorf("cannot write into %s: %w", d.file.Docroot, reason(err))}
	}
	d.folder = name
	return nil
}

// Publish implements scenarios.Target.
func (d *Docroot) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.own(); err != nil {
		return nil, err
	}
	d.made++
	place := fmt.Sprintf("%s/%d", d.folder, d.made)
	if err := d.folderAt(place); err != nil {
		return nil, err
	}
	if err := d.write(place, tree); err != nil {
		return nil, err
	}
	return d.publication(place, func(ctx context.Context, next fs.FS) error {
		changed, err := d.replace(place, next)
		if err != nil || !changed {
			return err
		}
		return settle(ctx)
	}), nil
}

// replace puts another tree in the place of one, and reports whether a file of that is
// another now, or gone.
func (d *Docroot) replace(place string, next fs.FS) (changed bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if changed, err = d.differs(place, next); err != nil {
		return false, failed(err)
	}
	if err := d.write(place, next); err != nil {
		return changed, err
	}
	return changed, d.prune(place, next)
}

// differs reports whether a file that is published has another content in a tree, or
// is not in it.
func (d *Docroot) differs(place string, next fs.FS) (bool, error) {
	old, err := fs.Sub(d.dir.FS(), place)
	if err != nil {
		return false, err
	}
	changed := false
	err = fs.WalkDir(old, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		before, err := fs.ReadFile(old, name)
		if err != nil {
			return err
		}
		after, err := fs.ReadFile(next, name)
		if err != nil || !bytes.Equal(before, after) {
			changed = true
			return fs.SkipAll
		}
		return nil
	})
	return changed, err
}

// settleTime is how long a server may go by what it knew of a file: lighttpd looks at
// most once a second. No phone comes back so soon, so that is no fault.
const settleTime = 2500 * time.Millisecond

// settle waits until a server must have noticed.
func settle(ctx context.Context) error {
	select {
	case <-time.After(settleTime):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publication says where a folder below the docroot is.
func (d *Docroot) publication(folder string, replace func(context.Context, fs.FS) error) *scenarios.Publication {
	p := &scenarios.Publication{Replace: replace}
	for _, u := range d.urls {
		base := below(u, folder)
		p.Bases = append(p.Bases, base)
		if guarded(u) {
			p.Guarded = append(p.Guarded, base)
		}
	}
	return p
}

// below is the URL of a folder below another.
func below(u *url.URL, folder string) *url.URL {
	base := *u
	if folder != "" {
		base.Path += folder + "/"
	}
	base.RawPath = ""
	return &base
}

// Reset implements scenarios.Target.
func (d *Docroot) Reset(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.folder == "" {
		return nil
	}
	d.Forget()
	err := errors.Join(d.journal.undo(d.dir), d.dir.RemoveAll(d.folder), d.journal.close())
	d.folder, d.journal = "", nil
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Clean(d.file.Docroot), err)
	}
	return nil
}

// Close implements io.Closer.
func (d *Docroot) Close() error {
	return errors.Join(d.Reset(context.Background()), d.dir.Close())
}
