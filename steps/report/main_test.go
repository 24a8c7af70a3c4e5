package report_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A report that is written, and progress that is done, leave no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
