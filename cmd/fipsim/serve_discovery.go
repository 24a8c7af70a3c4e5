package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Where --pnp and --dhcp listen without an interface: without privilege, for phones of
// this machine.
const (
	loopbackPnP   = "127.0.0.1:5060"
	loopbackRelay = "127.0.0.1:6767"
)

// announcements are the servers that tell phones where this one is.
type announcements struct {
	lines   []string // for whoever started them
	closers []func() error
}

func (d *announcements) close() error {
	var errs []error
	for _, c := range d.closers {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// discovery starts what --pnp and --dhcp ask for.
func (c *serveCmd) discovery(ctx context.Context, s *server.Server, teller *requestTeller) (*announcements, error) {
	d := new(announcements)
	if !c.PnP && !c.DHCP {
		return d, nil
	}
	subnet, err := c.subnet()
	if err != nil {
		return nil, err
	}
	told := announced(s, subnet)
	for _, start := range []func() error{
		func() error { return c.startPnP(ctx, d, told, teller) },
		func() error { return c.startDHCP(ctx, d, told, subnet, teller) },
	} {
		if err := start(); err != nil {
			return nil, errors.Join(&verdict.Error{Err: fmt.Errorf("%w%s", err, listenHint(err))}, d.close())
		}
	}
	return d, nil
}

// subnet is the interface's own IPv4 address and prefix; invalid without --interface.
func (c *serveCmd) subnet() (netip.Prefix, error) {
	if c.Interface == "" {
		return netip.Prefix{}, nil
	}
	own, err := wire.InterfacePrefix(c.Interface)
	if err != nil {
		return own, verdict.Usagef("--%w", err) // it begins with "interface NAME"
	}
	return own, nil
}

// announced is the URL that phones are told: over the first protocol that is served, at
// the interface's address where the server listens on all.
func announced(s *server.Server, subnet netip.Prefix) string {
	for _, scheme := range []string{"tftp", "http", "ftp", "https"} {
		base := s.URL(scheme)
		if base == nil {
			continue
		}
		u := *base
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil && addr.IsUnspecified() && subnet.IsValid() {
			u.Host = net.JoinHostPort(subnet.Addr().String(), u.Port())
		}
		return u.String()
	}
	return ""
}

func (c *serveCmd) startPnP(ctx context.Context, d *announcements, told string, teller *requestTeller) error {
	if !c.PnP {
		return nil
	}
	p, err := server.ListenPnP(ctx, server.PnPOptions{
		Listen: cmp.Or(c.pnpAt, loopbackPnP), Interface: c.Interface,
		URL: func(device.MAC) string { return told },
		OnMessage: func(m server.PnPMessage) {
			teller.event(m.At, m.Peer, "pnp", fmt.Sprintf("%s  %s  %d  %s", m.Method, m.MAC, m.Status, firstOf(m.Detail, m.URL)))
		},
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, p.Close)
	how := "subscribe at " + p.Addr().String()
	if c.Interface != "" {
		how = "subscribe to 224.0.1.75 on " + c.Interface
	}
	d.lines = append(d.lines, fmt.Sprintf("  pnp    phones that %s are told %s", how, told))
	return nil
}

func (c *serveCmd) startDHCP(ctx context.Context, d *announcements, told string, subnet netip.Prefix, teller *requestTeller) error {
	if !c.DHCP {
		return nil
	}
	o := server.DHCPOptions{
		Listen: cmp.Or(c.relayAt, loopbackRelay), Interface: c.Interface, Pool: subnet.Masked(),
		Option66: func(device.MAC) string { return told },
		OnMessage: func(m server.DHCPMessage) {
			teller.event(m.At, m.Peer, "dhcp", fmt.Sprintf("%s  %s  %s %s  %s", m.Type, m.MAC, m.Answer, m.Address, m.Detail))
		},
	}
	s, err := server.ListenDHCP(ctx, o)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, s.Close)
	how := "relay agents at " + s.Addr().String()
	if c.Interface != "" {
		how = "phones on " + c.Interface + ", addresses from " + o.Pool.String()
	}
	d.lines = append(d.lines, fmt.Sprintf("  dhcp   %s; option 66 is %s", how, told))
	return nil
}

// event prints what a server of --pnp or --dhcp did.
func (t *requestTeller) event(at time.Time, peer netip.AddrPort, what, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.out, "%s  %-21s  %-5s  %s\n", at.Format("15:04:05.000"), peer, what, text)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
