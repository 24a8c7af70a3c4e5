package steps_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A suite that has judged leaves no goroutine behind, whatever the server did.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
