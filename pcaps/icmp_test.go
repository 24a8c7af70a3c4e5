package pcaps

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// icmp4 is an ICMP error about a packet, which it quotes as far as RFC 792 demands.
func icmp4(t *testing.T, by string, kind, code byte, mtu uint16, about []byte) []byte {
	from := netip.AddrPortFrom(netip.MustParseAddr(by), 0)
	to, _ := netip.AddrFromSlice(about[12:16])
	message := &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, code), Seq: mtu}
	return layersOf(t, ip4(from, netip.AddrPortFrom(to, 0), layers.IPProtocolICMPv4), message, gopacket.Payload(about[:28]))
}

// icmp6 is the same in IPv6, where all of the packet is quoted.
func icmp6(t *testing.T, by string, kind, code byte, mtu uint32, about []byte) []byte {
	from := netip.AddrPortFrom(netip.MustParseAddr(by), 0)
	to, _ := netip.AddrFromSlice(about[8:24])
	ip := ip6(from, netip.AddrPortFrom(to, 0), layers.IPProtocolICMPv6)
	message := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, code)}
	_ = message.SetNetworkLayerForChecksum(ip)
	return layersOf(t, ip, message, gopacket.Payload(append(binary.BigEndian.AppendUint32(nil, mtu), about...)))
}

// What the network says of a request is told, and what it means: who is silent because
// nothing listens there, and who because a firewall is in between.
func TestUndelivered(t *testing.T) {
	six := netip.MustParseAddrPort
	phone6, server6 := six("[2001:db8::10]:40000"), six("[2001:db8::1]:69")
	request := tftp.AppendRRQ(nil, passCfg, "octet")
	ask := packetOf(t, testPhone, testServer, request)
	ask6 := packetOf(t, phone6, server6, request)
	for _, test := range []struct {
		name  string
		kind  uint16
		sent  []byte
		icmp  []byte
		cause Cause
		text  string
	}{
		{"port unreachable", etherIPv4, ask, icmp4(t, "192.0.2.1", 3, 3, 0, ask), Refused, "it says by ICMP that nothing listens on that port"},
		{"prohibited", etherIPv4, ask, icmp4(t, "203.0.113.1", 3, 13, 0, ask), NoAnswer, "203.0.113.1 says by ICMP that a firewall forbids it"},
		{"port unreachable, from a router", etherIPv4, ask, icmp4(t, "203.0.113.1", 3, 3, 0, ask), NoAnswer, "203.0.113.1 says by ICMP"},
		{"no way", etherIPv4, ask, icmp4(t, "203.0.113.1", 3, 1, 0, ask), NoAnswer, "(host unreachable)"},
		{"a circle", etherIPv4, ask, icmp4(t, "203.0.113.1", 11, 0, 0, ask), NoAnswer, "(time to live exceeded in transit)"},
		{"IPv6, port unreachable", etherIPv6, ask6, icmp6(t, "2001:db8::1", 1, 4, 0, ask6), Refused, "nothing listens on that port"},
		{"IPv6, prohibited", etherIPv6, ask6, icmp6(t, "2001:db8::fe", 1, 1, 0, ask6), NoAnswer, "2001:db8::fe says by ICMP that a firewall"},
		{"an echo, which is none", etherIPv4, ask, icmp4(t, "203.0.113.1", 0, 0, 0, ask), NoAnswer, "nothing came back"},
		{"about somebody else", etherIPv4, ask, icmp4(t, "203.0.113.1", 3, 3, 0,
			packetOf(t, netip.MustParseAddrPort("192.0.2.99:1"), testServer, nil)), NoAnswer, "nothing came back"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			w.ethernet(test.kind, test.sent)
			w.ethernet(test.kind, test.icmp)
			w.at = w.at.Add(time.Minute)
			w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("203.0.113.77:53"), netip.MustParseAddrPort("203.0.113.78:53"), nil))
			b := w.out.Bytes()
			c := read(t, b)
			d := Diagnose(c.Phones[0])[0]
			if d.Cause != test.cause || d.Side != Open || !strings.Contains(d.Text, test.text) {
				t.Errorf("%s, %s: %s", d.Cause, d.Side, d.Text)
			}
			if lines := missed(t, written(t, b), c); lines != "" {
				t.Errorf("the filter %s does not show:\n%s", d.Filter, lines)
			}
			out, _ := anonymized(t, b, "seed")
			if was, is := strings.Join(outline(c), "\n"), strings.Join(outline(read(t, out)), "\n"); was != is {
				t.Errorf("anonymized, it is another story:\n%s\n%s", was, is)
			}
		})
	}
}

// Blocks that are too big for a tunnel on the way stop a transfer that began well.
func TestTooBig(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.ethernet(etherIPv4, packetOf(t, testPhone, testServer, tftp.AppendRRQ(nil, passCfg, "octet", tftp.Option{Name: "blksize", Value: "1468"})))
	w.ethernet(etherIPv4, packetOf(t, testTID, testPhone, tftp.AppendOACK(nil, tftp.Option{Name: "blksize", Value: "1468"})))
	w.ethernet(etherIPv4, packetOf(t, testPhone, testTID, tftp.AppendAck(nil, 0)))
	block := packetOf(t, testTID, testPhone, tftp.AppendData(nil, 1, make([]byte, 1468)))
	w.ethernet(etherIPv4, icmp4(t, "203.0.113.1", 3, 4, 1400, block))
	w.at = w.at.Add(time.Minute)
	w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("203.0.113.77:53"), netip.MustParseAddrPort("203.0.113.78:53"), nil))
	d := Diagnose(read(t, w.out.Bytes()).Phones[0])[0]
	if d.Cause != NoAnswer || d.Side != Open || !strings.Contains(d.Text, "too big") || !strings.Contains(d.Text, "MTU 1400") {
		t.Errorf("%+v", d)
	}
}

// A capture that ends soon after a file was given up for another is not to blame.
func TestGivenUpForAnother(t *testing.T) {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.ask(40001, passBoot)
	w.at = w.at.Add(3 * time.Second)
	w.serve(40002, passCfg, account, true)
	c := read(t, w.out.Bytes())
	if all := Diagnose(c.Phones[0]); all[0].Cause != NoAnswer || all[len(all)-1].Cause != WentOn {
		t.Errorf("%+v", all)
	}
}
