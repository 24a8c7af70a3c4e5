package pcaps

import (
	"bytes"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// writer makes small captures for tests.
type writer struct {
	t    *testing.T
	out  bytes.Buffer
	pcap *pcapgo.Writer
	at   time.Time
	snap int
	mac  device.MAC
}

func newWriter(t *testing.T, link layers.LinkType) *writer {
	w := &writer{t: t, at: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC), mac: device.DefaultMAC}
	w.pcap = pcapgo.NewWriter(&w.out)
	if err := w.pcap.WriteFileHeader(262144, link); err != nil {
		t.Fatal(err)
	}
	return w
}

// raw writes one frame.
func (w *writer) raw(b []byte) {
	length := len(b)
	if w.snap > 0 && length > w.snap {
		b = b[:w.snap]
	}
	if err := w.pcap.WritePacket(gopacket.CaptureInfo{Timestamp: w.at, CaptureLength: len(b), Length: length}, b); err != nil {
		w.t.Fatal(err)
	}
	w.at = w.at.Add(10 * time.Millisecond)
}

func layersOf(t *testing.T, all ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(buf.Bytes())
}

func ip4(from, to netip.AddrPort, protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
}

func ip6(from, to netip.AddrPort, protocol layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
}

// packetOf is a UDP packet from its IP header on.
func packetOf(t *testing.T, from, to netip.AddrPort, payload []byte) []byte {
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	if from.Addr().Is6() {
		ip := ip6(from, to, layers.IPProtocolUDP)
		_ = udp.SetNetworkLayerForChecksum(ip)
		return layersOf(t, ip, udp, gopacket.Payload(payload))
	}
	ip := ip4(from, to, layers.IPProtocolUDP)
	_ = udp.SetNetworkLayerForChecksum(ip)
	return layersOf(t, ip, udp, gopacket.Payload(payload))
}

func (w *writer) ethernet(kind uint16, packet []byte) {
	w.raw(append(append([]byte{2, 0, 0, 0, 0, 1}, append(w.mac[:], byte(kind>>8), byte(kind))...), packet...))
}

var (
	testPhone  = netip.MustParseAddrPort("192.0.2.10:40000")
	testServer = netip.MustParseAddrPort("192.0.2.1:69")
	testTID    = netip.MustParseAddrPort("192.0.2.1:50000")
)

// exchange is one small TFTP transfer, as packets.
func exchange(t *testing.T, phone, server, tid netip.AddrPort) [][]byte {
	return [][]byte{
		packetOf(t, phone, server, tftp.AppendRRQ(nil, "0021f2000001.cfg", "octet")),
		packetOf(t, tid, phone, tftp.AppendData(nil, 1, []byte("lang.gui=English\n"))),
		packetOf(t, phone, tid, tftp.AppendAck(nil, 1)),
	}
}

func read(t *testing.T, b []byte) *Capture {
	t.Helper()
	c, err := Read("test", bytes.NewReader(b), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kindsOf lists what happened to the only phone.
func kindsOf(t *testing.T, c *Capture) string {
	t.Helper()
	if len(c.Phones) != 1 {
		t.Fatalf("%d phones", len(c.Phones))
	}
	var all []string
	for _, e := range c.Phones[0].Events {
		all = append(all, string(e.Kind))
	}
	return strings.Join(all, " ")
}

const wholeTransfer = "fetch.request fetch.reply fetch.done"

func readFileWith(t *testing.T, name string, o Options) *Capture {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(name, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
