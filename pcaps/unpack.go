package pcaps

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// unpacker goes through what a packer packed for one phone.
type unpacker struct {
	*packer
	at packed // the fields that the next event may share, and the bytes that are left
}

// unpack appends the phone's events and files to slices, which it returns: in the order of
// their frames, or of their times where frames were put in order; the events with their passes.
func (p *Phone) unpack(events []Event, files []File) ([]Event, []File) {
	events, files = slices.Grow(events, p.kept), slices.Grow(files, p.keptFiles)
	for i := range p.before {
		events, files = p.pack.unpack(&p.before[i], events, files)
	}
	events, files = p.pack.unpack(&p.packed, events, files)
	slices.SortStableFunc(events, p.pack.compare)
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Frame, b.Frame) })
	for i := range events {
		events[i].Seq, events[i].Phone = uint64(i+1), p.MAC
	}
	p.passes(events)
	return events, files
}

// compare orders events by their frames; where frames were put in order, by their times between two settings of the clock.
func (k *packer) compare(a, b Event) int {
	if k.byTime {
		epochOf := func(e Event) int {
			n, _ := slices.BinarySearch(k.epochs, e.Frame+1)
			return n
		}
		if c := cmp.Or(cmp.Compare(epochOf(a), epochOf(b)), a.At.Compare(b.At)); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Frame, b.Frame)
}

// firstFrame is the lowest frame of an event.
func (p *Phone) firstFrame() (frame int) {
	look := func(part *packed) {
		if part.events > 0 && (frame == 0 || part.first < frame) {
			frame = part.first
		}
	}
	look(&p.packed)
	for i := range p.before {
		look(&p.before[i])
	}
	return frame
}

// unpack appends the events and files of a part.
func (k *packer) unpack(p *packed, events []Event, files []File) ([]Event, []File) {
	u := unpacker{packer: k}
	u.at.b = p.b
	for len(u.at.b) > 0 {
		if has := u.number(); has&isFile != 0 {
			files = append(files, u.file(has))
		} else {
			events = append(events, u.event(has))
		}
	}
	return events, files
}

func (u *unpacker) number() uint64 {
	n, size := binary.Uvarint(u.at.b)
	u.at.b = u.at.b[size:]
	return n
}

func (u *unpacker) signed() int64 {
	n, size := binary.Varint(u.at.b)
	u.at.b = u.at.b[size:]
	return n
}

func (u *unpacker) text() string {
	n := u.number()
	if n&1 != 0 {
		return u.word[n>>1]
	}
	s := string(u.at.b[:n>>1])
	u.at.b = u.at.b[n>>1:]
	return s
}

func (u *unpacker) names(has uint64) {
	u.at.frame += int(u.signed())
	if has&hasName != 0 {
		u.at.name = u.text()
	}
	if has&hasURL != 0 {
		if u.at.url = u.text(); has&isJoined != 0 {
			u.at.url += u.at.name
		}
	}
}

func (u *unpacker) event(has uint64) Event {
	e := Event{Event: trace.Event{Kind: trace.Kind(u.text())}}
	u.names(has)
	e.Name, e.URL, e.Frame = u.at.name, u.at.url, u.at.frame
	u.at.seconds += u.signed()
	nano := int64(u.number())
	if has&isShort != 0 {
		nano *= 1000
	}
	e.At = time.Unix(u.at.seconds, nano).UTC()
	if has&hasPeer != 0 {
		u.at.peer = u.peer()
	}
	e.Peer = u.at.peer
	if has&hasAttempt != 0 {
		e.Attempt = int(u.signed())
	}
	if has&hasBytes != 0 {
		e.Bytes = u.signed()
	}
	if has&hasTook != 0 {
		e.Took = time.Duration(u.signed())
	}
	if has&hasLine != 0 {
		e.Line = int(u.signed())
	}
	if has&hasDetail != 0 {
		e.Detail = u.text()
	}
	if has&hasFault != 0 {
		e.Fault = trace.Code(u.text())
	}
	if has&hasFacts != 0 {
		e.Facts = u.someFacts()
	}
	return e
}

func (u *unpacker) peer() netip.AddrPort {
	size := int(u.at.b[0])
	ip, _ := netip.AddrFromSlice(u.at.b[1 : 1+size])
	port := binary.BigEndian.Uint16(u.at.b[1+size:])
	u.at.b = u.at.b[3+size:]
	return netip.AddrPortFrom(ip, port)
}

func (u *unpacker) someFacts() []Fact {
	if n := u.number(); n&1 != 0 {
		return u.fact[n>>1]
	}
	facts := make([]Fact, u.number())
	for i := range facts {
		facts[i].Name = u.text()
		facts[i].Value = u.text()
	}
	return facts
}

func (u *unpacker) file(has uint64) File {
	u.names(has)
	f := File{Name: u.at.name, URL: u.at.url, Frame: u.at.frame, Bytes: u.signed()}
	if number := u.number(); number > 0 {
		f.Body = u.bodies[number-1].data
	}
	if has&hasDetail != 0 {
		f.Partial = u.text()
	}
	return f
}
