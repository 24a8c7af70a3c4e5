package fleet

import (
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// fault is something that goes wrong while a fleet provisions.
type fault struct {
	name  string
	cable testbed.Cable
	does  func(s *site) // prepares it; nil: the cable is all
	named bool          // it is one of the server's name
	lasts bool          // it is never mended: no phone is provisioned
}

// site is what a cell of the table consists of.
type site struct {
	t      *testing.T
	tb     *testbed.Testbed
	way    string // a scheme, or a way of discovery
	server testbed.Server
	first  *testbed.Running
	second *testbed.Running // another one with the same files; nil: none
	at     atomic.Pointer[url.URL]
	pnp    *server.PnP
	dhcp   *server.DHCP
	load   load
	midway []func()
}

// serversOf are the real servers of a way, and which of their endpoints phones use. Where phones discover, they
// fetch over HTTP.
var serversOf = map[string]struct {
	testbed.Server
	endpoint int
}{
	"tftp": {testbed.Dnsmasq, 0}, "ftp": {testbed.VSFTPD, 0}, "http": {testbed.Nginx, 0}, "https": {testbed.Nginx, 1},
	"pnp": {testbed.Nginx, 0}, "dhcp": {testbed.Nginx, 0},
}

// newSite starts what phones of that way need, behind a fault's cable.
func newSite(t *testing.T, way string, f fault, phones []Spec) *site {
	s := &site{t: t, way: way, server: serversOf[way].Server}
	c := f.cable
	c.Seed = 1
	s.tb = testbed.NewOver(t, s.server.Needs, c)
	s.first = s.tb.Start(s.server, s.tb.Publish(tree(phones)))
	s.at.Store(s.endpoint(s.first))
	s.load = load{
		Server: s.at.Load().String(), Phones: len(phones), Stage: Stage{Arrival: "avalanche", Over: time.Second}, Expect: expectTree,
		Options: append([]string{"pnp_linger=50ms", "dhcp_wait=20s"}, patience...), CA: string(s.first.CA.PEM), Most: 5 * time.Minute, Limit: 4 * time.Minute,
	}
	switch way {
	case "pnp":
		s.load.PnP = s.tb.Server.Addr.String() + ":5060"
		s.listenPnP()
	case "dhcp":
		s.load.DHCP.Relay = s.tb.Server.Addr.String() + ":67"
		s.listenDHCP()
	}
	if s.discovers() {
		s.load.Server, s.load.Stage.Discovery = "", Mix{way: 1}
	}
	t.Cleanup(s.silence)
	if f.does != nil {
		f.does(s)
	}
	return s
}

func (s *site) discovers() bool { return s.way == "pnp" || s.way == "dhcp" }

func (s *site) endpoint(r *testbed.Running) *url.URL {
	return r.Endpoints[serversOf[s.way].endpoint].URL
}

// told is what phones hear from PnP or DHCP.
func (s *site) told(device.MAC) string { return s.at.Load().String() }

func (s *site) listenPnP() {
	var err error
	if s.pnp, err = server.ListenPnP(s.t.Context(), server.PnPOptions{Listen: s.load.PnP, URL: s.told, Network: s.tb.Server.Network()}); err != nil {
		s.t.Error(err)
	}
}

func (s *site) listenDHCP() {
	var err error
	s.dhcp, err = server.ListenDHCP(s.t.Context(), server.DHCPOptions{
		Listen: s.load.DHCP.Relay, Option66: s.told, Pool: manyAddresses, Network: s.tb.Server.Network(),
	})
	if err != nil {
		s.t.Error(err)
	}
}

// silence ends who tells phones their server.
func (s *site) silence() {
	if s.pnp != nil {
		if err := s.pnp.Close(); err != nil {
			s.t.Error(err)
		}
	}
	if s.dhcp != nil {
		if err := s.dhcp.Close(); err != nil {
			s.t.Error(err)
		}
	}
	s.pnp, s.dhcp = nil, nil
}

// speak starts it again.
func (s *site) speak() {
	switch s.way {
	case "pnp":
		s.listenPnP()
	case "dhcp":
		s.listenDHCP()
	}
}

// restarts kills the server in mid-run and starts it again; where phones discover, who tells them their server.
func restarts(s *site) {
	s.load.Stage.Over, s.load.Soon = storm(s), true
	if s.discovers() {
		s.midway = []func(){s.silence, s.speak}
		return
	}
	s.midway = []func(){s.first.Kill, s.first.Revive}
}

// moves kills the server in mid-run, where another has its files; then the name, PnP or DHCP names that one.
func moves(s *site) {
	s.load.Stage.Over, s.load.Soon = storm(s), true
	s.second = s.tb.Start(s.server, s.first.Docroot)
	rename := func() { s.at.Store(s.endpoint(s.second)) }
	if !s.discovers() {
		dns := s.named()
		dns.is(s.first.Addr)
		rename = func() { dns.is(s.second.Addr) }
	}
	s.midway = []func(){s.first.Kill, rename}
}

// named makes phones know the server by a name.
func (s *site) named() *names {
	dns, at := serveNames(s.t, s.tb)
	u := *s.at.Load()
	u.Host = testbed.Name
	s.load.Server, s.load.DNS = u.String(), at
	return dns
}

// nameless is a name that does not resolve, until it does: once a phone has failed for it.
func nameless(s *site) {
	dns := s.named()
	s.midway = []func(){func() { dns.is(s.first.Addr) }}
}

// namelessForGood is a name that does not resolve.
func namelessForGood(s *site) {
	s.named()
	s.load.Stage.Arrival = "storm"
}

// gone is a server that is not there.
func gone(s *site) {
	s.load.Stage.Arrival = "storm"
	if s.discovers() {
		s.silence()
		return
	}
	s.first.Kill()
}

// storm is how long phones arrive where something happens meanwhile.
func storm(s *site) time.Duration {
	return max(4*time.Second, time.Duration(s.load.Phones)*2*time.Millisecond)
}
