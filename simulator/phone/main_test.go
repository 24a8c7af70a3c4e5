package phone_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// provisionUntilKilled makes this test binary a phone with flash in that folder: see
// TestKilled.
var provisionUntilKilled = flag.String("provision-until-killed", "", "be the phone of TestKilled, with this folder")

func TestMain(m *testing.M) {
	flag.Parse()
	if *provisionUntilKilled != "" {
		untilKilled(*provisionUntilKilled)
		return
	}
	goleak.VerifyTestMain(m)
}
