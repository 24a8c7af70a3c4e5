//go:build linux

package discover_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// Run's thread gives up its capabilities, and ends afterwards.
func TestRawWithoutPrivilege(t *testing.T) {
	tb := testbed.New(t, nil)
	var capErr, err error
	runErr := tb.Phone.Run(func() {
		none := [2]unix.CapUserData{}
		if capErr = unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0]); capErr == nil {
			_, err = discover.ListenRaw(tb.Phone.Interface)
		}
	})
	if runErr != nil || capErr != nil {
		t.Fatal(runErr, capErr)
	}
	if !errors.Is(err, discover.ErrPrivilege) {
		t.Fatalf("error %v, want ErrPrivilege", err)
	}
	text := err.Error()
	if !strings.Contains(text, "CAP_NET_RAW") || !strings.Contains(text, "relay mode") || strings.Contains(text, "\n") {
		t.Errorf("%q: want one line with CAP_NET_RAW and relay mode", text)
	}
}

func TestRawNoSuchInterface(t *testing.T) {
	if _, err := discover.ListenRaw("fipsim-none"); err == nil || errors.Is(err, discover.ErrPrivilege) {
		t.Errorf("error %v, want one that says that there is no such interface", err)
	}
}
