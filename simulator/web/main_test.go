package web

import (
	"testing"

	"go.uber.org/goleak"
)

// A page that was closed leaves no goroutine behind, whatever browsers did.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
