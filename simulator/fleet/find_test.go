package fleet

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// No rate is low enough for a server that is not there; a fleet can be too small for a trial.
func TestFindNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		threshold, err := ParseThreshold("errors<1%")
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Phones: phones(t, 30), Servers: []string{"http://192.0.2.9/"}, Network: new(wire.Memory)}
		f, err := Find(t.Context(), o, threshold, 2*time.Second)
		if err != nil || f.Rate != 0 || len(f.Trials) != 2 || verdict.Exit(f.Verdict()) != verdict.ExitFail {
			t.Errorf("%+v, %v", f, err)
		}
		o.Phones = phones(t, 5)
		if f, err = Find(t.Context(), o, threshold, 2*time.Second); err != nil || !strings.Contains(f.Ours, "take more") {
			t.Errorf("%+v, %v", f, err)
		}
		if _, err = Find(t.Context(), o, threshold, time.Second); err == nil {
			t.Error("a trial of a second is taken")
		}
	})
}
