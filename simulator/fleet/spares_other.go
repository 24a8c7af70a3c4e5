//go:build !linux

package fleet

import (
	"errors"
	"net/netip"
)

// release is not known here.
func (c *spare) release() error { return errors.ErrUnsupported }

// bind is not known here.
func (c *spare) bind(netip.Addr, uint16) error { return errors.ErrUnsupported }
