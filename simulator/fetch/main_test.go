package fetch

import (
	"testing"

	"go.uber.org/goleak"
)

// A fetch that is over leaves no goroutine behind, however the server treated it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
