package docs_test

import (
	"flag"
	"strconv"
	"testing"

	"go.uber.org/goleak"
)

// A page that was played leaves no goroutine behind.
func TestMain(m *testing.M) {
	sideBySide()
	goleak.VerifyTestMain(m)
}

// manyPages is how many pages go on at once, each in a world of its own: much of their time phones wait. More would make
// loads invalid.
const manyPages = 4

// sideBySide lets so many, unless -parallel says how many.
func sideBySide() {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue {
		_ = p.Value.Set(strconv.Itoa(manyPages)) // a number
	}
}
