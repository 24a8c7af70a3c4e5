package main

import (
	"errors"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// finders makes the ways of finding the server that the flags ask for. Without any, the
// phone gets a server of its own.
func (c *phoneCmd) finders(a *app, s *session, o *phone.Options) error {
	o.Finders = make(map[string]discover.Finder)
	if c.Server != "" {
		u, err := config.ParseURL(c.Server, o.Identity.MAC, true)
		if err != nil {
			return verdict.Usagef("--server: %w", err)
		}
		if u.Scheme == "file" {
			if _, err := os.Stat(fetch.LocalName(u.Path)); err != nil {
				return verdict.Usagef("--server: %w", err)
			}
		}
		o.Finders[discover.SourceStatic] = discover.Static{URL: c.Server}
	}
	if c.PnP || c.PnPAddress != "" {
		finder := discover.PnP{Address: c.PnPAddress, Behaviour: o.Behaviour, Network: o.Network, Trace: o.Trace}
		if err := finder.Check(); err != nil {
			return verdict.Usagef("--pnp-address: %w", err)
		}
		o.Finders[discover.SourcePnP] = finder
	}
	if err := c.dhcpFinder(a, s, o); err != nil {
		return err
	}
	if len(o.Finders) > 0 {
		return nil
	}
	address, err := startSample(a, s)
	o.Finders[discover.SourceStatic] = discover.Static{URL: address}
	return err
}

// dhcpFinder obeys --dhcp, --dhcp-relay and --option66, of which one is enough.
func (c *phoneCmd) dhcpFinder(a *app, s *session, o *phone.Options) error {
	switch {
	case c.Option66 != "" && c.DHCPRelay != "":
		return verdict.Usagef("--option66 and --dhcp-relay exclude each other")
	case c.Option66 != "":
		o.Finders[discover.SourceDHCP] = discover.Injected{Value: c.Option66}
	case c.DHCPRelay != "":
		relay, err := discover.ListenRelay(a.ctx, discover.RelayOptions{Server: c.DHCPRelay, Network: o.Network})
		if err != nil {
			return &verdict.Error{Err: err}
		}
		s.closers = append(s.closers, relay.Close)
		o.Finders[discover.SourceDHCP] = discover.DHCP{Transport: relay, Behaviour: o.Behaviour, Trace: o.Trace}
	case c.DHCP:
		name := c.Interface
		if name == "" {
			var err error
			if name, err = onlyInterface(); err != nil {
				return err
			}
		}
		raw, err := discover.ListenRaw(name)
		if err != nil {
			return &verdict.Error{Err: err}
		}
		if s.capture != nil {
			raw.Record(s.capture.Frame)
		}
		s.closers = append(s.closers, raw.Close)
		o.Finders[discover.SourceDHCP] = discover.DHCP{Transport: raw, Behaviour: o.Behaviour, Trace: o.Trace}
	}
	return nil
}

// onlyInterface returns the one Ethernet interface that is up. Where there are several,
// nobody but the user knows on which the phone is to be.
func onlyInterface() (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", &verdict.Error{Err: err}
	}
	var names []string
	for _, i := range all {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagLoopback == 0 && len(i.HardwareAddr) == 6 {
			names = append(names, i.Name)
		}
	}
	switch len(names) {
	case 1:
		return names[0], nil
	case 0:
		return "", &verdict.Error{
			Err: errors.New("--dhcp: this machine has no Ethernet interface that is up; --dhcp-relay HOST:PORT needs none"),
		}
	default:
		return "", verdict.Usagef("--dhcp: name one of the interfaces with --interface: %s", strings.Join(names, ", "))
	}
}

// startSample serves the shipped sample on loopback, and returns where.
func startSample(a *app, s *session) (string, error) {
	local, err := server.Start(a.ctx, server.Options{TFTP: "127.0.0.1:0", HTTP: "127.0.0.1:0"})
	if err != nil {
		return "", &verdict.Error{Err: err}
	}
	s.closers = append(s.closers, local.Close)
	local.SetTree(scenarios.Sample(map[string]*url.URL{"tftp": local.URL("tftp"), "http": local.URL("http")}))
	return local.URL("tftp").String(), nil
}
