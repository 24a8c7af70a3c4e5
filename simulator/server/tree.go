package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Conditions of a name that is not served.
var (
	errNoFile  = errors.New("file not found")
	errRefused = errors.New("access denied")
)

// Dir opens a folder as a tree that nothing leads out of: a symbolic link is followed
// only where it stays inside (os.Root). Close the second value when it is no longer
// served. The error is that of a path which is missing or not a folder.
func Dir(folder string) (fs.FS, io.Closer, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, nil, fmt.Errorf("docroot: %w", err)
	}
	tree := root.FS()
	return tree, root, nil
}

// emptyTree is the tree without a file.
type emptyTree struct{}

func (emptyTree) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// clean turns a name that a client asks for into a name within the tree, as io/fs has
// it. Leading and doubled slashes fall away, since a phone may join its URL either way.
// A name that tries to climb (..), or that another system would read as a path (a
// backslash), names nothing. Letters keep their case: names are case-sensitive. (Guide,
// "Creating MAC-Oriented Boot File".)
func clean(name string) (string, error) {
	if strings.ContainsAny(name, "\x00\\") {
		return "", fmt.Errorf("%w: no file's name has a NUL or a backslash", errNoFile)
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." {
			return "", fmt.Errorf("%w: the name climbs out of the tree", errNoFile)
		}
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		name = "."
	}
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%w: the name is not UTF-8", errNoFile)
	}
	return name, nil
}

// file is a regular file of the tree, open for reading.
type file struct {
	io.ReadSeeker
	io.Closer
	size     int64
	modified time.Time // zero: unknown
}

// open opens the file that a client calls name. It returns the name as the tree has
// it; its error is errNoFile, errRefused, or that of the disk.
func open(tree fs.FS, name string) (*file, string, error) {
	cleaned, err := clean(name)
	if err != nil {
		return nil, name, err
	}
	if strings.HasSuffix(name, "/") {
		return nil, name, fmt.Errorf("%w: a folder's name", errNoFile)
	}
	// Looked at before it is opened: opening a named pipe would wait for its writer.
	info, err := fs.Stat(tree, cleaned)
	if err != nil {
		return nil, cleaned, condition(err)
	}
	if !info.Mode().IsRegular() {
		return nil, cleaned, fmt.Errorf("%w: not a regular file", errNoFile)
	}
	f, err := tree.Open(cleaned)
	if err != nil {
		return nil, cleaned, condition(err)
	}
	seeker, ok := f.(io.ReadSeeker)
	if !ok {
		_ = f.Close()
		return nil, cleaned, fmt.Errorf("%s: %T cannot seek, so it cannot be served", cleaned, f)
	}
	// The size from the open file: a tree that is being written may have changed by now.
	if info, err = f.Stat(); err != nil {
		_ = f.Close()
		return nil, cleaned, condition(err)
	}
	return &file{ReadSeeker: seeker, Closer: f, size: info.Size(), modified: info.ModTime()}, cleaned, nil
}

// condition sorts what the operating system says. Its own words stay out: they name
// paths of this machine.
func condition(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid), isNotFolder(err):
		return errNoFile
	case errors.Is(err, fs.ErrPermission):
		return errRefused
	case escapes(err):
		return fmt.Errorf("%w: a symbolic link leads out of the tree", errNoFile)
	default:
		return fmt.Errorf("read the tree: %w", err)
	}
}
