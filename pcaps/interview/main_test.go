package interview_test

import (
	"testing"

	"go.uber.org/goleak"
)

// An interview that is over leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
