package fetch

import (
	"errors"
	"net/netip"
	"net/url"
	"testing"

	"github.com/fipsim/fipsim/simulator/wire"
)

// From the loopback's address nothing reaches another machine: that is our fault, or the network's, and not that
// of a server which was never asked.
func TestFromLoopback(t *testing.T) {
	s, err := New(Options{Network: wire.OS{Local: netip.MustParseAddr("127.0.0.1")}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, scheme := range []string{"tftp", "http", "ftp"} {
		u := &url.URL{Scheme: scheme, Host: "192.0.2.1", Path: "/x.cfg"}
		_, err := s.Fetch(t.Context(), Request{URL: u, Name: "x.cfg"})
		if !errors.Is(err, ErrLocal) && !errors.Is(err, ErrUnreachable) {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
