package pcaps

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"net/netip"
	"slices"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// maxEvents is how many events of one phone are kept.
const maxEvents = 20000

// Limits on a whole capture. Beyond them nothing is kept, and a note says so.
const (
	maxPhones      = 200_000
	maxTotalEvents = 300_000
	maxLeanEvents  = 5_000_000
	maxPacked      = 64 << 20 // bytes of events
)

// roster keeps the phones apart, and joins what belongs together.
type roster struct {
	at       map[netip.Addr]*Phone // whose an address is now
	macs     map[device.MAC]*Phone
	phones   []*Phone
	hosts    map[device.MAC]netip.Addr // which address an Ethernet address was seen with; the zero address: several
	only     device.MAC                // whose events alone are kept; zero: everybody's
	lean     bool                      // phones stay packed
	pack     *packer
	events   int
	packed   int                  // bytes of events and files
	bodies   map[uint64]*keptBody // by hash
	kept     int                  // bytes in bodies
	underWay int                  // bytes of files that have not come to their end
	seed     maphash.Seed
	spare    []*bytes.Buffer // of transfers that are over
	overflow int             // stations beyond maxPhones
	left     int             // events beyond maxTotalEvents
}

func newRoster() *roster {
	return &roster{at: make(map[netip.Addr]*Phone), macs: make(map[device.MAC]*Phone), hosts: make(map[device.MAC]netip.Addr),
		pack: newPacker(), bodies: make(map[uint64]*keptBody), seed: maphash.MakeSeed()}
}

// seen notes which Ethernet address sends for an address: one that sends for several
// is a router's.
func (r *roster) seen(hw device.MAC, a netip.Addr) {
	if hw.IsZero() || !a.IsValid() || a.IsUnspecified() {
		return
	}
	before, known := r.hosts[hw]
	switch {
	case !known && len(r.hosts) < maxPhones:
		r.hosts[hw] = a
	case known && before.IsValid() && before != a:
		r.hosts[hw] = netip.Addr{}
	}
}

// real follows phones that were joined.
func (p *Phone) real() *Phone {
	for p != nil && p.into != nil {
		p = p.into
	}
	return p
}

// phoneAt returns the phone that has an address, a new one where it is the first time.
// It returns nil when there are too many.
func (r *roster) phoneAt(a netip.Addr, hw device.MAC) *Phone {
	r.seen(hw, a)
	if p := r.at[a].real(); p != nil {
		return p
	}
	p := r.add()
	if p == nil {
		return nil
	}
	p.hw = hw
	r.bind(p, a)
	return p
}

func (r *roster) add() *Phone {
	if len(r.phones) >= maxPhones {
		r.overflow++
		return nil
	}
	p := new(Phone)
	r.phones = append(r.phones, p)
	return p
}

// bind says that a phone has an address from now on.
func (r *roster) bind(p *Phone, a netip.Addr) {
	if !a.IsValid() || a.IsUnspecified() || p == nil {
		return
	}
	r.at[a] = p
	if !slices.Contains(p.Addresses, a) && len(p.Addresses) < 16 {
		p.Addresses = append(p.Addresses, a)
	}
}

// phoneOf returns the phone with a MAC.
func (r *roster) phoneOf(mac device.MAC) *Phone {
	if p := r.macs[mac].real(); p != nil {
		return p
	}
	p := r.add()
	if p != nil {
		p.MAC = mac
		r.macs[mac] = p
	}
	return p
}

// claim says that who speaks from an address told its MAC. What was seen from there
// before belongs to it, unless that was another phone's.
func (r *roster) claim(a netip.Addr, hw, mac device.MAC) *Phone {
	r.seen(hw, a)
	before := r.at[a].real()
	if before != nil && before.MAC == mac {
		return before
	}
	if before != nil && before.MAC.IsZero() {
		if known := r.macs[mac].real(); known != nil {
			r.join(before, known)
			r.bind(known, a)
			return known
		}
		before.MAC = mac
		r.macs[mac] = before
		return before
	}
	p := r.phoneOf(mac)
	r.bind(p, a)
	return p
}

// join makes two phones one.
func (r *roster) join(from, into *Phone) {
	if from == into {
		return
	}
	into.before = append(append(append(into.before, into.packed), from.before...), from.packed)
	into.packed = packed{}
	into.kept, into.keptFiles = into.kept+from.kept, into.keptFiles+from.keptFiles
	into.EventsCut += from.EventsCut
	into.asked = max(into.asked, from.asked)
	into.ports = append(into.ports, from.ports...)
	into.provisions = into.provisions || from.provisions
	into.likely, into.weak = into.likely || from.likely, into.weak || from.weak
	into.UserAgent = cmp.Or(into.UserAgent, from.UserAgent)
	into.Model, into.Firmware = cmp.Or(into.Model, from.Model), cmp.Or(into.Firmware, from.Firmware)
	into.cut = cmp.Or(into.cut, from.cut)
	into.gaps, into.oddDHCP = into.gaps || from.gaps, into.oddDHCP || from.oddDHCP
	into.custom, into.acks = cmp.Or(into.custom, from.custom), cmp.Or(into.acks, from.acks)
	for _, a := range from.Addresses {
		r.bind(into, a)
	}
	*from = Phone{into: into}
}

// record keeps an event of a phone.
func (r *roster) record(p *Phone, e Event) {
	if p = p.real(); p == nil {
		return
	}
	if e.Kind == trace.FetchRequest {
		p.asked = max(p.asked, e.Frame)
	}
	switch {
	case !r.wants(p):
	case p.kept >= maxEvents, r.events >= r.most(), r.packed >= maxPacked:
		p.EventsCut++
		r.left++
	default:
		r.events++
		p.kept++
		before := len(p.packed.b)
		r.pack.event(&p.packed, &e)
		r.packed += len(p.packed.b) - before
	}
}

// most is how many events of all phones are kept.
func (r *roster) most() int {
	if r.lean {
		return maxLeanEvents
	}
	return maxTotalEvents
}

// wants reports whether anything of a phone is to be kept.
func (r *roster) wants(p *Phone) bool {
	p = p.real()
	return p != nil && (r.only.IsZero() || p.MAC.IsZero() || p.MAC == r.only)
}

// keep keeps a file. Its Body may be changed after that: what is kept is a copy, the same
// one for all that are equal.
func (r *roster) keep(p *Phone, f File) {
	if p = p.real(); p == nil || !r.wants(p) || r.packed >= maxPacked {
		return
	}
	var body *keptBody
	if f.Body != nil {
		if body = r.share(f.Body); body == nil || p.keptFiles >= maxEvents {
			body, f.Partial = nil, "too much to be kept of this capture"
		}
	}
	p.keptFiles++
	before := len(p.packed.b)
	r.pack.file(&p.packed, &f, body)
	r.packed += len(p.packed.b) - before
}

// finish joins phones by their Ethernet addresses, numbers their events, and returns
// those that count as phones: who did what only a phone does, or, where there is none,
// whoever may be one. The rest is counted.
func (r *roster) finish() (phones []*Phone, others int) {
	r.adopt()
	var by [3][]*Phone
	cfgs := new(reading)
	for _, p := range r.phones {
		p.pack, p.reading, p.appears = r.pack, cfgs, p.firstFrame()
		switch {
		case p.into != nil || p.kept+p.EventsCut == 0:
		case !r.only.IsZero() && p.MAC != r.only:
			others++
		case p.provisions, !r.only.IsZero():
			by[0] = append(by[0], p)
		case p.likely:
			by[1] = append(by[1], p)
		case p.weak:
			by[2] = append(by[2], p)
		}
	}
	for _, some := range by {
		if len(phones) == 0 {
			phones = some
		} else {
			others += len(some)
		}
	}
	slices.SortStableFunc(phones, func(a, b *Phone) int { return cmp.Compare(a.appears, b.appears) })
	if !r.lean {
		for _, p := range phones {
			p.Events, p.Files = p.unpack(nil, nil)
			p.pack, p.packed, p.before = nil, packed{}, nil
		}
	}
	return phones, others
}

// adopt gives phones of which only the Ethernet address is known that as their MAC, and
// joins them with those that told it.
func (r *roster) adopt() {
	for _, p := range r.phones {
		if p.into != nil || !p.MAC.IsZero() || p.hw.IsZero() || !r.hosts[p.hw].IsValid() {
			continue
		}
		if known := r.macs[p.hw].real(); known != nil {
			r.join(p, known)
			continue
		}
		p.MAC = p.hw
		r.macs[p.MAC] = p
	}
}
