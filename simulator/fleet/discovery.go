package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// DHCP says how phones ask for a lease. Leases are not renewed: a phone that discovers
// again asks again.
type DHCP struct {
	Relay     string // the server's HOST:PORT, which is asked as a relay agent does; no privilege is needed
	Interface string // else: raw frames on this interface, each from its phone's own MAC
}

// Ways are the words that a Stage's Discovery may have.
var Ways = []string{discover.SourceStatic, discover.SourcePnP, discover.SourceDHCP}

// uses reports whether a stage has phones that find their server in that way.
func (o *Options) uses(way string) bool {
	return slices.ContainsFunc(o.Stages, func(s Stage) bool {
		return s.Discovery[way] > 0 || len(s.Discovery) == 0 && way == discover.SourceStatic
	})
}

// checkWays reports a way of discovery that nothing was said about.
func (o *Options) checkWays() error {
	switch {
	case o.uses(discover.SourceStatic) && len(o.Servers) == 0:
		return errors.New("no server")
	case o.uses(discover.SourceDHCP) && o.DHCP == (DHCP{}):
		return errors.New("discovery dhcp: say how phones ask: through a relay (--dhcp-relay), or on an interface (--interface)")
	case o.DHCP.Relay != "" && o.DHCP.Interface != "":
		return errors.New("DHCP through a relay and on an interface exclude each other")
	}
	return nil
}

// sockets are what phones share: one for SIP, or one for each way out, and one for DHCP.
// However many phones discover at once, there are no more.
type sockets struct {
	sip    []*discover.SIPSocket // by way out; one: for all of them
	dhcp   []discover.Transport  // the same
	closed []func() error
}

// close closes them all.
func (s *sockets) close() error {
	var errs []error
	for _, c := range s.closed {
		errs = append(errs, c())
	}
	s.closed = nil
	return errors.Join(errs...)
}

// openSockets opens what the stages need. Its error is that of an address or a
// privilege that this machine does not have.
func (r *run) openSockets(ctx context.Context) error {
	err := r.openSIP(ctx)
	if err == nil && r.uses(discover.SourceDHCP) {
		err = r.openDHCP(ctx)
	}
	if err != nil {
		return &BudgetError{errors.Join(err, r.sockets.close()).Error()}
	}
	return nil
}

// openSIP opens one socket for each way out, or the one that a server's NOTIFYs go to.
func (r *run) openSIP(ctx context.Context) error {
	if r.SIP == "" && !r.uses(discover.SourcePnP) {
		return nil
	}
	for _, out := range r.paths {
		s, err := discover.ListenSIP(ctx, discover.SIPSocketOptions{Listen: r.SIP, Network: out.network, Other: r.desk.answer})
		if err != nil {
			return err
		}
		r.sockets.sip = append(r.sockets.sip, s)
		r.sockets.closed = append(r.sockets.closed, s.Close)
		if r.SIP != "" {
			break
		}
	}
	return nil
}

// openDHCP opens the relay agents, or the interface.
func (r *run) openDHCP(ctx context.Context) error {
	if r.DHCP.Interface != "" {
		raw, err := discover.ListenRaw(r.DHCP.Interface)
		if err != nil {
			return err
		}
		r.sockets.dhcp = []discover.Transport{raw}
		r.sockets.closed = append(r.sockets.closed, raw.Close)
		return nil
	}
	for _, out := range r.paths {
		relay, err := discover.ListenRelay(ctx, discover.RelayOptions{Server: r.DHCP.Relay, Local: out.addr, Network: out.network})
		if err != nil {
			return err
		}
		r.sockets.dhcp = append(r.sockets.dhcp, relay)
		r.sockets.closed = append(r.sockets.closed, relay.Close)
	}
	return nil
}

// finders is the way in which phone i finds its server in this stage.
func (w *worker) finders(i int, network wire.Network, events trace.Sink) map[string]discover.Finder {
	spec := &w.Phones[i]
	switch way := w.stage.Discovery.pick(w.seed+4, i); way {
	case discover.SourcePnP:
		return map[string]discover.Finder{way: w.gated(discover.PnP{
			Address: w.PnP, Behaviour: w.Behaviour, Network: network, Trace: events, Socket: w.sockets.sip[i%len(w.sockets.sip)],
		})}
	case discover.SourceDHCP:
		return map[string]discover.Finder{way: w.gated(discover.DHCP{
			Transport: w.sockets.dhcp[i%len(w.sockets.dhcp)], Behaviour: w.Behaviour, Trace: events,
		})}
	default:
		server := w.serverOf(w.stage.Protocol.pick(w.seed+3, i))
		return map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: withUser(server, spec)}}
	}
}

// discovers reports whether phone i looks for its server by shared sockets now, so that
// it needs none of its own before that is found.
func (w *worker) discovers(i int, m *member, why device.Trigger) bool {
	way := w.stage.Discovery.pick(w.seed+4, i)
	known := m.known.Source != "" && why != device.PowerOn && w.Behaviour.Rediscover != "always"
	return way != "" && way != discover.SourceStatic && !known
}

// gatedFinder lets a phone that has found its server wait until it may open sockets.
type gatedFinder struct {
	discover.Finder
	worker *worker
}

// gated is f, where more phones may discover at once than fetch.
func (w *worker) gated(f discover.Finder) discover.Finder {
	if w.transfers == nil {
		return f
	}
	return gatedFinder{f, w}
}

// Find implements discover.Finder.
func (g gatedFinder) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	offer, err := g.Finder.Find(ctx, id)
	if err == nil {
		err = g.worker.acquire(ctx)
	}
	return offer, err
}
