package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/wire"
)

// maxAnonymize bounds a capture that is made anonymous, in bytes: it is held in memory.
const maxAnonymize = 256 << 20

// heldFile is a capture in memory.
type heldFile struct {
	frames []*held
	notes  []string
	own    bool      // source.own
	until  time.Time // source.until
}

// hold reads a capture into memory.
func hold(name string, r io.Reader) (*heldFile, error) {
	s, err := newSource(r, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	in, size := &heldFile{}, 0
	for {
		f, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			in.own, in.until = s.own(), s.until()
			return in, nil
		case err != nil:
			in.notes = append(in.notes, fmt.Sprintf("%v; what stands before it is read", err))
			return in, nil
		}
		if size += len(f.data); size > maxAnonymize {
			return nil, fmt.Errorf("%s: more than %d MB: cut the phone out of it first (tshark -r IN -Y 'eth.addr == …' -w OUT)",
				name, maxAnonymize>>20)
		}
		f.data = bytes.Clone(f.data)
		in.frames = append(in.frames, &held{frame: f, was: bytes.Clone(f.data)})
	}
}

// write writes a pcapng with an interface for each link type.
func (in *heldFile) write(w io.Writer) error {
	options := pcapgo.DefaultNgWriterOptions
	options.SectionInfo = pcapgo.NgSectionInfo{Application: wire.CaptureApplication}
	intf := pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
	if len(in.frames) > 0 {
		intf.LinkType = in.frames[0].link
	}
	if in.own {
		intf.Name = wire.CaptureInterface
	}
	out, err := pcapgo.NewNgWriterInterface(w, intf, options)
	if err != nil {
		return err
	}
	interfaces := map[layers.LinkType]int{intf.LinkType: 0}
	for _, h := range in.frames {
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
	if !in.until.IsZero() {
		stats := pcapgo.NgInterfaceStatistics{LastUpdate: in.until, EndTime: in.until, PacketsReceived: uint64(len(in.frames))}
		if err := out.WriteInterfaceStats(0, stats); err != nil {
			return err
		}
	}
	return out.Flush()
}
