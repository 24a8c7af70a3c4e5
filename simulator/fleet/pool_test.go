package fleet

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
)

func pool(t testing.TB) *Pool {
	t.Helper()
	p, err := NewPool(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func poolMember(t testing.TB, p *Pool, o MemberOptions) *Member {
	t.Helper()
	m, err := p.Member(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What one phone has done with, another one uses: sockets too, as in a fleet.
func TestPoolSockets(t *testing.T) {
	spareNetwork(t) // or there are none
	specs := phones(t, 2)
	s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	p := pool(t)
	for _, spec := range specs {
		m := poolMember(t, p, MemberOptions{Spec: Spec{MAC: spec.MAC}, Server: s.URL("tftp").String()})
		if pass := m.Provision(t.Context(), device.PowerOn); !pass.OK() {
			t.Fatalf("%+v", pass)
		}
	}
	if len(p.spares.idle) != 1 {
		t.Errorf("%d sockets lie idle after five files of each phone, one after the other; want 1", len(p.spares.idle))
	}
}

// A phone of a pool makes the pass that one of a fleet makes; each of its files is a step.
func TestPoolPass(t *testing.T) {
	specs := phones(t, 1)
	s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	m := poolMember(t, pool(t), MemberOptions{
		Spec: Spec{MAC: specs[0].MAC, Expect: expect(t, expectTree)}, Server: s.URL("tftp").String()})
	first := m.Provision(t.Context(), device.PowerOn)
	if !first.OK() || first.Outcome != device.Provisioned || first.Err != nil || first.Took <= 0 {
		t.Fatalf("%+v", first)
	}
	var got []string
	for _, s := range first.Steps {
		got = append(got, strings.Join(strings.Fields(s.Stage+" "+s.Protocol+" "+s.Outcome), " "))
	}
	want := "discovery found|mac-boot tftp missing|common-boot tftp done|common-cfg tftp done|other-cfg tftp done|mac-cfg tftp done|merge applied"
	if strings.Join(got, "|") != want {
		t.Errorf("steps %q", got)
	}
	if label, _ := first.Settings.Get("account.1.label"); label != "canary-"+specs[0].MAC.String() {
		t.Errorf("the phone holds the label %q", label)
	}
	// It keeps what it holds, and the server that it knows.
	second := m.Provision(t.Context(), device.Interval)
	if !second.OK() || second.Outcome != device.Unchanged || len(second.Steps) < 6 {
		t.Errorf("%+v", second)
	}
}

// What phones of a pool have in common is read once, whichever goroutine they are on.
func TestPoolShares(t *testing.T) {
	specs := phones(t, 64)
	s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	p := pool(t)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for _, spec := range specs[8*w : 8*w+8] {
				m, err := p.Member(MemberOptions{Spec: spec, Server: s.URL("tftp").String()})
				if err != nil {
					t.Error(err)
					return
				}
				if pass := m.Provision(t.Context(), device.PowerOn); !pass.OK() {
					t.Error(pass.Err)
				}
			}
		})
	}
	all.Wait()
	// Three files in common, one of each phone's own.
	if got, want := p.parser.read, uint64(3+64); got != want {
		t.Errorf("%d files were read, want %d", got, want)
	}
	if n := len(p.shared.bases); n != 3 {
		t.Errorf("%d templates, want 3", n)
	}
}

// Who is to blame: the server that has nothing, or other settings than it should.
func TestPoolFailures(t *testing.T) {
	specs := phones(t, 1)
	p := pool(t)
	t.Run("nothing there", func(t *testing.T) {
		s := serve(t, server.Options{Tree: fstest.MapFS{}, TFTP: tftpAt})
		pass := poolMember(t, p, MemberOptions{Spec: specs[0], Server: s.URL("tftp").String()}).Provision(t.Context(), device.PowerOn)
		if pass.OK() || pass.Outcome != device.NothingFound || pass.Fault != trace.NothingFound || pass.Err == nil {
			t.Errorf("%+v", pass)
		}
	})
	t.Run("wrong", func(t *testing.T) {
		s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
		o := MemberOptions{Spec: Spec{MAC: specs[0].MAC, Expect: expect(t, "lang.gui=German\n")}, Server: s.URL("tftp").String()}
		pass := poolMember(t, p, o).Provision(t.Context(), device.PowerOn)
		if pass.OK() || !pass.Outcome.OK() || len(pass.Wrong) != 1 || pass.Wrong[0].Got != "French" {
			t.Errorf("%+v", pass)
		}
	})
	t.Run("broken off", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		o := MemberOptions{Spec: specs[0], Server: "tftp://127.0.0.1:9/"}
		if pass := poolMember(t, p, o).Provision(ctx, device.PowerOn); pass.Fault != trace.Cancelled {
			t.Errorf("%+v", pass)
		}
	})
}

// What makes no sense is said before anything is sent.
func TestPoolBadInput(t *testing.T) {
	p := pool(t)
	mac := DefaultFirst
	for name, c := range map[string]struct {
		o    MemberOptions
		want string
	}{
		"URL":   {MemberOptions{Spec: Spec{MAC: mac}, Server: "gopher://example.net/"}, "gopher"},
		"model": {MemberOptions{Spec: Spec{MAC: mac, Model: "FIP\n14G"}, Server: "tftp://192.0.2.1/"}, "HTTP header"},
	} {
		if _, err := p.Member(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var small *BudgetError
	if _, err := NewPool(t.Context(), nil, []netip.Addr{netip.MustParseAddr("192.0.2.1")}); !errors.As(err, &small) {
		t.Errorf("an address that this machine has not: %v", err)
	}
}

// Phones that look for their server by PnP do so from one socket.
func TestPoolPnP(t *testing.T) {
	specs := phones(t, 20)
	s := serve(t, server.Options{Tree: tree(specs), TFTP: tftpAt})
	responder, err := server.ListenPnP(t.Context(), server.PnPOptions{URL: func(device.MAC) string { return s.URL("tftp").String() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { responder.Close() })
	p := pool(t)
	members := make([]*Member, len(specs))
	for i, spec := range specs {
		members[i] = poolMember(t, p, MemberOptions{Spec: spec, PnP: responder.Addr().String()})
	}
	var all sync.WaitGroup
	for _, m := range members {
		all.Go(func() {
			if pass := m.Provision(t.Context(), device.PowerOn); !pass.OK() || pass.Steps[0].Name != "pnp" {
				t.Errorf("%v, %+v", pass.Err, pass.Steps)
			}
		})
	}
	all.Wait()
	ports := make(map[netip.AddrPort]bool)
	for _, m := range responder.History() {
		ports[m.Peer] = true
	}
	if len(ports) != 1 {
		t.Errorf("SUBSCRIBEs came from %d sockets", len(ports))
	}
}
