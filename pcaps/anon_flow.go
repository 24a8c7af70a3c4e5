package pcaps

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// flows are the conversations of a capture that is held in memory.
type flows struct {
	d         *disguise
	transfers map[netip.AddrPort]*heldTransfer // by the phone's port, the latest
	files     []*heldTransfer                  // all of them
	fragments map[fragmentKey][]*held
	tcp       map[[2]netip.AddrPort]*heldTCP
	all       []*heldTCP
}

type fragmentKey struct {
	from, to netip.Addr
	id       uint32
	protocol layers.IPProtocol
}

// heldTransfer is a TFTP transfer: its blocks are one file.
type heldTransfer struct {
	server netip.Addr
	parts  [][]byte
	last   uint16
	again  [][2][]byte // a block that came again, and the one that came first
	by     map[uint16][][]byte
}

// heldTCP is a TCP connection: two streams.
type heldTCP struct {
	ends [2]netip.AddrPort
	segs [2][]segment
	isn  [2]uint32
	seen [2]bool
}

type segment struct {
	at   int64
	data []byte
}

func newFlows(d *disguise) *flows {
	return &flows{d: d, transfers: make(map[netip.AddrPort]*heldTransfer), fragments: make(map[fragmentKey][]*held),
		tcp: make(map[[2]netip.AddrPort]*heldTCP)}
}

// take looks at a frame with an IP packet.
func (f *flows) take(h *held) {
	switch {
	case h.fragment:
		key := fragmentKey{h.from, h.to, h.id, h.protocol}
		f.fragments[key] = append(f.fragments[key], h)
		if h.protocol == layers.IPProtocolUDP {
			f.whole(key)
		}
	case h.protocol == layers.IPProtocolUDP:
		f.datagram(h, [][]byte{h.payload})
	case h.protocol == layers.IPProtocolTCP:
		f.segment(h)
	case h.protocol == layers.IPProtocolICMPv4, h.protocol == layers.IPProtocolICMPv6:
		f.d.icmp(h.payload, h.four)
	default:
		f.d.blank(h.payload)
	}
}

// whole hands a datagram on whose fragments are all there.
func (f *flows) whole(key fragmentKey) {
	all := slices.Clone(f.fragments[key])
	slices.SortFunc(all, func(a, b *held) int { return cmp.Compare(a.at, b.at) })
	next := 0
	var parts [][]byte
	for _, h := range all {
		if h.at != next {
			return
		}
		next += h.end - h.ip - h.header
		parts = append(parts, h.payload)
	}
	last := all[len(all)-1]
	more := binary.BigEndian.Uint16(last.data[last.ip+6:])&0x2000 != 0
	if !last.four {
		more = last.data[last.ip+last.header-5]&1 != 0
	}
	if !more {
		f.datagram(all[0], parts)
	}
}

// leftovers are fragments that never became a packet.
func (f *flows) leftovers() {
	for key, all := range f.fragments {
		if key.protocol != layers.IPProtocolUDP {
			for _, h := range all {
				f.d.blank(h.payload)
			}
		}
	}
}

// datagram replaces what is in a UDP datagram.
func (f *flows) datagram(h *held, parts [][]byte) {
	src, dst := netip.AddrPortFrom(h.from, h.src), netip.AddrPortFrom(h.to, h.dst)
	b := bytes.Join(parts, nil)
	start := bytes.TrimLeft(b[:min(len(b), 32)], "\r\n\x00")
	isSIP := slices.ContainsFunc(append(sipStarts, []byte("OPTIONS "), []byte("INVITE ")),
		func(p []byte) bool { return bytes.HasPrefix(start, p) })
	switch t := f.transfers[dst]; {
	case looksLikeDHCP(b):
		f.d.joined(parts, f.d.dhcp)
	case isSIP && isText(bytes.Trim(b, "\x00")):
		f.d.joined(parts, f.d.message)
	case t != nil && (t.server == h.from || fromTFTP(b)):
		f.tftp(t, b, parts)
	case looksLikeRequest(datagram{packet: packet{}, src: src, dst: dst, data: b,
		cut: h.frame.length - len(h.frame.data)}):
		f.d.joined(parts, f.d.request)
		t := &heldTransfer{server: h.to, by: make(map[uint16][][]byte)}
		f.transfers[src] = t
		f.files = append(f.files, t)
	case f.transfers[src] != nil && len(b) >= 4 && b[0] == 0 && b[1] == byte(tftp.ACK):
		f.d.joined(parts, func(b []byte) { f.d.blank(b[4:]) })
	case f.transfers[src] != nil && len(b) > 4 && b[0] == 0 && b[1] == byte(tftp.ERROR):
		f.d.joined(parts, f.d.tftpError)
	default:
		for _, p := range parts {
			f.d.blank(p)
		}
	}
}

// fromTFTP tells what a TFTP server sends, from whichever address.
func fromTFTP(b []byte) bool {
	p, err := tftp.Parse(b)
	return err == nil && p.Op != tftp.RRQ && p.Op != tftp.WRQ
}

// request is a TFTP read or write request: name and mode, then options.
func (d *disguise) request(b []byte) {
	if end := bytes.IndexByte(b[2:], 0); end >= 0 {
		d.text(b[2:2+end], false)
		return
	}
	d.random(b[2:]) // it stays malformed
}

// tftpError is an ERROR packet: its message may have a path in it.
func (d *disguise) tftpError(b []byte) { d.rest(bytes.TrimRight(b[4:], "\x00")) }

// tftp takes what a server sends.
func (f *flows) tftp(t *heldTransfer, b []byte, parts [][]byte) {
	if len(b) < 4 || b[0] != 0 {
		f.d.joined(parts, f.d.rest)
		return
	}
	switch tftp.Op(b[1]) { //nolint:exhaustive // the rest is of no transfer
	case tftp.DATA:
		skip, content := 4, [][]byte(nil)
		for _, p := range parts {
			n := min(skip, len(p))
			if skip -= n; len(p) > n {
				content = append(content, p[n:])
			}
		}
		block := binary.BigEndian.Uint16(b[2:])
		if first, ok := t.by[block]; ok && len(first) == len(content) && block-t.last >= 1<<15 || block == t.last && ok {
			for i := range min(len(first), len(content)) {
				t.again = append(t.again, [2][]byte{content[i], first[i]})
			}
			return
		}
		t.by[block], t.last = content, block
		t.parts = append(t.parts, content...)
	case tftp.ERROR:
		f.d.joined(parts, f.d.tftpError)
	case tftp.OACK, tftp.ACK:
	default:
		f.d.joined(parts, f.d.rest)
	}
}

// segment takes a TCP segment.
func (f *flows) segment(h *held) {
	src, dst := netip.AddrPortFrom(h.from, h.src), netip.AddrPortFrom(h.to, h.dst)
	key, side := [2]netip.AddrPort{src, dst}, 0
	if src.Compare(dst) > 0 {
		key, side = [2]netip.AddrPort{dst, src}, 1
	}
	c := f.tcp[key]
	if c == nil || h.syn && !h.ack && c.seen[side] && h.seq+1 != c.isn[side] {
		c = &heldTCP{ends: key}
		f.tcp[key] = c
		f.all = append(f.all, c)
	}
	seq := h.seq
	if h.syn {
		seq++
	}
	if !c.seen[side] {
		c.seen[side], c.isn[side] = true, seq
	}
	if len(h.payload) > 0 {
		c.segs[side] = append(c.segs[side], segment{int64(int32(seq - c.isn[side])), h.payload})
	}
}
