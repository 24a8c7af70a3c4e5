package pcaps

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// AnonymizeOptions say how a capture is made anonymous. The zero value does it at random.
type AnonymizeOptions struct {
	Seed string // the same seed and capture give the same result; empty: random
}

// Anonymized is what was replaced.
type Anonymized struct {
	Frames    int
	MACs      int
	Addresses int
	Words     int   // names, users, and whatever else is no word of a protocol
	Secrets   int   // passwords and what follows from them
	Blanked   int64 // bytes of what is no provisioning protocol, overwritten
	Searched  int   // old values that the check looked for in the result, and did not find
	Common    int   // old values that are too short, or too common, to be looked for
	Notes     []string
}

// ErrLeft is the error of a result in which an old value is left. Its text says where,
// and not what.
var ErrLeft = errors.New("an old value is left")

// maxAnonymize bounds a capture that is made anonymous, in bytes: it is held in memory.
const maxAnonymize = 256 << 20

// Anonymize reads a capture and returns one, as pcapng, that tells the same story of
// other people: MACs, addresses, names, users and secrets are replaced by others of the
// same length, the same by the same, in headers and in what the provisioning protocols
// say; checksums follow. All other content is overwritten. TLS secrets, comments and
// names of interfaces are left out. The result is read again and searched for the old
// values: ErrLeft where one is found.
func Anonymize(name string, r io.Reader, o AnonymizeOptions) ([]byte, *Anonymized, error) {
	key := []byte(o.Seed)
	if o.Seed == "" {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	frames, notes, err := hold(name, r)
	if err != nil {
		return nil, nil, err
	}
	d := newDisguise(key)
	d.all(frames)
	d.learned()
	d.all(frames)
	settle(frames)
	var out bytes.Buffer
	if err := writeFrames(&out, frames); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	done := &Anonymized{Frames: len(frames), Blanked: d.blanked, Notes: notes}
	for _, kind := range d.old {
		*map[valueKind]*int{oldMAC: &done.MACs, oldAddress: &done.Addresses, oldWord: &done.Words, oldSecret: &done.Secrets}[kind]++
	}
	if err := d.check(out.Bytes(), done); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), done, nil
}

// hold reads a capture into memory.
func hold(name string, r io.Reader) (frames []*held, notes []string, err error) {
	s, err := newSource(r, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	size := 0
	for {
		f, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			return frames, notes, nil
		case err != nil:
			return frames, append(notes, fmt.Sprintf("%v; what stands before it is read", err)), nil
		}
		if size += len(f.data); size > maxAnonymize {
			return nil, nil, fmt.Errorf("%s: more than %d MB: cut the phone out of it first (tshark -r IN -Y 'eth.addr == …' -w OUT)",
				name, maxAnonymize>>20)
		}
		f.data = bytes.Clone(f.data)
		frames = append(frames, &held{frame: f, was: bytes.Clone(f.data)})
	}
}

// all goes through all frames once.
func (d *disguise) all(frames []*held) {
	f := newFlows(d)
	for _, h := range frames {
		*h = held{frame: h.frame, was: h.was}
		if h.parse() {
			f.take(h)
		} else {
			h.header = 0
			d.other(h)
		}
	}
	f.finish()
	for _, h := range frames {
		if h.header > 0 {
			d.addresses(h)
		}
	}
}

// settle sets the checksums right.
func settle(frames []*held) {
	type sums struct{ was, is uint64 }
	more := make(map[fragmentKey]sums)
	for _, h := range frames {
		if h.header > 0 && !h.first {
			s := more[fragmentKey{h.from, h.to, h.id, h.protocol}]
			from := h.ip + h.header
			s.was += sum16(h.was[from:h.end])
			s.is += sum16(h.data[from:h.end])
			more[fragmentKey{h.from, h.to, h.id, h.protocol}] = s
		}
	}
	for _, h := range frames {
		s := sums{}
		if h.fragment && h.first {
			s = more[fragmentKey{h.from, h.to, h.id, h.protocol}]
		}
		h.checksums(s.was, s.is)
	}
}

// writeFrames writes a pcapng with an interface for each link type.
func writeFrames(w io.Writer, frames []*held) error {
	link := layers.LinkTypeEthernet
	if len(frames) > 0 {
		link = frames[0].link
	}
	options := pcapgo.DefaultNgWriterOptions
	options.SectionInfo = pcapgo.NgSectionInfo{Application: "fipsim"}
	intf := pcapgo.NgInterface{LinkType: link, TimestampResolution: 9}
	out, err := pcapgo.NewNgWriterInterface(w, intf, options)
	if err != nil {
		return err
	}
	interfaces := map[layers.LinkType]int{link: 0}
	for _, h := range frames {
		at, ok := interfaces[h.link]
		if !ok {
			intf.LinkType = h.link
			if at, err = out.AddInterface(intf); err != nil {
				return err
			}
			interfaces[h.link] = at
		}
		ci := gopacket.CaptureInfo{Timestamp: h.frame.at, CaptureLength: len(h.data), Length: max(h.length, len(h.data)),
			InterfaceIndex: at}
		if err := out.WritePacket(ci, h.data); err != nil {
			return err
		}
	}
	return out.Flush()
}
