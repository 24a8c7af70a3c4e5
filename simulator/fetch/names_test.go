package fetch

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/wire"
)

// zone is a network on which a name means another address each time that it is asked
// for, and where each address is dead in a way of its own.
type zone struct {
	wire.Network // none: nothing else is asked of it

	answers [][]netip.Addr
	asked   int
	open    netip.Addr          // somebody listens there
	silent  map[netip.Addr]bool // nobody refuses there
	dialled []string
}

func (z *zone) LookupHost(context.Context, string) ([]netip.Addr, error) {
	z.asked++
	return z.answers[min(z.asked, len(z.answers))-1], nil
}

func (z *zone) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	z.dialled = append(z.dialled, address)
	at := netip.MustParseAddrPort(address).Addr()
	switch {
	case at == z.open:
		conn, _ := net.Pipe()
		return conn, nil
	case z.silent[at]:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, errors.New("nobody at " + address)
}

func addresses(text string) (all []netip.Addr) {
	for _, t := range strings.Fields(text) {
		all = append(all, netip.MustParseAddr(t))
	}
	return all
}

// A name keeps its addresses for a pass, those that no server can have are left out, and
// the others are tried in turn, within ten seconds and not all of hundreds.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name           string
		answers        []string
		open, silent   string
		dialled, fails string
		took           time.Duration
	}{
		{name: "another address the second time", answers: []string{"192.0.2.1", "192.0.2.2"}, open: "192.0.2.1", dialled: "192.0.2.1 192.0.2.1"},
		{name: "nobody at the first", answers: []string{"192.0.2.1 192.0.2.2"}, open: "192.0.2.2",
			dialled: "192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.2"},
		{name: "silence at the first", answers: []string{"192.0.2.1 192.0.2.2"}, open: "192.0.2.2", silent: "192.0.2.1",
			dialled: "192.0.2.1 192.0.2.2 192.0.2.1 192.0.2.2", took: 10 * time.Second},
		{name: "groups and nobody among them", answers: []string{"0.0.0.0 224.0.1.75 255.255.255.255 :: ff02::1 192.0.2.1"}, open: "192.0.2.1",
			dialled: "192.0.2.1 192.0.2.1"},
		{name: "nobody alone", answers: []string{"0.0.0.0"}, fails: "the name a.test leads to 0.0.0.0, which no server can have"},
		{name: "no address", answers: []string{""}, fails: "no address is known for a.test"},
		{name: "more than are tried", answers: []string{strings.Repeat("192.0.2.1 ", 100)},
			dialled: strings.Repeat("192.0.2.1 ", 2*maxAddresses), fails: "nobody at 192.0.2.1:80"},
		{name: "silence at all", answers: []string{strings.Repeat("192.0.2.1 ", 8)}, silent: "192.0.2.1",
			dialled: strings.Repeat("192.0.2.1 ", 10), fails: "deadline exceeded", took: 20 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				z := &zone{silent: make(map[netip.Addr]bool)}
				for _, text := range tt.answers {
					z.answers = append(z.answers, addresses(text))
				}
				for _, a := range addresses(tt.open) {
					z.open = a
				}
				for _, a := range addresses(tt.silent) {
					z.silent[a] = true
				}
				n, start := &names{Network: z}, time.Now()
				for range 2 {
					_, err := n.DialContext(t.Context(), "tcp", "a.test:80")
					if (err != nil) != (tt.fails != "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
						t.Errorf("%v, want %q", err, tt.fails)
					}
				}
				var dialled []string
				for _, a := range strings.Fields(tt.dialled) {
					dialled = append(dialled, a+":80")
				}
				if diff := cmp.Diff(dialled, z.dialled); diff != "" {
					t.Errorf("dialled: -want +got\n%s", diff)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// A request to several machines at once is not sent: not to those that a URL names, nor
// to those that a name stands for.
func TestTFTPGroups(t *testing.T) {
	for at, want := range map[string]error{
		"tftp://255.255.255.255/x": ErrBadURL, "tftp://224.0.1.75/x": ErrBadURL, "tftp://[ff02::1]:69/x": ErrBadURL, "tftp://a.test/x": ErrUnknownHost,
	} {
		s, err := New(Options{Network: &zone{answers: [][]netip.Addr{addresses("224.0.1.75")}}}) // a socket would be a panic
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Fetch(t.Context(), Request{URL: u}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", at, err, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
