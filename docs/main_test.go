package docs_test

import (
	"testing"

	"go.uber.org/goleak"
)

// A page that was played leaves no goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
