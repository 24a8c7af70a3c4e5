package pcaps

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

// packet is a whole IP packet.
type packet struct {
	frame    int // of its last fragment
	at       time.Time
	hw       device.MAC // who put it on the wire; zero where the capture doesn't tell
	from, to netip.Addr
	protocol layers.IPProtocol
	payload  []byte
	missing  int // bytes of payload that the capture cut off
	wire     int // length of the frame on the wire
}

// network makes whole IP packets of frames. Fragments wait for each other, not longer
// than fragmentWait of capture time.
type network struct {
	four   *ip4defrag.IPv4Defragmenter
	six    *ip6defrag.IPv6Defragmenter
	waits  int // fragments since the last sweep
	sweeps time.Time
	lost   int // fragments that contradicted each other
}

// fragmentWait is how long fragments of one packet wait for the rest: "a fixed upper
// bound" (RFC 1122 §3.3.2 recommends 60 to 120 s).
const fragmentWait = time.Minute

// maxFragments is how many fragments may wait at most; then all are thrown away.
const maxFragments = 4096

func newNetwork() *network {
	return &network{four: ip4defrag.NewIPv4Defragmenter(), six: ip6defrag.NewIPv6Defragmenter()}
}

// read returns the IP packet that a frame completes; false for none.
func (n *network) read(f frame) (packet, bool) {
	l, ok := readLink(f)
	if !ok {
		return packet{}, false
	}
	p := packet{frame: f.number, at: f.at, hw: l.from, wire: f.length}
	if l.kind == etherIPv4 {
		return n.readFour(p, l.payload)
	}
	return n.readSix(p, l.payload)
}

func (n *network) readFour(p packet, data []byte) (packet, bool) {
	var ip layers.IPv4
	if ip.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
		return p, false
	}
	whole := &ip
	if ip.Flags&layers.IPv4MoreFragments != 0 || ip.FragOffset != 0 {
		n.sweep(p.at)
		kept := ip // the defragmenter keeps it, the reader's buffer is used again
		kept.Contents, kept.Options, kept.Padding = nil, nil, nil
		kept.Payload, kept.SrcIP, kept.DstIP = bytes.Clone(ip.Payload), bytes.Clone(ip.SrcIP), bytes.Clone(ip.DstIP)
		var err error
		if whole, err = n.four.DefragIPv4WithTimestamp(&kept, p.at); err != nil {
			n.lost++
			return p, false
		}
		if whole == nil {
			return p, false
		}
	} else {
		p.missing = max(0, int(ip.Length)-4*int(ip.IHL)-len(ip.Payload))
	}
	p.protocol, p.payload = whole.Protocol, whole.Payload
	p.from, p.to = addr(whole.SrcIP), addr(whole.DstIP)
	return p, true
}

func addr(ip []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(ip)
	return a.Unmap()
}

// maxHeaders6 bounds the extension headers of one packet.
const maxHeaders6 = 8

// readSix reads IPv6 and passes over its extension headers (RFC 8200 §4).
func (n *network) readSix(p packet, data []byte) (packet, bool) {
	var ip layers.IPv6
	if ip.DecodeFromBytes(data, gopacket.NilDecodeFeedback) != nil {
		return p, false
	}
	p.from, p.to = addr(ip.SrcIP), addr(ip.DstIP)
	// The library's payload begins behind a hop-by-hop header, whose number it leaves.
	next, rest := ip.NextHeader, data[40:]
	if ip.Length > 0 { // segmentation offload leaves it out
		p.missing = max(0, int(ip.Length)-len(rest))
		rest = rest[:min(len(rest), int(ip.Length))]
	}
	for range maxHeaders6 {
		switch next { //nolint:exhaustive // every other number is what the packet carries
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(rest) < 8 || len(rest) < 8+8*int(rest[1]) {
				return p, false
			}
			next, rest = layers.IPProtocol(rest[0]), rest[8+8*int(rest[1]):]
		case layers.IPProtocolIPv6Fragment:
			whole := n.fragmentSix(p, &ip, rest)
			if whole == nil {
				return p, false
			}
			next, rest = whole.NextHeader, whole.Payload
		default:
			p.protocol, p.payload = next, rest
			return p, true
		}
	}
	return p, false
}

// fragmentSix takes one fragment (RFC 8200 §4.5); nil: there are more to come.
func (n *network) fragmentSix(p packet, ip *layers.IPv6, data []byte) *layers.IPv6 {
	n.sweep(p.at)
	if len(data) < 8 {
		return nil
	}
	place := binary.BigEndian.Uint16(data[2:])
	fragment := &layers.IPv6Fragment{
		BaseLayer:      layers.BaseLayer{Payload: bytes.Clone(data[8:])},
		NextHeader:     layers.IPProtocol(data[0]),
		FragmentOffset: place >> 3,
		MoreFragments:  place&1 != 0,
		Identification: binary.BigEndian.Uint32(data[4:]),
	}
	kept := *ip
	kept.Contents, kept.Payload = nil, nil
	kept.SrcIP, kept.DstIP = bytes.Clone(ip.SrcIP), bytes.Clone(ip.DstIP)
	return n.six.DefragIPv6(&kept, fragment)
}

// sweep throws old fragments away.
func (n *network) sweep(now time.Time) {
	n.waits++
	switch {
	case n.waits > maxFragments:
		n.four, n.six, n.waits = ip4defrag.NewIPv4Defragmenter(), ip6defrag.NewIPv6Defragmenter(), 0
	case now.Sub(n.sweeps) > fragmentWait:
		n.four.DiscardOlderThan(now.Add(-fragmentWait))
		n.sweeps = now
	}
}
