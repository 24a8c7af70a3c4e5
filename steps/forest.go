package steps

import (
	"io/fs"
	"strings"
)

// forest is a file system of trees, each in a folder of its own.
type forest map[string]fs.FS

// Open implements fs.FS.
func (f forest) Open(name string) (fs.File, error) {
	folder, rest, _ := strings.Cut(name, "/")
	tree, ok := f[folder]
	if !ok || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if rest == "" {
		rest = "."
	}
	return tree.Open(rest)
}
