package steptest_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A suite in somebody's test leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
