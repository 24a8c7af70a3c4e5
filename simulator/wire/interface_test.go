package wire_test

import (
	"net"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
)

func TestInterfacePrefix(t *testing.T) {
	if _, err := wire.InterfacePrefix("no-such-if0"); err == nil || !strings.Contains(err.Error(), "interface no-such-if0: no such") {
		t.Errorf("no interface: %v", err)
	}
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 || i.Flags&net.FlagUp == 0 {
			continue
		}
		prefix, err := wire.InterfacePrefix(i.Name)
		if err != nil || !prefix.Addr().IsLoopback() || prefix.Bits() > 32 {
			t.Errorf("%s: %s, %v; want an address of the loopback", i.Name, prefix, err)
		}
		return
	}
	t.Skip("this machine has no loopback interface that is up")
}
