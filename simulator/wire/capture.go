package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Capture writes Ethernet frames to a pcapng file. It keeps the first error and writes
// no more after it. Where a frame is rebuilt from what a socket saw, the payload, the
// addresses, ports, sequence numbers and checksums are true, and the other side's
// Ethernet address is made up: 02:00 and its IPv4 address.
type Capture struct {
	mac net.HardwareAddr

	mu   sync.Mutex
	out  *pcapgo.NgWriter
	buf  gopacket.SerializeBuffer
	id   uint16 // IPv4 identification
	held []heldFrame
	size int    // bytes in held
	kept uint64 // frames in the file
	err  error
}

// heldFrame waits to be written. TLS secrets are known only after the frame that they
// are needed for, the Server Hello, was recorded; readers want them before it. So the
// latest frames are held back, and secrets are written at once.
type heldFrame struct {
	at   time.Time
	data []byte
}

// maxHeld is how many bytes of frames are held back at most.
const maxHeld = 1 << 20

// What a phone's own capture says of itself: the program that wrote it, and its interface. A complete one ends with an
// Interface Statistics Block (IETF draft pcapng, section 4.6) that counts its frames.
const (
	CaptureApplication = "fipsim"
	CaptureInterface   = "phone"
)

// NewCapture starts a pcapng file on w with one Ethernet interface; mac is the phone's
// own address in every frame. Its error is that of writing the file's header.
func NewCapture(w io.Writer, mac net.HardwareAddr) (*Capture, error) {
	options := pcapgo.DefaultNgWriterOptions
	options.SectionInfo.Application = CaptureApplication
	intf := pcapgo.DefaultNgInterface
	intf.Name, intf.LinkType = CaptureInterface, layers.LinkTypeEthernet
	out, err := pcapgo.NewNgWriterInterface(w, intf, options)
	if err != nil {
		return nil, err
	}
	return &Capture{mac: mac, out: out, buf: gopacket.NewSerializeBuffer()}, nil
}

// Complete is Close when the phone has nothing more to do: what is not in the file did not happen.
func (c *Capture) Complete() error {
	if err := c.Close(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	stats := pcapgo.NgInterfaceStatistics{LastUpdate: now, EndTime: now, PacketsReceived: c.kept}
	return errors.Join(c.out.WriteInterfaceStats(0, stats), c.out.Flush())
}

// Close writes out what is buffered and returns the first error of the whole capture. It may be in the midst of what
// the phone does. The writer under it stays open.
func (c *Capture) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(0)
	if err := c.out.Flush(); c.err == nil {
		c.err = err
	}
	return c.err
}

// KeyLog returns a writer for TLS secrets (NSS key log format). They go into the
// capture itself as a Decryption Secrets Block, so that Wireshark shows what was said.
func (c *Capture) KeyLog() io.Writer { return keyLog{c} }

type keyLog struct{ c *Capture }

// Write implements io.Writer; one call is one line of the key log.
func (k keyLog) Write(line []byte) (int, error) {
	k.c.mu.Lock()
	defer k.c.mu.Unlock()
	if k.c.err == nil {
		k.c.err = k.c.out.WriteDecryptionSecretsBlock(pcapgo.DSB_SECRETS_TYPE_TLS, line)
	}
	return len(line), nil // a capture that fails never breaks the handshake
}

// Frame records a whole Ethernet frame as it was.
func (c *Capture) Frame(at time.Time, frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(at, frame)
}

// Datagram records a UDP packet; ours says that the phone sent it.
func (c *Capture) Datagram(at time.Time, ours bool, d Datagram) {
	udp := &layers.UDP{SrcPort: layers.UDPPort(d.From.Port()), DstPort: layers.UDPPort(d.To.Port())}
	c.packet(at, ours, d.From.Addr(), d.To.Addr(), layers.IPProtocolUDP, udp, d.Payload)
}

// segment records a TCP segment.
func (c *Capture) segment(at time.Time, ours bool, from, to netip.Addr, tcp *layers.TCP, payload []byte) {
	c.packet(at, ours, from, to, layers.IPProtocolTCP, tcp, payload)
}

// transport is a layer above IP whose checksum covers the addresses.
type transport interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

func (c *Capture) packet(at time.Time, ours bool, from, to netip.Addr, proto layers.IPProtocol, t transport, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	eth := &layers.Ethernet{SrcMAC: c.mac, DstMAC: hardwareAddr(to), EthernetType: layers.EthernetTypeIPv4}
	if !ours {
		eth.SrcMAC, eth.DstMAC = hardwareAddr(from), c.mac
	}
	ip := c.network(eth, from, to, proto)
	if c.err = t.SetNetworkLayerForChecksum(ip); c.err != nil {
		return
	}
	c.err = gopacket.SerializeLayers(c.buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		eth, ip.(gopacket.SerializableLayer), t, gopacket.Payload(payload))
	c.write(at, c.buf.Bytes())
}

// network returns the IP layer between two addresses; c.mu is held.
func (c *Capture) network(eth *layers.Ethernet, from, to netip.Addr, proto layers.IPProtocol) gopacket.NetworkLayer {
	if from.Is4() && to.Is4() {
		c.id++
		return &layers.IPv4{
			Version: 4, TTL: 64, Id: c.id, Flags: layers.IPv4DontFragment,
			Protocol: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice(),
		}
	}
	eth.EthernetType = layers.EthernetTypeIPv6
	six := func(a netip.Addr) net.IP { b := a.As16(); return b[:] }
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: six(from), DstIP: six(to)}
}

// write appends a frame; c.mu is held.
func (c *Capture) write(at time.Time, frame []byte) {
	c.held = append(c.held, heldFrame{at, bytes.Clone(frame)})
	if c.size += len(frame); c.size > maxHeld {
		c.release(maxHeld / 2)
	}
}

// release writes the oldest frames until no more than keep bytes are held; c.mu is held.
func (c *Capture) release(keep int) {
	n := 0
	for ; n < len(c.held) && c.size > keep && c.err == nil; n++ {
		f := c.held[n]
		c.size -= len(f.data)
		c.kept++
		c.err = c.out.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: len(f.data), Length: len(f.data)}, f.data)
	}
	c.held = append(c.held[:0], c.held[n:]...)
	if c.err != nil {
		c.held, c.size = nil, 0
	}
}

// hardwareAddr makes up the Ethernet address of a host whose real one a socket does
// not tell; multicast addresses have their own by RFC 1112 §6.4.
func hardwareAddr(a netip.Addr) net.HardwareAddr {
	raw := a.As16()
	if a.Is4() && a.IsMulticast() {
		return net.HardwareAddr{0x01, 0x00, 0x5e, raw[13] & 0x7f, raw[14], raw[15]}
	}
	h := net.HardwareAddr{0x02, 0x00, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(h[2:], binary.BigEndian.Uint32(raw[12:]))
	return h
}
