// Package library holds captures of our own, and what makes them. Each has a line in
// ../INDEX.md: what it is, how it was made, what it proves.
//
//	go test ./pcaps/library -update
//
// writes them again, byte for byte the same.
package library

import (
	"bytes"
	"embed"
	"io"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
)

// Files are the captures by name.
//
//go:embed *.pcapng
var Files embed.FS

// Made is a capture that this package makes.
type Made struct {
	Name string // of its file
	make func(*capture)
}

// All lists the captures that this package makes.
func All() []Made {
	return []Made{
		{"guide_dhcp_option66.pcapng", guideDHCP},
		{"guide_pnp.pcapng", guidePnP},
	}
}

// Bytes makes the capture. Its error is that of writing it.
func (m Made) Bytes() ([]byte, error) {
	var b bytes.Buffer
	c, err := newCapture(&b)
	if err != nil {
		return nil, err
	}
	m.make(c)
	if err := c.out.Flush(); c.err == nil {
		c.err = err
	}
	return b.Bytes(), c.err
}

// capture writes UDP packets of one phone, each with a comment for whoever opens it in
// Wireshark. It keeps the first error.
type capture struct {
	out *pcapgo.NgWriter
	day time.Time
	mac device.MAC // the phone's
	err error
}

func newCapture(w io.Writer) (*capture, error) {
	options := pcapgo.DefaultNgWriterOptions
	options.SectionInfo = pcapgo.NgSectionInfo{Application: "fipsim", Comment: "Rebuilt from the printed figures of the Flyingvoice " +
		"auto provisioning guide: not a recording. Each frame's comment says what of it is proven."}
	intf := pcapgo.DefaultNgInterface
	intf.Name, intf.LinkType, intf.OS = "rebuilt", layers.LinkTypeEthernet, ""
	out, err := pcapgo.NewNgWriterInterface(w, intf, options)
	return &capture{out: out}, err
}

// at is a time of that day, as the guide prints it: "14:29:06.842740".
func (c *capture) at(clock string) time.Time {
	t, err := time.Parse("15:04:05.000000", clock)
	if err != nil {
		c.err = err
		return c.day
	}
	return c.day.Add(t.Sub(t.Truncate(24 * time.Hour)))
}

// broadcast is where a phone without an address sends to.
var broadcast = netip.MustParseAddr("255.255.255.255")

// udp writes one packet.
func (c *capture) udp(clock, comment string, from, to netip.AddrPort, fromPhone bool, payload []byte) {
	eth := &layers.Ethernet{SrcMAC: hardware(from.Addr()), DstMAC: hardware(to.Addr()), EthernetType: layers.EthernetTypeIPv4}
	if fromPhone {
		eth.SrcMAC = c.mac[:]
	} else if to.Addr() != broadcast {
		eth.DstMAC = c.mac[:]
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	buf := gopacket.NewSerializeBuffer()
	err := udp.SetNetworkLayerForChecksum(ip)
	if err == nil {
		err = gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, udp,
			gopacket.Payload(payload))
	}
	if err == nil {
		b := buf.Bytes()
		err = c.out.WritePacketWithOptions(gopacket.CaptureInfo{Timestamp: c.at(clock), CaptureLength: len(b), Length: len(b)}, b,
			pcapgo.NgPacketOptions{Comments: []string{comment}})
	}
	if c.err == nil {
		c.err = err
	}
}

// hardware makes up a server's Ethernet address, 02:00 and its IPv4 address; broadcast
// and multicast have their own (RFC 1112 §6.4).
func hardware(a netip.Addr) []byte {
	b := a.As4()
	switch {
	case a == broadcast:
		return []byte{255, 255, 255, 255, 255, 255}
	case a.IsMulticast():
		return []byte{1, 0, 0x5e, b[1] & 0x7f, b[2], b[3]}
	}
	return []byte{2, 0, b[0], b[1], b[2], b[3]}
}
