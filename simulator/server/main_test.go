package server_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A server that was closed leaves no goroutine behind, whatever its clients did.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
