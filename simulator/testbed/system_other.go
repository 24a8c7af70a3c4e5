//go:build !linux

package testbed

import (
	"errors"
	"os"
	"syscall"
)

// Elsewhere than on Linux there are no namespaces: leaveNetwork says so, Missing tells it, and a test that wants a
// testbed is skipped. Nothing else here is reached then.
func leaveNetwork() error { return errors.ErrUnsupported }

func enterNetwork(*os.File) error { return errors.ErrUnsupported }

func ownProcesses(bool) *syscall.SysProcAttr { return new(syscall.SysProcAttr) }

func endWithUs(*syscall.SysProcAttr) {}

func tapDevice(string) (*os.File, error) { return nil, errors.ErrUnsupported }
