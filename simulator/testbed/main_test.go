package testbed_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A testbed that is taken down leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
