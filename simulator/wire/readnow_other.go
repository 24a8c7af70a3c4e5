//go:build !unix

package wire

import (
	"errors"
	"syscall"
)

// readNow is not known here.
func readNow(syscall.RawConn, []byte) (int, error) { return 0, errors.ErrUnsupported }
