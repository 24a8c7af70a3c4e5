package fleet

import (
	"context"
	"encoding/binary"
	"net/netip"

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
	paths  []wayOut
	parser *parser
	shared shared
}

// NewPool returns a pool whose phones send from the addresses of local in turn, or from
// the system's choice where there are none. A nil network is wire.OS{}. Its error is a
// *BudgetError that names the address from which nothing can be sent.
func NewPool(ctx context.Context, network wire.Network, local []netip.Addr) (*Pool, error) {
	if network == nil {
		network = wire.OS{}
	}
	paths, err := (&run{Options: Options{Network: network, Local: local}}).openPaths(ctx)
	if err != nil {
		return nil, err
	}
	return &Pool{paths: paths, parser: newParser()}, nil
}

// MemberOptions makes a phone of a Pool. The zero value of each field but MAC means its
// default.
type MemberOptions struct {
	Spec
	Firmware string // empty: device.DefaultFirmware
	Server   string // the provisioning URL, as typed into Profile Rule; empty: by PnP
	PnP      string // without Server: where the SUBSCRIBE goes; empty: the multicast group

	Behaviour device.Behaviour
	TLS       fetch.TLS
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
// provisioning URL, of certificates that cannot be read, or of a model that no
// User-Agent can carry.
func (p *Pool) Member(o MemberOptions) (*Member, error) {
	o.Behaviour = o.Behaviour.WithDefaults()
	if o.Server != "" {
		if _, err := config.ParseURL(o.Server, o.MAC, o.Behaviour.Macros == "on"); err != nil {
			return nil, err
		}
	}
	m := &Member{member: member{fleet: &p.shared}, pool: p, options: o}
	var err error
	m.awake, err = m.wake()
	return m, err
}

// MAC returns the phone's MAC.
func (m *Member) MAC() device.MAC { return m.options.MAC }

// wake makes the phone from what it holds at rest.
func (m *Member) wake() (*phone.Phone, error) {
	o := &m.options
	out := m.pool.paths[int(binary.BigEndian.Uint32(o.MAC[2:]))%len(m.pool.paths)]
	made := phone.Options{
		Identity:  device.Identity{MAC: o.MAC, Model: o.Model, Firmware: o.Firmware},
		Behaviour: o.Behaviour, Network: out.network, TLS: o.TLS, Flash: &m.member,
		Trace: trace.NewStream(o.MAC, &m.watch), Parser: m.pool.parser, Known: m.known,
	}
	if o.Server == "" {
		made.Finders = map[string]discover.Finder{discover.SourcePnP: discover.PnP{
			Address: o.PnP, Behaviour: o.Behaviour, Network: out.network, Trace: made.Trace}}
	} else {
		made.Finders = map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: withUser(o.Server, &o.Spec)}}
	}
	return phone.New(made)
}
