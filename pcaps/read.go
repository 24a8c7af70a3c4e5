package pcaps

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

// Options of reading. The zero value reads all.
type Options struct {
	Phone  device.MAC // keep this phone's events only; zero: everybody's
	KeyLog *KeyLog    // secrets of TLS connections, beside those that a pcapng holds itself; nil: none
	Lean   bool       // Events and Files of phones are there only while Capture.Each calls: for captures of many phones
	Whole  bool       // the phone had nothing more to do when the capture ended: what is not in it did not happen
}

// Capture is what was read.
type Capture struct {
	Name   string
	Format string // "pcap", "pcapng"
	Frames int
	First  time.Time // of the first frame
	Last   time.Time // of the last one
	Notes  []string  // what is wrong with the capture itself, in words
	Phones []*Phone  // in the order in which they appear
	Others int       // computers, and phones that were not asked for
	Cut    int       // frames that the snap length cut short
}

// reader reads one capture.
type reader struct {
	source  *inOrder
	network *network
	roster  *roster
	tftp    *tftpWatch
	dhcp    *dhcpWatch
	sip     *sipWatch
	tcp     *tcpWatch
	out     Capture

	clock    clock
	shortest int                     // of the frames that the snap length cut, in bytes that are there
	links    map[layers.LinkType]int // frames of link types that are not known
	panics   int

	whole      bool
	badSecrets int // lines of Decryption Secrets Blocks that are none
}

// Read reads a capture: pcap or pcapng, gzip or not, in one pass and bounded memory.
// name is what errors call it. A file that is no capture is ErrNotCapture; one that is
// cut in the middle is read as far as it goes, with a note.
func Read(name string, r io.Reader, o Options) (*Capture, error) {
	secrets, badSecrets := o.KeyLog.clone(), 0
	s, err := newSource(r, func(block []byte) { badSecrets += secrets.addAll(block) })
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all := newRoster()
	all.only, all.lean = o.Phone, o.Lean
	in := &reader{
		source: &inOrder{source: s}, network: newNetwork(), roster: all,
		tftp: newTFTPWatch(all), dhcp: newDHCPWatch(all), sip: newSIPWatch(all), tcp: newTCPWatch(all),
		links: make(map[layers.LinkType]int), whole: o.Whole,
	}
	in.tcp.secrets, in.tcp.sip = secrets, in.sip
	in.out.Name, in.out.Format = name, s.format
	for {
		f, err := in.source.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			in.note("%v; what stands before it is read", err)
			break
		}
		in.frame(f)
	}
	in.badSecrets = badSecrets
	in.finish()
	return &in.out, nil
}

func (r *reader) note(format string, args ...any) {
	r.out.Notes = append(r.out.Notes, fmt.Sprintf(format, args...))
}

// frame reads one frame.
func (r *reader) frame(f frame) {
	r.out.Frames = max(r.out.Frames, f.number)
	r.time(f)
	if len(f.data) < f.length {
		if r.out.Cut++; r.out.Cut == 1 || len(f.data) < r.shortest {
			r.shortest = len(f.data)
		}
	}
	p, ok := r.network.read(f)
	if !ok {
		if !knownLink(f.link) {
			r.links[f.link]++
		}
		return
	}
	switch p.protocol { //nolint:exhaustive // nothing else provisions
	case layers.IPProtocolUDP:
		r.datagram(p)
	case layers.IPProtocolTCP:
		r.segment(p)
	case layers.IPProtocolICMPv4, layers.IPProtocolICMPv6:
		r.unreachable(p)
	}
}

// time follows the capture's time, and ends what was silent for too long.
func (r *reader) time(f frame) {
	if r.out.First.IsZero() {
		r.out.First = f.at
	}
	r.out.Last = f.at
	if r.clock.next(f.at) || f.number%20_000 == 0 {
		r.tftp.sweep(r.clock.present(tftpIdle))
		r.sip.sweep(r.clock.present(sipIdle))
		r.tcp.sweep(r.clock.present(flowIdle))
	}
}

func knownLink(l layers.LinkType) bool {
	switch l { //nolint:exhaustive // as readLink
	case layers.LinkTypeEthernet, layers.LinkTypeLinuxSLL, layers.LinkTypeLinuxSLL2, layers.LinkTypeNull, layers.LinkTypeLoop,
		layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, 12, 14:
		return true
	}
	return false
}

// datagram reads a UDP packet.
func (r *reader) datagram(p packet) {
	b := p.payload
	if len(b) < 8 {
		return
	}
	d := datagram{packet: p, data: b[8:], cut: p.missing}
	d.src = netip.AddrPortFrom(p.from, binary.BigEndian.Uint16(b))
	d.dst = netip.AddrPortFrom(p.to, binary.BigEndian.Uint16(b[2:]))
	if length := int(binary.BigEndian.Uint16(b[4:])); length >= 8 {
		if length-8 < len(d.data) {
			d.data = d.data[:length-8]
		} else {
			d.cut = length - 8 - len(d.data)
		}
	}
	r.read(d)
}

// read hands a datagram to whom it is for.
func (r *reader) read(d datagram) {
	switch {
	case r.dhcp.take(d):
	case r.sip.take(d):
	default:
		r.tftp.take(d)
	}
}

// segment reads a TCP segment. What a stranger's packets do to the library that
// assembles them must not end the reading of all others.
func (r *reader) segment(p packet) {
	defer func() {
		if recover() != nil {
			r.panics++
			r.tcp.reset()
			r.roster.underWay = r.tftp.underWay()
		}
	}()
	r.tcp.take(p)
}

// finish ends what is open, and sums up.
func (r *reader) finish() {
	end := r.clock.latest
	if until := r.source.source.until(); until.After(end) {
		end = end.Add(min(sinceOf(end, until), flowIdle))
	}
	if r.whole || r.source.source.own() {
		end = end.Add(tftpIdle)
	}
	r.tftp.finish(end)
	func() {
		defer func() {
			if recover() != nil {
				r.panics++
			}
		}()
		r.tcp.finish(end)
	}()
	r.notes()
	r.roster.pack.byTime, r.roster.pack.epochs = r.source.back > 0, r.source.epochs
	r.out.Phones, r.out.Others = r.roster.finish()
	for _, p := range r.out.Phones {
		p.ends = end
	}
}
