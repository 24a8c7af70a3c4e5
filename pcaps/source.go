package pcaps

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/wire"
)

// frame is one packet of a capture.
type frame struct {
	number int // from 1
	at     time.Time
	data   []byte // valid until the next frame is read
	length int    // on the wire; more than data where the capture cut it
	link   layers.LinkType
}

// source reads the frames of a capture file: pcap or pcapng, gzip or not.
type source struct {
	count  int
	read   func() ([]byte, gopacket.CaptureInfo, error)
	link   func(gopacket.CaptureInfo) layers.LinkType
	format string      // "pcap", "pcapng"
	own    func() bool // a simulated phone's own capture, which had nothing more to do (wire.Capture.Complete)
	ends   []pcapgo.NgInterfaceStatistics
}

// ErrNotCapture is a file that is no capture, or one that cannot be read at all.
var ErrNotCapture = errors.New("not a capture")

// errCut marks a file that ends, or goes wrong, in the middle of a packet: what came
// before it counts.
var errCut = errors.New("the file is cut")

const gzipMagic = "\x1f\x8b"

// readBuffer is how much is read from the file at once, in bytes.
const readBuffer = 1 << 20

// newSource looks at the first bytes of r. Its error wraps ErrNotCapture. secrets, which
// may be nil, gets the TLS secrets that a pcapng holds.
func newSource(r io.Reader, secrets func([]byte)) (*source, error) {
	in := bufio.NewReaderSize(r, readBuffer)
	head, err := in.Peek(4)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: the file is empty", ErrNotCapture)
	}
	if bytes.HasPrefix(head, []byte(gzipMagic)) {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("%w: broken gzip: %w", ErrNotCapture, err)
		}
		in = bufio.NewReaderSize(unzipped, readBuffer)
		if head, err = in.Peek(4); len(head) == 0 {
			return nil, fmt.Errorf("%w: nothing is in this gzip file: %w", ErrNotCapture, err)
		}
	}
	switch magic := string(head); magic {
	case "\x0a\x0d\x0d\x0a":
		if secrets != nil {
			in = bufio.NewReaderSize(newSecretsReader(in, secrets), readBuffer)
		}
		return newNgSource(in)
	case "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d":
		return newPcapSource(in)
	default:
		return nil, fmt.Errorf("%w: it begins with %x; want pcap (d4c3b2a1 and its kin) or pcapng (0a0d0d0a), gzip or not%s",
			ErrNotCapture, head, kinOf(magic))
	}
}

// kinOf names formats that look like captures, and what to do with them.
func kinOf(magic string) string {
	switch {
	case magic == "snoo":
		return "; this is a snoop file: editcap -F pcapng converts it"
	case magic == "\x34\xcd\xb2\xa1" || magic == "\xa1\xb2\xcd\x34":
		return "; this is the old modified pcap: editcap -F pcapng converts it"
	case magic == "\x28\xb5\x2f\xfd" || magic == "\x04\x22\x4d\x18" || magic == "\xfd7zX" || magic[:min(3, len(magic))] == "BZh":
		return "; it is compressed: unpack it first"
	case magic == "PK\x03\x04":
		return "; this is a zip file: unpack it first"
	}
	return ""
}

func newPcapSource(in io.Reader) (*source, error) {
	r, err := pcapgo.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: its header is broken: %w", ErrNotCapture, err)
	}
	// The upper bits of the link type tell of a frame check sequence.
	link := r.LinkType() & 0x0fff
	return &source{
		own:    func() bool { return false },
		format: "pcap",
		read:   r.ZeroCopyReadPacketData,
		link:   func(gopacket.CaptureInfo) layers.LinkType { return link },
	}, nil
}

func newNgSource(in io.Reader) (*source, error) {
	s := &source{format: "pcapng"}
	r, err := pcapgo.NewNgReader(in, pcapgo.NgReaderOptions{WantMixedLinkType: true, SkipUnknownVersion: true,
		StatisticsCallback: func(_ int, stats pcapgo.NgInterfaceStatistics) {
			if len(s.ends) < mostEnds {
				s.ends = append(s.ends, stats)
			}
		}})
	if err != nil {
		return nil, fmt.Errorf("%w: its section header is broken: %w", ErrNotCapture, err)
	}
	s.read = r.ZeroCopyReadPacketData
	s.own = func() bool {
		first, err := r.Interface(0)
		ours := r.SectionInfo().Application == wire.CaptureApplication
		return err == nil && ours && first.Name == wire.CaptureInterface && !s.until().IsZero()
	}
	s.link = func(ci gopacket.CaptureInfo) layers.LinkType {
		if len(ci.AncillaryData) == 0 {
			return layers.LinkTypeEthernet
		}
		link, _ := ci.AncillaryData[0].(layers.LinkType)
		return link
	}
	return s, nil
}

// mostEnds bounds the Interface Statistics Blocks that are looked at.
const mostEnds = 1000

// until is when the capture ended, if the file says so and has all frames until then: it may have gone on in silence. A
// part of a capture keeps the statistics of the whole. Zero: not known.
func (s *source) until() (end time.Time) {
	left := uint64(s.count) //nolint:gosec // a count
	for _, e := range s.ends {
		if e.PacketsReceived > left { // or not known
			return time.Time{}
		}
		left -= e.PacketsReceived
		if e.EndTime.After(end) {
			end = e.EndTime
		}
	}
	if left > 0 {
		return time.Time{}
	}
	return end
}

// next returns the next frame; io.EOF at the end, errCut where the file ends early.
func (s *source) next() (frame, error) {
	data, ci, err := s.read()
	switch {
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && len(data) == 0:
		return frame{}, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return frame{}, fmt.Errorf("%w in the middle of frame %d", errCut, s.count+1)
	case err != nil:
		return frame{}, fmt.Errorf("%w or broken at frame %d: %w", errCut, s.count+1, err)
	}
	s.count++
	return frame{number: s.count, at: ci.Timestamp, data: data, length: ci.Length, link: s.link(ci)}, nil
}
