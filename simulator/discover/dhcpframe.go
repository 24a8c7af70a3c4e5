package discover

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
)

var (
	everybody     = device.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	broadcastAddr = netip.AddrFrom4([4]byte{255, 255, 255, 255})
)

// dhcpFrame puts message into UDP, IP and Ethernet, from the phone's own MAC: 548
// bytes become 590. The header fields are those of udhcpc's raw socket: TTL 64, no
// identification, no flags.
func dhcpFrame(mac device.MAC, to Target, message []byte) ([]byte, error) {
	source, target, targetMAC := netip.IPv4Unspecified(), broadcastAddr, everybody
	if to.Client.IsValid() {
		source = to.Client
	}
	if to.Server.IsValid() {
		target = to.Server
	}
	if to.Server.IsValid() && !to.ServerMAC.IsZero() {
		targetMAC = to.ServerMAC
	}
	ether := &layers.Ethernet{SrcMAC: mac[:], DstMAC: targetMAC[:], EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: source.AsSlice(), DstIP: target.AsSlice()}
	udp := &layers.UDP{SrcPort: dhcpClientPort, DstPort: dhcpServerPort}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	buffer := gopacket.NewSerializeBuffer()
	how := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buffer, how, ether, ip, udp, gopacket.Payload(message)); err != nil {
		return nil, fmt.Errorf("DHCP frame: %w", err)
	}
	return buffer.Bytes(), nil
}

// frameReader takes DHCP messages out of frames. It is for one goroutine.
type frameReader struct {
	ether   layers.Ethernet
	vlan    layers.Dot1Q
	ip      layers.IPv4
	udp     layers.UDP
	payload gopacket.Payload
	parser  *gopacket.DecodingLayerParser
	found   []gopacket.LayerType
}

func newFrameReader() *frameReader {
	r := new(frameReader)
	r.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &r.ether, &r.vlan, &r.ip, &r.udp, &r.payload)
	r.parser.IgnoreUnsupported = true
	return r
}

// read returns the message for a DHCP client in frame, which stays part of frame; false
// where there is none. UDP checksums are not looked at: on the way between two
// programs of one machine nobody has filled them in yet.
func (r *frameReader) read(frame []byte) (Packet, bool) {
	if err := r.parser.DecodeLayers(frame, &r.found); err != nil || len(r.found) == 0 {
		return Packet{}, false
	}
	udp := false
	for _, l := range r.found {
		udp = udp || l == layers.LayerTypeUDP
	}
	if !udp || r.udp.DstPort != dhcpClientPort {
		return Packet{}, false
	}
	p := Packet{Message: r.udp.Payload}
	copy(p.MAC[:], r.ether.SrcMAC)
	if a, ok := netip.AddrFromSlice(r.ip.SrcIP); ok {
		p.From = netip.AddrPortFrom(a.Unmap(), uint16(r.udp.SrcPort))
	}
	return p, true
}

// arpAnswer returns the reply to an ARP request for an address that holder knows
// (RFC 826); nil for everything else.
func arpAnswer(frame []byte, holder func(netip.Addr) (device.MAC, bool)) []byte {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	ask, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
	if !ok || ask.Operation != layers.ARPRequest ||
		len(ask.SourceHwAddress) != 6 || len(ask.DstProtAddress) != 4 || len(ask.SourceProtAddress) != 4 {
		return nil
	}
	wanted, _ := netip.AddrFromSlice(ask.DstProtAddress)
	mac, ok := holder(wanted)
	if !ok || mac == device.MAC(ask.SourceHwAddress) {
		return nil
	}
	ether := &layers.Ethernet{SrcMAC: mac[:], DstMAC: net.HardwareAddr(ask.SourceHwAddress), EthernetType: layers.EthernetTypeARP}
	reply := &layers.ARP{AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: layers.ARPReply, SourceHwAddress: mac[:], SourceProtAddress: ask.DstProtAddress,
		DstHwAddress: ask.SourceHwAddress, DstProtAddress: ask.SourceProtAddress}
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{}, ether, reply); err != nil {
		return nil
	}
	return buffer.Bytes()
}
