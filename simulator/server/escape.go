package server

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
)

// escapes reports whether err is os.Root's "path escapes from parent", which has no
// exported name (os/root.go, errPathEscapes).
func escapes(err error) bool {
	var pathError *fs.PathError
	return errors.As(err, &pathError) && strings.Contains(pathError.Err.Error(), "escapes from parent")
}

// isNotFolder reports whether a file was used as a folder ("a.cfg/b"), or links turn in
// a circle: for a client there is no such file.
func isNotFolder(err error) bool {
	return errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENAMETOOLONG)
}
