package pcaps

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/testbed"
)

// bootp is a DHCP message of a server: options, and the fields sname and file.
func bootp(mac device.MAC, options, sname, file string) []byte {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 2, 1, 6
	copy(b[16:], testPhone.Addr().AsSlice())
	copy(b[28:], mac[:])
	copy(b[44:108], sname)
	copy(b[108:236], file)
	copy(b[236:], "\x63\x82\x53\x63")
	return append(b, options...)
}

// option is one option in its bytes.
func option(code byte, value string) string { return string([]byte{code, byte(len(value))}) + value }

// Wherever a server puts option 66, the phone's server is found there: in the options, in
// the fields that option 52 gives over to them (RFC 2131 §4.1), in pieces (RFC 3396).
func TestOption66AsTshark(t *testing.T) {
	needTshark(t)
	const url, end = "tftp://192.0.2.1/", "\xff"
	ack, long := option(53, "\x05"), "http://192.0.2.1/"+strings.Repeat("a-long-way/", 26)
	for i, test := range []struct {
		name, options, sname, file string
		want                       string
		pieces                     bool // tshark shows each by itself
	}{
		{"plain", ack + option(66, url) + end, "", "", url, false},
		{"after padding", ack + "\x00\x00\x00" + option(66, url) + "\x00" + end, "", "", url, false},
		{"without an end", ack + option(66, url), "", "", url, false},
		{"a counted NUL", ack + option(66, "192.0.2.1\x00") + end, "", "", "192.0.2.1", false},
		{"in sname", ack + option(52, "\x02") + end, option(66, url) + end, "", url, false},
		{"in file", ack + option(52, "\x01") + end, "", option(66, url) + end, url, false},
		{"in both fields", ack + option(52, "\x03") + end, option(15, "example.test") + end, option(66, url) + end, url, false},
		{"text in sname, and no overload", ack + option(66, url) + end, "tftp.example.test", "boot.cfg", url, false},
		{"in pieces", ack + option(66, url[:7]) + option(1, "\xff\xff\xff\x00") + option(66, url[7:]) + end, "", "", url, true},
		{"in pieces, longer than one option", ack + option(66, long[:255]) + option(66, long[255:]) + end, "", "", long, true},
		{"in pieces, one of them in sname", ack + option(52, "\x02") + option(66, url[:7]) + end, option(66, url[7:]) + end, "", url, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			w.mac = device.DefaultMAC.Add(uint64(i))
			message := bootp(w.mac, test.options, test.sname, test.file)
			w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("192.0.2.254:67"), netip.MustParseAddrPort("255.255.255.255:68"), message))
			c := read(t, w.out.Bytes())
			if len(c.Phones) != 1 || len(c.Phones[0].Events) != 1 {
				t.Fatalf("%+v", c.Phones)
			}
			e := c.Phones[0].Events[0]
			if e.URL != test.want || e.Fact("dhcp.option.66") != test.want {
				t.Errorf("%q, %q, want %q", e.URL, e.Fact("dhcp.option.66"), test.want)
			}
			rows := testbed.TsharkFields(t, written(t, w.out.Bytes()), nil, "dhcp", "dhcp.option.tftp_server_name", "dhcp.option.type", "dhcp.option.dhcp")
			if len(rows) != 1 {
				t.Fatalf("tshark: %q", rows)
			}
			text := strings.TrimRight(rows[0][0], "\x00")
			if first, second, _ := strings.Cut(text, ","); test.pieces {
				if text = first + second; test.sname != "" { // tshark reads sname where option 52 stands
					text = second + first
				}
			}
			if diff := cmp.Diff([]string{e.Fact("dhcp.option.66"), e.Fact("dhcp.type")}, []string{text, rows[0][2]}); diff != "" {
				t.Errorf("(-got +tshark):\n%s", diff)
			}
		})
	}
}

// Fragments come in any order and with anything in between; those that contradict each
// other, and those of which one is missing, are none. What is whole is what tshark puts
// together.
func TestFragmentsAsTshark(t *testing.T) {
	needTshark(t)
	six := netip.MustParseAddrPort
	w := newWriter(t, layers.LinkTypeEthernet)
	for i, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 1, 1, 2}, {0, 2}, {0, 0, 1, 2}, {1, 2}} {
		phone := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(20 + i)}), 40000)
		phone6 := six(fmt.Sprintf("[2001:db8::%x]:40000", 32+i))
		w.mac = device.DefaultMAC.Add(uint64(i))
		w.askAndFragments(phone, testServer, testTID, uint32(700+i), order)
		w.mac = device.DefaultMAC.Add(uint64(100 + i))
		w.askAndFragments(phone6, six("[2001:db8::1]:69"), six("[2001:db8::1]:50000"), uint32(900+i), order)
	}
	var want, got []string
	for _, r := range testbed.TsharkFields(t, written(t, w.out.Bytes()), nil, "tftp.opcode == 3", "frame.number", "tftp.block") {
		want = append(want, r[0])
	}
	for _, p := range read(t, w.out.Bytes()).Phones {
		for _, e := range p.Events {
			if e.Kind == "fetch.done" {
				got = append(got, fmt.Sprint(e.Frame))
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 10 {
		t.Errorf("%d whole (-tshark +got):\n%s", len(want), diff)
	}
}
