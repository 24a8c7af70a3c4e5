package pcaps

import (
	"os"
	"os/exec"
	"testing"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// needTshark skips where there is no tshark to be held against, or fails where everything must be there
// (CONTRIBUTING.md).
func needTshark(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("tshark"); err == nil {
		return
	}
	const why = "not installed: tshark; make servers has it"
	if os.Getenv(testbed.RequireReal) == "1" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}
