package pcaps

import (
	"bytes"
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/wire"
)

// shot is a frame of a pass.
type shot struct {
	at   time.Time
	data []byte
}

// acted is how a pass is acted out: a phone of ours against a server that is wrong on
// purpose, or right.
type acted struct {
	fault   string            // of package faulty; empty: the server is right
	scheme  string            // by which the phone asks; empty: as the fault's name says, or what PnP or DHCP tell
	tree    map[string]string // empty: a boot file, an include, the phone's own cfg
	login   bool              // the server asks for credentials, and the phone has none
	wrong   bool              // the phone has wrong credentials
	foreign bool              // the phone does not trust the server's authority
	lose    func(d wire.Datagram, ours bool) bool
	port    bool // the phone has a wrong port
	profile string
}

const (
	passMAC  = "0021f2000001"
	passBoot = passMAC + ".boot"
	passCfg  = passMAC + ".cfg"
	account  = "account.1.enable = 1\naccount.1.label = Anna\naccount.1.sip_server_host = 192.0.2.7\n" +
		"account.1.user_name = 1001\naccount.1.password = hunter2\n"
)

// goodTree is what a server that is right publishes.
func goodTree() map[string]string {
	return map[string]string{passBoot: "#!version:1.0.0.1\ninclude:config <office.cfg>\ninclude:config <" + passCfg + ">\n",
		"office.cfg": "lang.gui = French\n", passCfg: account}
}

func treeOf(files map[string]string) fstest.MapFS {
	tree := make(fstest.MapFS)
	for name, body := range files {
		tree[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return tree
}

// url is what the phone is told by hand; none where PnP or DHCP tell it.
func (a acted) url(t *testing.T, s *faulty.Server) string {
	scheme := a.scheme
	if scheme == "" {
		scheme, _, _ = strings.Cut(a.fault, "/")
	}
	u := s.URLs()[scheme]
	switch {
	case scheme == "pnp" || scheme == "dhcp":
		return ""
	case u == nil:
		t.Fatalf("nothing serves %s", scheme)
	case a.login:
		u = s.Guarded()[scheme]
		own := *u
		if own.User = nil; a.wrong {
			own.User = url.UserPassword("phone", "not this one")
		}
		return own.String()
	case a.port:
		own := *u
		own.Host = "127.0.0.1:1"
		return own.String()
	}
	return u.String()
}

// make lets the pass happen, and returns what crossed the phone's sockets.
func (a acted) make(t *testing.T) []shot {
	t.Helper()
	fault, err := faulty.Find(a.fault)
	if a.fault == "" {
		fault, err = faulty.Fault{}, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if a.tree == nil {
		a.tree = goodTree()
	}
	s, err := faulty.Start(t.Context(), fault, treeOf(a.tree))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	c, err := wire.NewCapture(&out, net.HardwareAddr(device.DefaultMAC[:]))
	if err != nil {
		t.Fatal(err)
	}
	a.provision(t, s, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return shots(t, out.Bytes())
}

// provision runs one pass. How it ends is what the capture is to tell.
func (a acted) provision(t *testing.T, s *faulty.Server, c *wire.Capture) {
	tap := &wire.Tap{Capture: c}
	if a.lose != nil {
		tap.Fault = func(d wire.Datagram, ours bool) []time.Duration {
			if a.lose(d, ours) {
				return nil
			}
			return []time.Duration{0}
		}
	}
	behaviour := device.Behaviour{TFTPResend: 400 * time.Millisecond, PnPWait: time.Second, PnPLinger: time.Millisecond,
		DHCPWait: time.Second, PassTime: 3 * time.Second, TLSProfile: a.profile}
	o := phone.Options{Network: tap, Behaviour: behaviour, TLS: fetch.TLS{CA: s.CA()}, Finders: map[string]discover.Finder{}}
	if a.foreign {
		o.TLS.CA = nil
	}
	switch url := a.url(t, s); {
	case url != "":
		o.Finders[discover.SourceStatic] = discover.Static{URL: url}
	case s.Fault.Protocol == "pnp":
		o.Finders[discover.SourcePnP] = discover.PnP{Address: s.PnPAddress(), Behaviour: behaviour, Network: tap}
	default:
		relay, err := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: s.DHCPRelay(), Network: tap})
		if err != nil {
			t.Fatal(err)
		}
		defer relay.Close()
		o.Finders[discover.SourceDHCP] = discover.DHCP{Transport: relay, Behaviour: behaviour}
	}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, _ = p.Provision(ctx, device.PowerOn)
}
