package pcaps

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// The same transfer is read from every kind of capture.
func TestLinkTypes(t *testing.T) {
	six := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	sll := func(p []byte) []byte {
		return append([]byte{0, 0, 0, 1, 0, 6, 0, 0x21, 0xf2, 0, 0, 1, 0, 0, 8, 0}, p...)
	}
	sll2 := func(p []byte) []byte {
		return append([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 0, 0x21, 0xf2, 0, 0, 1, 0, 0}, p...)
	}
	for _, c := range []struct {
		name string
		link layers.LinkType
		wrap func([]byte) []byte
		six  bool
	}{
		{"raw", layers.LinkTypeRaw, func(p []byte) []byte { return p }, false},
		{"raw IPv6", layers.LinkTypeRaw, func(p []byte) []byte { return p }, true},
		{"loopback", layers.LinkTypeNull, func(p []byte) []byte { return append([]byte{2, 0, 0, 0}, p...) }, false},
		{"cooked v1", layers.LinkTypeLinuxSLL, sll, false},
		{"cooked v2", layers.LinkTypeLinuxSLL2, sll2, false},
		{"VLAN", layers.LinkTypeEthernet, func(p []byte) []byte {
			return append([]byte{2, 0, 0, 0, 0, 1, 0, 0x21, 0xf2, 0, 0, 1, 0x81, 0, 0, 5, 8, 0}, p...)
		}, false},
		{"VLAN in VLAN", layers.LinkTypeEthernet, func(p []byte) []byte {
			return append([]byte{2, 0, 0, 0, 0, 1, 0, 0x21, 0xf2, 0, 0, 1, 0x88, 0xa8, 0, 9, 0x81, 0, 0, 5, 8, 0}, p...)
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWriter(t, c.link)
			phone, server, tid := testPhone, testServer, testTID
			if c.six {
				phone, server, tid = six("[2001:db8::10]:40000"), six("[2001:db8::1]:69"), six("[2001:db8::1]:50000")
			}
			for _, p := range exchange(t, phone, server, tid) {
				w.raw(c.wrap(p))
			}
			got := read(t, w.out.Bytes())
			if kinds := kindsOf(t, got); kinds != wholeTransfer || got.Phones[0].Name() != "0021f2000001" {
				t.Errorf("%s: %s", got.Phones[0].Name(), kinds)
			}
		})
	}
}

// Fragments are put together, in whatever order they come.
func TestFragments(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 512)
	whole := packetOf(t, testTID, testPhone, tftp.AppendData(nil, 1, body))
	payload := whole[20:]
	fragment := func(from, to int, more bool) []byte {
		ip := ip4(testTID, testPhone, layers.IPProtocolUDP)
		ip.Id, ip.FragOffset = 7, uint16(from/8)
		if more {
			ip.Flags = layers.IPv4MoreFragments
		}
		return layersOf(t, ip, gopacket.Payload(payload[from:to]))
	}
	w := newWriter(t, layers.LinkTypeEthernet)
	w.ethernet(etherIPv4, packetOf(t, testPhone, testServer, tftp.AppendRRQ(nil, "0021f2000001.cfg", "octet")))
	w.ethernet(etherIPv4, fragment(256, len(payload), false))
	w.ethernet(etherIPv4, fragment(0, 256, true))
	w.ethernet(etherIPv4, packetOf(t, testTID, testPhone, tftp.AppendData(nil, 2, nil)))
	c := read(t, w.out.Bytes())
	if kinds := kindsOf(t, c); kinds != wholeTransfer || len(c.Phones[0].Files) != 1 || c.Phones[0].Files[0].Bytes != 512 {
		t.Errorf("%s, %+v", kinds, c.Phones[0].Files)
	}
}
