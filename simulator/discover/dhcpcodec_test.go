package discover

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/device"
)

// The options in the phone's order, byte for byte; 548 bytes, whatever is in them.
func TestDHCPMessageBytes(t *testing.T) {
	server := netip.MustParseAddr("192.168.50.92")
	for _, c := range []struct {
		name      string
		behaviour device.Behaviour
		message   dhcpMessage
		options   string
	}{
		{"discover", device.Behaviour{}, dhcpMessage{kind: dhcpv4.MessageTypeDiscover},
			"350101 3d07010021f222b01d 39020240 3708010306 0c0f1c2a42 3c0c7564686370 20312e31362e31 ff"},
		{"request", device.Behaviour{}, dhcpMessage{kind: dhcpv4.MessageTypeRequest, requested: dhcpLeased, server: server},
			"350103 3d07010021f222b01d 3204c0a83204 3604c0a8325c " +
				"39020240 3708010306 0c0f1c2a42 3c0c7564686370 20312e31362e31 ff"},
		{"settings", device.Behaviour{DHCPVendorClass: "{model}", DHCPParameters: []int{66, 1}, DHCPHostname: "fip-{mac}",
			DHCPClientID: "ff01", DHCPCustom: "77=626f; 124="},
			dhcpMessage{kind: dhcpv4.MessageTypeDiscover},
			"350101 3d02ff01 39020240 37024201 3c06464950313447 0c106669702d303032316632323262303164 4d02626f 7c00 ff"},
		{"release", device.Behaviour{DHCPClientID: "none", DHCPHostname: "h"},
			dhcpMessage{kind: dhcpv4.MessageTypeRelease, client: dhcpLeased, server: server},
			"350107 3604c0a8325c ff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := dhcpPhone.WithDefaults()
			options, err := readDHCPOptions(c.behaviour.WithDefaults(), id)
			if err != nil {
				t.Fatal(err)
			}
			c.message.mac = id.MAC
			raw, err := c.message.bytes(options)
			if err != nil {
				t.Fatal(err)
			}
			want, err := hex.DecodeString(strings.ReplaceAll(c.options, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, raw[bootpOptions:bootpOptions+len(want)]); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if padding := raw[bootpOptions+len(want):]; len(raw) != 548 || len(bytes.Trim(padding, "\x00")) != 0 {
				t.Errorf("%d bytes, padding %x; want 548 and zeros", len(raw), padding)
			}
			if m, err := dhcpv4.FromBytes(raw); err != nil || m.ClientHWAddr.String() != "00:21:f2:22:b0:1d" {
				t.Errorf("the library reads %v, %v", m, err)
			}
		})
	}
}

// What a relay agent adds: hops, giaddr, and sub-option 19 unless its port is 67.
func TestViaRelay(t *testing.T) {
	id := dhcpPhone.WithDefaults()
	options, err := readDHCPOptions(device.Behaviour{}.WithDefaults(), id)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := dhcpMessage{kind: dhcpv4.MessageTypeDiscover, mac: id.MAC}.bytes(options)
	if err != nil {
		t.Fatal(err)
	}
	for port, want82 := range map[uint16][]byte{67: nil, 4711: {19, 0}} {
		relayed := viaRelay(raw, netip.AddrPortFrom(netip.MustParseAddr("10.0.0.7"), port))
		m, err := dhcpv4.FromBytes(relayed)
		if err != nil {
			t.Fatal(err)
		}
		if m.HopCount != 1 || m.GatewayIPAddr.String() != "10.0.0.7" || len(relayed) != 548 {
			t.Errorf("relayed from port %d: %s", port, m.Summary())
		}
		if diff := cmp.Diff(want82, m.Options.Get(dhcpv4.OptionRelayAgentInformation)); diff != "" {
			t.Errorf("option 82 from port %d: %s", port, diff)
		}
	}
}

// The frame: 590 bytes, the phone's MAC, checksums that add up.
func TestDHCPFrame(t *testing.T) {
	mac := dhcpPhone.MAC
	server, serverMAC := netip.MustParseAddr("192.168.50.92"), device.MAC{2, 0, 0, 0, 0, 9}
	for _, c := range []struct {
		to                  Target
		source, target, dst string
	}{
		{Target{}, "0.0.0.0", "255.255.255.255", "ff:ff:ff:ff:ff:ff"},
		{Target{Client: dhcpLeased}, "192.168.50.4", "255.255.255.255", "ff:ff:ff:ff:ff:ff"},
		{Target{Client: dhcpLeased, Server: server, ServerMAC: serverMAC}, "192.168.50.4", "192.168.50.92", "02:00:00:00:00:09"},
		{Target{Client: dhcpLeased, Server: server}, "192.168.50.4", "192.168.50.92", "ff:ff:ff:ff:ff:ff"},
	} {
		frame, err := dhcpFrame(mac, c.to, bytes.Repeat([]byte{0xa5}, dhcpLength))
		if err != nil {
			t.Fatal(err)
		}
		p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		ether := p.LinkLayer().(*layers.Ethernet)
		ip := p.NetworkLayer().(*layers.IPv4)
		got := []string{ether.SrcMAC.String(), ether.DstMAC.String(), ip.SrcIP.String(), ip.DstIP.String()}
		if diff := cmp.Diff([]string{"00:21:f2:22:b0:1d", c.dst, c.source, c.target}, got); diff != "" || len(frame) != 590 {
			t.Errorf("frame of %d bytes: %s", len(frame), diff)
		}
		if sum := onesSum(frame[14:34]); sum != 0xffff {
			t.Errorf("IP header sums up to %04x, want ffff (RFC 791 §3.1)", sum)
		}
		pseudo := append(append(append([]byte{}, frame[26:34]...), 0, 17, frame[38], frame[39]), frame[34:]...)
		if sum := onesSum(pseudo); sum != 0xffff {
			t.Errorf("UDP sums up to %04x, want ffff (RFC 768)", sum)
		}
	}
}

// onesSum is the one's complement sum of 16-bit words (RFC 1071).
func onesSum(b []byte) uint32 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum
}

func TestServerText(t *testing.T) {
	opt := func(code byte, value string) dhcpv4.Options { return dhcpv4.Options{code: []byte(value)} }
	only66 := []int{66}
	for _, c := range []struct {
		name    string
		options dhcpv4.Options
		codes   []int
		want    string
		code    int
		wrong   string
	}{
		{"URL", opt(66, "http://h/p/"), only66, "http://h/p/", 66, ""},
		{"bare address", opt(66, "192.168.50.92"), only66, "192.168.50.92", 66, ""},
		{"counted NUL", opt(66, "host\x00"), only66, "host", 66, ""},
		{"filled with NULs", opt(66, "host\x00\x00\x00\x00"), only66, "host", 66, ""},
		{"spaces", opt(66, "  host  \x00"), only66, "host", 66, ""},
		{"spaces inside", opt(66, "http://h/HTTP Directory/"), only66, "http://h/HTTP Directory/", 66, ""},
		{"UTF-8", opt(66, "http://h/prüf/"), only66, "http://h/prüf/", 66, ""},
		{"absent", opt(67, "x"), only66, "", 0, ""},
		{"NUL inside", opt(66, "ho\x00st"), only66, "", 66, "control character"},
		{"line break", opt(66, "host\r\n"), only66, "", 66, "control character"},
		{"escape sequence", opt(66, "\x1b[2Jhost"), only66, "", 66, "control character"},
		{"bytes", opt(66, "\xff\xfe\xfd"), only66, "", 66, "not text"},
		{"67", opt(67, "http://h/"), []int{66, 67}, "http://h/", 67, ""},
		{"order", dhcpv4.Options{66: []byte("six"), 67: []byte("seven")}, []int{67, 66}, "seven", 67, ""},
		{"empty first", dhcpv4.Options{66: []byte("\x00"), 67: []byte("seven")}, []int{66, 67}, "seven", 67, ""},
		{"150", opt(150, "\x0a\x00\x00\x01\x0a\x00\x00\x02"), []int{150}, "10.0.0.1", 150, ""},
		{"150 of five bytes", opt(150, "\x0a\x00\x00\x01\x0a"), []int{150}, "", 150, "list of IPv4 addresses"},
		{"43 as text", opt(43, "tftp://h/"), []int{43}, "tftp://h/", 43, ""},
		{"43 as sub-options", opt(43, "\x01\x02\x00\x01\x02\x09tftp://h/\xff"), []int{43}, "tftp://h/", 43, ""},
		{"43 as bytes", opt(43, "\x01\x02\x00\x01"), []int{43}, "", 43, "control character"},
		{"custom number", opt(224, "host"), []int{66, 224}, "host", 224, ""},
	} {
		text, code, err := serverText(c.options, c.codes)
		if text != c.want || code != c.code || (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %q from option %d, %v; want %q from %d, error %q", c.name, text, code, err, c.want, c.code, c.wrong)
		}
	}
}

// datagram is a reply with these raw options, and what stands in sname and file.
func datagram(options, sname, file string) []byte {
	p := make([]byte, bootpOptions)
	p[0], p[1], p[2] = 2, 1, 6
	copy(p[bootpChaddr:], dhcpPhone.MAC[:])
	copy(p[bootpSname:], sname)
	copy(p[bootpFile:], file)
	copy(p[bootpCookie:], []byte{99, 130, 83, 99})
	return append(p, options...)
}

func TestParseReply(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    []byte
		want  string // of option 66
		wrong string
	}{
		{"plain", datagram("\x35\x01\x05\x42\x04host\xff", "", ""), "host", ""},
		{"no End", datagram("\x35\x01\x05\x42\x04host", "", ""), "host", ""},
		{"in two parts (RFC 3396)", datagram("\x35\x01\x05\x42\x02ho\x42\x02st\xff", "", ""), "host", ""},
		{"overloaded sname", datagram("\x35\x01\x05\x34\x01\x02\xff", "\x42\x04host\xff", "boot"), "host", ""},
		{"overloaded file", datagram("\x35\x01\x05\x34\x01\x01\xff", "name", "\x42\x04host\xff"), "host", ""},
		{"both, file first", datagram("\x35\x01\x05\x34\x01\x03\xff", "\x42\x02st\xff", "\x42\x02ho\xff"), "host", ""},
		{"sname without option 52", datagram("\x35\x01\x05\xff", "\x42\x04host\xff", ""), "", ""},
		{"option 52 is 4", datagram("\x35\x01\x05\x34\x01\x04\xff", "", ""), "", "option 52"},
		{"broken sname", datagram("\x35\x01\x05\x34\x01\x02\xff", "\x42\xfahost", ""), "", "sname field"},
		{"option longer than the message", datagram("\x35\x01\x05\x42\xffhost", "", ""), "", "malformed"},
		{"BOOTP", datagram("\x42\x04host\xff", "", ""), "", "option 53"},
		{"other cookie", append(datagram("", "", "")[:bootpCookie], "\x00\x00\x00\x00\x35\x01\x05\xff"...), "", "cookie"},
		{"a request", append([]byte{1}, datagram("\x35\x01\x05\xff", "", "")[1:]...), "", "not a DHCP reply"},
		{"empty", nil, "", "not a DHCP reply"},
	} {
		r, err := parseReply(c.in)
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.wrong)
		case c.wrong == "" && (err != nil || string(r.options[66]) != c.want):
			t.Errorf("%s: option 66 %q, %v; want %q", c.name, r.options[66], err, c.want)
		}
	}
}

// Whatever comes from the network: no panic, and text that fits into one line.
func FuzzReply(f *testing.F) {
	f.Add(datagram("\x35\x01\x05\x42\x04host\xff", "", ""))
	f.Add(datagram("\x35\x01\x05\x34\x01\x03\xff", "\x42\x02st\xff", "\x2b\x02ho\xff"))
	f.Add(datagram("\x35\x01\x02\x36\x04\x0a\x00\x00\x01\x96\x04\x0a\x00\x00\x01\xff", "", ""))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := parseReply(in)
		if err != nil {
			return
		}
		text, _, err := serverText(r.options, []int{66, 67, 43, 150, 224})
		if err == nil && strings.ContainsAny(text, "\r\n\x00\x1b") {
			t.Errorf("control character in %q", text)
		}
		if l := newLease(r); l.Time != 0 && (l.T1 <= 0 || l.T1 >= l.T2 || l.T2 >= l.Time) {
			t.Errorf("times %v %v %v", l.T1, l.T2, l.Time)
		}
	})
}

// A frame of the link: DHCP or not, whole or not.
func FuzzFrame(f *testing.F) {
	frame, err := dhcpFrame(dhcpPhone.MAC, Target{}, datagram("\x35\x01\x05\xff", "", ""))
	if err != nil {
		f.Fatal(err)
	}
	frame[36], frame[37] = 0, dhcpClientPort
	f.Add(frame)
	f.Add(arpQuestion(dhcpLeased))
	reader := newFrameReader()
	f.Fuzz(func(t *testing.T, in []byte) {
		if p, ok := reader.read(in); ok && len(p.Message) > len(in) {
			t.Errorf("a message of %d bytes in a frame of %d", len(p.Message), len(in))
		}
		holder := func(netip.Addr) (device.MAC, bool) { return dhcpPhone.MAC, true }
		if answer := arpAnswer(in, holder); answer != nil && !bytes.Equal(answer[6:12], dhcpPhone.MAC[:]) {
			t.Errorf("ARP answered from %x", answer[6:12])
		}
	})
}

// arpQuestion asks who has addr.
func arpQuestion(addr netip.Addr) []byte {
	from := []byte{2, 0, 0, 0, 0, 9}
	buffer := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{},
		&layers.Ethernet{SrcMAC: from, DstMAC: everybody[:], EthernetType: layers.EthernetTypeARP},
		&layers.ARP{AddrType: 1, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: layers.ARPRequest, SourceHwAddress: from, SourceProtAddress: []byte{10, 0, 0, 1},
			DstHwAddress: make([]byte, 6), DstProtAddress: addr.AsSlice()})
	if err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

// ARP is answered for addresses that phones hold, and for no others.
func TestARPAnswer(t *testing.T) {
	r := &Raw{byAddr: make(map[netip.Addr]device.MAC), byMAC: make(map[device.MAC]netip.Addr)}
	r.own = map[netip.Addr]bool{dhcpLeased.Next(): true}
	mac := dhcpPhone.MAC
	r.Hold(mac, dhcpLeased)
	answer := arpAnswer(arpQuestion(dhcpLeased), r.holder)
	p := gopacket.NewPacket(answer, layers.LayerTypeEthernet, gopacket.Default)
	got, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
	if !ok || got.Operation != layers.ARPReply || !bytes.Equal(got.SourceHwAddress, mac[:]) ||
		!bytes.Equal(got.SourceProtAddress, dhcpLeased.AsSlice()) || !bytes.Equal(got.DstProtAddress, []byte{10, 0, 0, 1}) {
		t.Errorf("answer %v", p)
	}
	r.Hold(mac, dhcpLeased.Next()) // the machine's own: it answers itself
	for _, addr := range []netip.Addr{dhcpLeased, dhcpLeased.Next()} {
		if answer := arpAnswer(arpQuestion(addr), r.holder); answer != nil {
			t.Errorf("%s answered, though no phone holds it", addr)
		}
	}
}
