package library_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Who has read the library leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
