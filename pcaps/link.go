package pcaps

import (
	"encoding/binary"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

// linkFrame is what the link layer of a frame says.
type linkFrame struct {
	from    device.MAC // who sent it; zero where the capture doesn't tell
	kind    uint16     // EtherType
	payload []byte
}

// The EtherTypes that count (IEEE 802).
const (
	etherIPv4 = uint16(layers.EthernetTypeIPv4)
	etherIPv6 = uint16(layers.EthernetTypeIPv6)
)

// maxTags bounds VLAN tags in one frame.
const maxTags = 4

// readLink reads the link layer; false for a frame of no use, and for a link type that
// is not known.
func readLink(f frame) (linkFrame, bool) {
	switch f.link { //nolint:exhaustive // the link types on which phones are captured
	case layers.LinkTypeEthernet:
		if len(f.data) < 14 {
			return linkFrame{}, false
		}
		l := linkFrame{kind: binary.BigEndian.Uint16(f.data[12:]), payload: f.data[14:]}
		copy(l.from[:], f.data[6:12])
		return l.untag()
	case layers.LinkTypeLinuxSLL:
		if len(f.data) < 16 {
			return linkFrame{}, false
		}
		l := linkFrame{kind: binary.BigEndian.Uint16(f.data[14:]), payload: f.data[16:]}
		if binary.BigEndian.Uint16(f.data[4:]) == 6 {
			copy(l.from[:], f.data[6:12])
		}
		return l.untag()
	case layers.LinkTypeLinuxSLL2:
		if len(f.data) < 20 {
			return linkFrame{}, false
		}
		l := linkFrame{kind: binary.BigEndian.Uint16(f.data), payload: f.data[20:]}
		if f.data[11] == 6 {
			copy(l.from[:], f.data[12:18])
		}
		return l.untag()
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		if len(f.data) < 4 {
			return linkFrame{}, false
		}
		return rawIP(f.data[4:])
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, 12, 14: // 12 and 14: DLT_RAW of some systems
		return rawIP(f.data)
	}
	return linkFrame{}, false
}

// rawIP reads a frame that begins with IP: its first four bits are the version.
func rawIP(data []byte) (linkFrame, bool) {
	if len(data) == 0 {
		return linkFrame{}, false
	}
	switch data[0] >> 4 {
	case 4:
		return linkFrame{kind: etherIPv4, payload: data}, true
	case 6:
		return linkFrame{kind: etherIPv6, payload: data}, true
	}
	return linkFrame{}, false
}

// untag takes off VLAN tags (IEEE 802.1Q, 802.1ad) and PPPoE.
func (l linkFrame) untag() (linkFrame, bool) {
	for range maxTags {
		switch l.kind {
		case etherIPv4, etherIPv6:
			return l, true
		case 0x8100, 0x88a8, 0x9100:
			if len(l.payload) < 4 {
				return l, false
			}
			l.kind, l.payload = binary.BigEndian.Uint16(l.payload[2:]), l.payload[4:]
		case 0x8864: // PPPoE session (RFC 2516 §4)
			if len(l.payload) < 8 {
				return l, false
			}
			return l.ppp(binary.BigEndian.Uint16(l.payload[6:]), l.payload[8:])
		default:
			return l, false
		}
	}
	return l, false
}

// ppp reads PPP's protocol number (RFC 1661 §2).
func (l linkFrame) ppp(protocol uint16, payload []byte) (linkFrame, bool) {
	l.payload = payload
	switch protocol {
	case 0x0021:
		l.kind = etherIPv4
	case 0x0057:
		l.kind = etherIPv6
	default:
		return l, false
	}
	return l, true
}
