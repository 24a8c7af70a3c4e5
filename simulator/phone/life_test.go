package phone_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

var update = flag.Bool("update", false, "write testdata/*.golden anew")

// golden compares lines with a file in testdata.
func golden(t *testing.T, name string, got []string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	text := strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A day of a phone's life: 24 interval passes, a change that applies, one that needs a
// reboot, a check-sync in mid-pass, a server that is dead for three hours.
func TestDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "account.1.label=Reception\n")
		l := office.live(t, phone.Options{})

		l.at(2*time.Hour + 30*time.Minute)
		office.serve(serverA, "0021f2000001.cfg", "account.1.label=Front desk\n")

		l.at(5*time.Hour + 20*time.Minute)
		office.serve(serverA, "y000000000000.cfg", "account.1.label=Reception\nstatic.network.vlan.id=7\n")
		// takes effect at 6:00, and the phone is back at 6:00:30

		l.at(8*time.Hour + 30*time.Second + 60*time.Millisecond) // a pass takes 40 ms, from 8:00:30.040 on
		l.Trigger(device.CheckSync)

		l.at(12*time.Hour + 10*time.Minute)
		office.unplug(serverA)
		l.at(15*time.Hour + 10*time.Minute)
		office.serve(serverA, "0021f2000001.cfg", "account.1.label=Night desk\n")
		office.plugIn(serverA)

		l.at(24*time.Hour + 10*time.Minute)
		l.off()
		golden(t, "day.golden", l.story())
		if n := l.Status().Passes; n != 1+24+1+1 {
			t.Errorf("%d passes, want power-on, 24 intervals, the reboot's and the check-sync's", n)
		}
	})
}
