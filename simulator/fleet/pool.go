package fleet

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Pool is what phones have in common where something else than Run decides which of
// them starts when, as another load engine does: the ways out of this machine with
// their ports in turn, the files that were read, the templates of what phones hold. Its
// methods may be called from several goroutines.
type Pool struct {
	paths    []wayOut
	parser   *parser
	shared   shared
	fetchers *fetch.Shared // of phones that were given none
	spares   *spares

	mu  sync.Mutex
	sip []*discover.SIPSocket // by way out; none before a phone looks by PnP
}

// NewPool returns a pool whose phones send from the addresses of local in turn, or from
// the system's choice where there are none. A nil network is wire.OS{}. Its error is a
// *BudgetError that names the address from which nothing can be sent.
func NewPool(ctx context.Context, network wire.Network, local []netip.Addr) (*Pool, error) {
	if network == nil {
		network = wire.OS{}
	}
	sockets := new(spares)
	paths, err := (&run{Options: Options{Network: network, Local: local}, spares: sockets}).openPaths(ctx)
	if err != nil {
		return nil, err
	}
	fetchers, err := fetch.NewShared(device.Behaviour{}, fetch.TLS{})
	if err != nil {
		return nil, err
	}
	return &Pool{paths: paths, parser: newParser(), fetchers: fetchers, spares: sockets}, nil
}

// Close closes what phones share. No phone may be in a pass then, or begin one.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, s := range p.sip {
		errs = append(errs, s.Close())
	}
	p.sip = nil
	return errors.Join(append(errs, p.spares.close())...)
}

// openSIP opens one socket for each way out, once: all phones that look by PnP share
// them.
func (p *Pool) openSIP() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.sip) < len(p.paths) {
		out := p.paths[len(p.sip)]
		s, err := discover.ListenSIP(context.Background(), discover.SIPSocketOptions{Network: out.network})
		if err != nil {
			return &BudgetError{err.Error()}
		}
		p.sip = append(p.sip, s)
	}
	return nil
}

// socket returns the SIP socket of a way out.
func (p *Pool) socket(path int) *discover.SIPSocket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sip[path]
}

// MemberOptions makes a phone of a Pool. The zero value of each field but MAC means its
// default.
type MemberOptions struct {
	Spec
	Firmware string // empty: device.DefaultFirmware
	Server   string // the provisioning URL, as typed into Profile Rule; empty: by PnP
	PnP      string // without Server: where the SUBSCRIBE goes; empty: the multicast group

	Shared *fetch.Shared // how it behaves, and which certificates it trusts; nil: the defaults
}

// Member is a phone of a Pool. At rest it has no goroutine and no socket, and of its
// settings only what other phones do not hold too. It is for one goroutine at a time.
type Member struct {
	member
	pool    *Pool
	options MemberOptions
	awake   *phone.Phone // made, and not used yet
	watch   watch
}

// Member makes a phone that holds nothing yet. Its error is that of a server that is no
// provisioning URL, of a model that no User-Agent can carry, or of a machine that has no
// socket for PnP.
func (p *Pool) Member(o MemberOptions) (*Member, error) {
	if o.Shared == nil {
		o.Shared = p.fetchers
	}
	var err error
	if o.Server == "" {
		err = p.openSIP()
	} else {
		_, err = config.ParseURL(o.Server, o.MAC, o.Shared.Behaviour().Macros == "on")
	}
	if err != nil {
		return nil, err
	}
	m := &Member{member: member{fleet: &p.shared}, pool: p, options: o}
	m.awake, err = m.wake()
	return m, err
}

// MAC returns the phone's MAC.
func (m *Member) MAC() device.MAC { return m.options.MAC }

// wake makes the phone from what it holds at rest.
func (m *Member) wake() (*phone.Phone, error) {
	o := &m.options
	path := int(binary.BigEndian.Uint32(o.MAC[2:])) % len(m.pool.paths)
	network := m.pool.paths[path].network
	made := phone.Options{
		Identity: device.Identity{MAC: o.MAC, Model: o.Model, Firmware: o.Firmware},
		Network:  network, Shared: o.Shared, Flash: &m.member, Parser: m.pool.parser, Known: m.known,
		Trace: trace.NewStream(o.MAC, &m.watch),
	}
	if o.Server == "" {
		made.Finders = map[string]discover.Finder{discover.SourcePnP: discover.PnP{
			Address: o.PnP, Behaviour: o.Shared.Behaviour(), Network: network, Trace: made.Trace, Socket: m.pool.socket(path)}}
	} else {
		made.Finders = map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: withUser(o.Server, &o.Spec)}}
	}
	return phone.New(made)
}
