package pcaps

import (
	"testing"

	"go.uber.org/goleak"
)

// Who has read a capture, or has been played one, leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
