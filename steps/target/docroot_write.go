package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// folderAt makes a folder that every user can read.
func (d *Docroot) folderAt(name string) error {
	err := d.dir.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = d.dir.Chmod(name, 0o755)
	}
	return failed(err)
}

// failed is an error of the file system as ours: nothing can be said of the server.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return &verdict.Error{Err: err}
}

// write copies a tree into a folder of ours, each file whole or not at all: a server
// that reads meanwhile sees the old one or the new one.
func (d *Docroot) write(folder string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || name == ".":
			return err
		case entry.IsDir():
			return d.folderAt(path.Join(folder, name))
		}
		from, err := tree.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = from.Close() }() // it was only read
		fresh := path.Join(d.folder, ".new")
		if err := d.fill(fresh, from); err != nil {
			return failed(fmt.Errorf("%s: %w", name, err))
		}
		return failed(d.dir.Rename(fresh, path.Join(folder, name)))
	})
}

// fill writes a file that every user can read.
func (d *Docroot) fill(name string, from io.Reader) error {
	to, err := d.dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Chmod(0o644), to.Close())
}

// prune removes from a folder of ours what a tree has not.
func (d *Docroot) prune(folder string, tree fs.FS) error {
	sub, err := fs.Sub(d.dir.FS(), folder)
	if err != nil {
		return failed(err)
	}
	var gone []string
	err = fs.WalkDir(sub, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if _, err := fs.Stat(tree, name); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, name)
		}
		return nil
	})
	for _, name := range slices.Backward(gone) { // what is in a folder before the folder
		err = errors.Join(err, d.dir.Remove(path.Join(folder, name)))
	}
	return failed(err)
}

// PublishRoot implements scenarios.RootPublisher. Each file is noted before it is made,
// so that a later run can take it away.
func (d *Docroot) PublishRoot(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.own(); err != nil {
		return nil, err
	}
	names, err := d.plant(tree)
	if err != nil {
		return nil, errors.Join(err, d.uproot(names))
	}
	return d.publication("", func(_ context.Context, next fs.FS) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if err := d.uproot(names); err != nil {
			return err
		}
		names, err = d.plant(next)
		return err
	}), nil
}

// plant writes the files of a tree, which has no folders, into the docroot itself, and
// returns those that it made. It overwrites nothing.
func (d *Docroot) plant(tree fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(tree, ".")
	if err != nil {
		return nil, err
	}
	var made []string
	for _, entry := range entries {
		name := entry.Name()
		if entry.IsDir() {
			return made, failed(fmt.Errorf("%s: at a server's root only files are published", name))
		}
		body, err := fs.ReadFile(tree, name)
		if err != nil {
			return made, err
		}
		if _, err := d.dir.Lstat(name); err == nil {
			return made, failed(&fs.PathError{Op: "publish", Path: name, Err: fs.ErrExist})
		}
		if err := d.journal.note(name, body); err != nil {
			return made, failed(err)
		}
		// From our folder by a link, which fails where somebody else was faster.
		fresh := path.Join(d.folder, ".root")
		if err := os.WriteFile(d.path(fresh), body, 0o644); err != nil {
			return made, failed(err)
		}
		err = errors.Join(d.dir.Chmod(fresh, 0o644), d.dir.Link(fresh, name))
		if err = errors.Join(err, d.dir.Remove(fresh)); err != nil {
			return made, failed(err)
		}
		made = append(made, name)
	}
	return made, nil
}

// path is a name within the docroot as the operating system has it.
func (d *Docroot) path(name string) string { return path.Join(d.dir.Name(), name) }

// uproot removes files of ours from the docroot itself.
func (d *Docroot) uproot(names []string) error {
	var errs []error
	for _, name := range names {
		errs = append(errs, d.dir.Remove(name))
	}
	return failed(errors.Join(errs...))
}
