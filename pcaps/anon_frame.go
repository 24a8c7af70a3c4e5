package pcaps

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket/layers"
)

// held is a frame in memory, with where its parts are.
type held struct {
	frame
	was []byte // as it was read

	ip       int // offset of the IP header; 0 and four false: none
	header   int // its length, extension headers included
	end      int // of the IP packet in the frame
	four     bool
	fragment bool
	first    bool // of the fragments, or the only one
	id       uint32
	at       int // offset of a fragment in the packet
	protocol layers.IPProtocol
	from, to netip.Addr
	src, dst uint16
	payload  []byte // of UDP or TCP; of a later fragment, all of it
	seq      uint32
	syn, ack bool
}

// parse finds the parts of a frame; false: it holds no IP packet.
func (h *held) parse() bool {
	l, ok := readLink(h.frame)
	if !ok {
		return false
	}
	h.ip = len(h.data) - len(l.payload)
	h.four = l.kind == etherIPv4
	b, good := l.payload, false
	if h.four {
		good = h.parseFour(b)
	} else {
		good = h.parseSix(b)
	}
	if !good {
		return false
	}
	if h.end = min(len(h.data), h.end); h.end < h.ip+h.header {
		return false
	}
	rest := h.data[min(h.ip+h.header, h.end):h.end]
	h.payload = rest
	if !h.first {
		return true
	}
	switch h.protocol { //nolint:exhaustive // the others have no ports
	case layers.IPProtocolUDP:
		if len(rest) < 8 {
			return false
		}
		h.src, h.dst, h.payload = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:]), rest[8:]
	case layers.IPProtocolTCP:
		if len(rest) < 20 || int(rest[12]>>4)*4 > len(rest) || rest[12]>>4 < 5 {
			return false
		}
		h.src, h.dst, h.seq = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:]), binary.BigEndian.Uint32(rest[4:])
		h.syn, h.ack, h.payload = rest[13]&2 != 0, rest[13]&16 != 0, rest[int(rest[12]>>4)*4:]
	}
	return true
}

func (h *held) parseFour(b []byte) bool {
	if len(b) < 20 || b[0]>>4 != 4 || int(b[0]&15)*4 > len(b) || b[0]&15 < 5 {
		return false
	}
	h.header, h.end = int(b[0]&15)*4, h.ip+int(binary.BigEndian.Uint16(b[2:]))
	if h.end == h.ip { // segmentation offload leaves the length out
		h.end = len(h.data)
	}
	place := binary.BigEndian.Uint16(b[6:])
	h.fragment, h.at, h.id = place&0x3fff != 0, int(place&0x1fff)*8, uint32(binary.BigEndian.Uint16(b[4:]))
	h.first, h.protocol = h.at == 0, layers.IPProtocol(b[9])
	h.from, h.to = addr(b[12:16]), addr(b[16:20])
	return true
}

func (h *held) parseSix(b []byte) bool {
	if len(b) < 40 || b[0]>>4 != 6 {
		return false
	}
	h.header, h.end, h.first = 40, h.ip+40+int(binary.BigEndian.Uint16(b[4:])), true
	h.from, h.to = addr(b[8:24]), addr(b[24:40])
	next := layers.IPProtocol(b[6])
	for range maxHeaders6 {
		ext := b[min(h.header, len(b)):]
		switch next { //nolint:exhaustive // every other number is what the packet carries
		case layers.IPProtocolIPv6HopByHop, layers.IPProtocolIPv6Routing, layers.IPProtocolIPv6Destination:
			if len(ext) < 8 {
				return false
			}
			next, h.header = layers.IPProtocol(ext[0]), h.header+8+8*int(ext[1])
		case layers.IPProtocolIPv6Fragment:
			if len(ext) < 8 {
				return false
			}
			place := binary.BigEndian.Uint16(ext[2:])
			h.fragment, h.at, h.id = true, int(place>>3)*8, binary.BigEndian.Uint32(ext[4:])
			h.first = h.at == 0
			next, h.header = layers.IPProtocol(ext[0]), h.header+8
		default:
			h.protocol = next
			return true
		}
	}
	return false
}

// addresses replaces the addresses in the headers, and overwrites what stands beyond the
// packet. It comes after everything else: what is replaced in payloads goes by the old ones.
func (d *disguise) addresses(h *held) {
	d.linkAddresses(h)
	if h.header == 0 {
		return
	}
	b := h.data[h.ip:]
	if h.four {
		d.own4(b[12:16])
		d.own4(b[16:20])
		if h.header > 20 {
			d.blank(b[20:min(h.header, len(b))])
			for i := 20; i < h.header && !d.learning && i < len(b); i++ {
				b[i] = 1 // no operation (RFC 791 §3.1)
			}
		}
	} else {
		d.own6(b[8:24])
		d.own6(b[24:40])
	}
	d.blank(h.data[h.end:])
}

func (d *disguise) own6(b []byte) {
	if d.learning {
		d.addr6(bytes.Clone(b))
		return
	}
	d.addr6(b)
}

// linkAddresses replaces the Ethernet addresses.
func (d *disguise) linkAddresses(h *held) {
	b := h.data
	switch {
	case h.link == layers.LinkTypeEthernet && len(b) >= 14:
		d.ownMAC(b[:6])
		d.ownMAC(b[6:12])
	case h.link == layers.LinkTypeLinuxSLL && len(b) >= 16:
		d.ownMAC(b[6:12])
	case h.link == layers.LinkTypeLinuxSLL2 && len(b) >= 20:
		d.ownMAC(b[12:18])
	}
}

// other is a frame without an IP packet that is read: ARP's addresses are replaced, all
// other content is overwritten.
func (d *disguise) other(h *held) {
	start, kind := 0, uint16(0)
	switch {
	case h.link == layers.LinkTypeEthernet && len(h.data) >= 14:
		start, kind = 14, binary.BigEndian.Uint16(h.data[12:])
	case h.link == layers.LinkTypeLinuxSLL && len(h.data) >= 16:
		start, kind = 16, binary.BigEndian.Uint16(h.data[14:])
	case h.link == layers.LinkTypeLinuxSLL2 && len(h.data) >= 20:
		start, kind = 20, binary.BigEndian.Uint16(h.data)
	}
	for kind == 0x8100 && start+4 <= len(h.data) {
		kind, start = binary.BigEndian.Uint16(h.data[start+2:]), start+4
	}
	d.linkAddresses(h)
	b := h.data[start:]
	if kind == 0x0806 && len(b) >= 28 && b[4] == 6 && b[5] == 4 { // ARP (RFC 826)
		d.ownMAC(b[8:14])
		d.own4(b[14:18])
		d.ownMAC(b[18:24])
		d.own4(b[24:28])
		b = b[28:]
	}
	d.blank(b)
}

// icmp replaces the addresses in the packet that an ICMP error quotes, and those of Neighbor Discovery; what an
// error quotes beyond the ports is overwritten, as is all of what is neither.
func (d *disguise) icmp(b []byte, four bool) {
	if len(b) < 8 {
		d.blank(b)
		return
	}
	if !four && d.neighbors(b) {
		return
	}
	q, ok := readQuote(four, b[8:])
	if !ok || icmpWhy(four, b[0], b[1]) == "" {
		d.blank(b[4:])
		return
	}
	inner := b[8:]
	if four {
		was := bytes.Clone(inner[:q.header])
		d.own4(inner[12:16])
		d.own4(inner[16:20])
		if !d.learning {
			adjust(inner[10:12], sum16(was[:10])+sum16(was[12:20]), sum16(inner[:10])+sum16(inner[12:20]))
		}
		d.blank(inner[20:q.header])
	} else {
		d.own6(inner[8:24])
		d.own6(inner[24:40])
	}
	d.blank(inner[q.header+8:])
}

// sum16 is the one's complement sum of what a checksum covers, from an even place on.
func sum16(b []byte) (sum uint64) {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}

// adjust changes a checksum by what changed under it (RFC 1624): one that was right
// stays right, and one that was wrong, or covers what the capture cut, stays what it was.
func adjust(field []byte, was, is uint64) {
	old := uint64(binary.BigEndian.Uint16(field))
	fold := func(v uint64) uint64 {
		for v > 0xffff {
			v = v>>16 + v&0xffff
		}
		return v
	}
	sum := fold(^old&0xffff) + fold(^fold(was)&0xffff) + fold(is)
	binary.BigEndian.PutUint16(field, uint16(^fold(sum)))
}

// checksums sets right what changed; more is what changed in further fragments.
func (h *held) checksums(wasMore, isMore uint64) {
	if h.header == 0 {
		return
	}
	b, w := h.data[h.ip:h.end], h.was[h.ip:h.end]
	from, to := 8, 40
	if h.four {
		from, to = 12, 20
		adjust(b[10:12], sum16(w[:10])+sum16(w[12:h.header]), sum16(b[:10])+sum16(b[12:h.header]))
	}
	if !h.first {
		return
	}
	at := -1
	switch h.protocol { //nolint:exhaustive // the others have none that counts
	case layers.IPProtocolICMPv4: // nothing of IP is under it (RFC 792)
		at, from = h.header+2, to
	case layers.IPProtocolICMPv6:
		at = h.header + 2
	case layers.IPProtocolUDP:
		at = h.header + 6
	case layers.IPProtocolTCP:
		at = h.header + 16
	}
	if at < 0 || at+2 > len(b) || h.protocol == layers.IPProtocolUDP && b[at] == 0 && b[at+1] == 0 {
		return
	}
	was := sum16(w[from:to]) + sum16(w[h.header:at]) + sum16(w[at+2:]) + wasMore
	is := sum16(b[from:to]) + sum16(b[h.header:at]) + sum16(b[at+2:]) + isMore
	adjust(b[at:at+2], was, is)
	if h.protocol == layers.IPProtocolUDP && b[at] == 0 && b[at+1] == 0 {
		b[at], b[at+1] = 0xff, 0xff
	}
}
