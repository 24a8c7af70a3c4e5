package pcaps

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// askAndFragments writes a request and its answer in three fragments, in an order; in IPv6
// behind a hop-by-hop header.
func (w *writer) askAndFragments(phone, server, tid netip.AddrPort, id uint32, order []int) {
	kind := etherIPv4
	if phone.Addr().Is6() {
		kind = etherIPv6
	}
	w.ethernet(kind, packetOf(w.t, phone, server, tftp.AppendRRQ(nil, w.mac.CfgName(), "octet")))
	body := make([]byte, 400)
	for i := range body {
		body[i] = 'a' + byte(i%26)
	}
	whole := packetOf(w.t, tid, phone, tftp.AppendData(nil, 1, body))
	payload := whole[20:]
	if phone.Addr().Is6() {
		payload = whole[40:]
	}
	cuts := []int{0, 128, 256, len(payload)}
	for _, n := range order {
		part, more := payload[cuts[n]:cuts[n+1]], n < 2
		if phone.Addr().Is6() {
			w.ethernet(kind, w.fragment6(tid, phone, id, cuts[n], more, part))
			continue
		}
		ip := ip4(tid, phone, layers.IPProtocolUDP)
		ip.Id, ip.FragOffset = uint16(id), uint16(cuts[n]/8)
		if more {
			ip.Flags = layers.IPv4MoreFragments
		}
		w.ethernet(kind, layersOf(w.t, ip, gopacket.Payload(part)))
	}
}

// fragment6 is one fragment (RFC 8200 §4.5) behind a hop-by-hop header of padding.
func (w *writer) fragment6(from, to netip.AddrPort, id uint32, at int, more bool, part []byte) []byte {
	place := uint16(at)
	if more {
		place |= 1
	}
	headers := []byte{byte(layers.IPProtocolIPv6Fragment), 0, 1, 4, 0, 0, 0, 0, byte(layers.IPProtocolUDP), 0}
	headers = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(headers, place), id)
	return layersOf(w.t, ip6(from, to, layers.IPProtocolIPv6HopByHop), gopacket.Payload(append(headers, part...)))
}
