package discover

import (
	"testing"

	"go.uber.org/goleak"
)

// A search that is over leaves no goroutine behind, whoever answered it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
