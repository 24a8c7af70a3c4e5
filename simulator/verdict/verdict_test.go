package verdict_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/fipsim/fipsim/simulator/verdict"
)

func TestExit(t *testing.T) {
	cause := errors.New("cause")
	for name, test := range map[string]struct {
		err  error
		want int
	}{
		"held":                       {nil, 0},
		"the server's fault":         {&verdict.Fail{Err: cause}, 1},
		"the command line":           {verdict.Usagef("--mac: %w", cause), 2},
		"could not judge":            {&verdict.Error{Err: cause}, 3},
		"an error without a verdict": {cause, 3},
		"wrapped":                    {fmt.Errorf("while: %w", &verdict.Fail{Err: cause}), 1},
	} {
		if got := verdict.Exit(test.err); got != test.want {
			t.Errorf("%s: exit %d, want %d", name, got, test.want)
		}
		if test.err != nil && !errors.Is(test.err, cause) {
			t.Errorf("%s hides its cause", name)
		}
	}
}
