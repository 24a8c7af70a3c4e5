package discover_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

func startServer(t *testing.T, o server.DHCPOptions) *server.DHCP {
	t.Helper()
	d, err := server.ListenDHCP(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func startRelay(t *testing.T, at netip.AddrPort) *discover.Relay {
	t.Helper()
	relay, err := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: at.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return relay
}

// Each legal oddity of a server, over relay mode: the phone finds the same URL.
func TestRelayAgainstOddServers(t *testing.T) {
	const url = "tftp://192.0.2.1/FIP/"
	for _, oddities := range append([][]server.DHCPOddity{nil, server.DHCPOddities()}, each(server.DHCPOddities())...) {
		t.Run(words(oddities), func(t *testing.T) {
			t.Parallel() // a NAK costs the phone 3 s
			d := startServer(t, server.DHCPOptions{Oddities: oddities, Option66: func(device.MAC) string { return url }})
			relay, events := startRelay(t, d.Addr()), new(trace.Recorder)
			phone := discover.DHCP{Transport: relay, Trace: events}
			id := device.Identity{MAC: guideMAC}
			offer, err := phone.Find(t.Context(), id)
			if err != nil || offer.URL != url || offer.From != d.Addr() {
				t.Fatalf("offer %+v, %v; want %s from %s\n%v", offer, err, url, d.Addr(), events.Events())
			}
			if err := phone.Renew(t.Context(), id, offer.Lease); err != nil {
				t.Errorf("renew: %v", err)
			}
			if err := phone.Release(t.Context(), id, offer.Lease); err != nil {
				t.Errorf("release: %v", err)
			}
		})
	}
}

func each(all []server.DHCPOddity) [][]server.DHCPOddity {
	var lists [][]server.DHCPOddity
	for _, one := range all {
		lists = append(lists, []server.DHCPOddity{one})
	}
	return lists
}

func words(oddities []server.DHCPOddity) string {
	text := "none"
	for _, o := range oddities {
		text += "+" + string(o)
	}
	return strings.TrimPrefix(text, "none+")
}

// Many phones on one socket: each gets its own lease and its own option 66.
func TestRelayManyPhones(t *testing.T) {
	d := startServer(t, server.DHCPOptions{Pool: netip.MustParsePrefix("10.8.0.0/16"), Option66: device.MAC.String})
	relay := startRelay(t, d.Addr())
	const phones = 200
	addrs := make([]netip.Addr, phones)
	var all sync.WaitGroup
	for i := range phones {
		all.Go(func() {
			id := device.Identity{MAC: guideMAC.Add(uint64(i))}
			offer, err := discover.DHCP{Transport: relay}.Find(t.Context(), id)
			if err != nil || offer.URL != id.MAC.String() {
				t.Errorf("%s: offer %q, %v", id.MAC, offer.URL, err)
				return
			}
			addrs[i] = offer.Lease.Address.Addr()
		})
	}
	all.Wait()
	seen := make(map[netip.Addr]bool)
	for _, a := range addrs {
		if seen[a] {
			t.Errorf("%s was leased twice", a)
		}
		seen[a] = true
	}
}

// unprivileged refuses port 67, as the system does.
type unprivileged struct{ wire.Network }

func (n unprivileged) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if strings.HasSuffix(address, ":67") {
		return nil, &net.OpError{Op: "listen", Net: network, Err: syscall.EACCES}
	}
	return n.Network.ListenPacket(ctx, network, address)
}

// Port 67 of the relay cannot be had, and nobody answers at another: the error says
// what may be missing.
func TestRelayWithoutPort67(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := discover.RelayOptions{Server: "192.0.2.9", Network: unprivileged{new(wire.Memory)}}
		relay, err := discover.ListenRelay(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if port := relay.Local().Port(); port == 67 || port == 0 {
			t.Errorf("the relay's port is %d, want any other", port)
		}
		_, err = discover.DHCP{Transport: relay}.Find(t.Context(), device.Identity{})
		if !errors.Is(err, discover.ErrNothing) || !strings.Contains(err.Error(), "CAP_NET_BIND_SERVICE") {
			t.Errorf("error %v, want ErrNothing and what is needed", err)
		}
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
		_, err = discover.DHCP{Transport: relay}.Find(t.Context(), device.Identity{})
		if err == nil || errors.Is(err, discover.ErrNothing) {
			t.Errorf("after Close: %v, want an error that says so", err)
		}
	})
}

// A relay that is closed while a phone waits ends that phone's search.
func TestRelayClosedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := discover.RelayOptions{Server: "192.0.2.9:67", Network: new(wire.Memory)}
		relay, err := discover.ListenRelay(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*time.Second, func() { _ = relay.Close() })
		start := time.Now()
		_, err = discover.DHCP{Transport: relay}.Find(t.Context(), device.Identity{})
		if err == nil || time.Since(start) != 5*time.Second {
			t.Errorf("ended after %s with %v", time.Since(start), err)
		}
	})
}

func TestRelayBadServer(t *testing.T) {
	for _, bad := range []string{"", ":67", "192.0.2.9:0", "192.0.2.9:none", "[2001:db8::1]:67"} {
		relay, err := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: bad, Network: new(wire.Memory)})
		if err == nil {
			t.Errorf("%q: no error", bad)
			_ = relay.Close()
		}
	}
}
