package faulty_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A faulty server that was closed leaves no goroutine behind, whatever it did to its clients.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
