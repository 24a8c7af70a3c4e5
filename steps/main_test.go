package steps_test

import (
	"flag"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// A suite that has judged leaves no goroutine behind, whatever the server did.
func TestMain(m *testing.M) {
	sideBySide()
	goleak.VerifyTestMain(m)
}

// manyWaits is how many parallel tests go on at once: phones wait in most of them.
const manyWaits = 16

// sideBySide lets so many, unless -parallel says how many. What -short leaves does not wait.
func sideBySide() {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue && !testing.Short() {
		_ = p.Value.Set(strconv.Itoa(manyWaits)) // a number
	}
}

// besideOthers is t.Parallel, but for a race run. A test whose rules must come to one verdict is not parallel at all:
// beside so many others this process stands still at times, and could not judge.
func besideOthers(t *testing.T) {
	t.Helper()
	if !testing.Short() {
		t.Parallel()
	}
}
