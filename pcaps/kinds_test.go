package pcaps

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// classic writes a pcap of either byte order and resolution.
func classic(order binary.AppendByteOrder, nano bool, frames []shot) []byte {
	magic, unit := uint32(0xa1b2c3d4), int64(1000)
	if nano {
		magic, unit = 0xa1b23c4d, 1
	}
	put := func(b []byte, all ...uint32) []byte {
		for _, v := range all {
			b = order.AppendUint32(b, v)
		}
		return b
	}
	var b []byte
	b = put(b, magic)
	b = order.AppendUint16(order.AppendUint16(b, 2), 4)
	b = put(b, 0, 0, 65535, 1)
	for _, f := range frames {
		b = put(b, uint32(f.at.Unix()), uint32(int64(f.at.Nanosecond())/unit), uint32(len(f.data)), uint32(len(f.data)))
		b = append(b, f.data...)
	}
	return b
}

// kindsOfCaptures are passes in the kinds of files and packets that are met in the field.
func kindsOfCaptures(t *testing.T) map[string][]byte {
	all := make(map[string][]byte)
	pass := func(phone, server, tid netip.AddrPort, data ...[]byte) []shot {
		w := newWriter(t, layers.LinkTypeEthernet)
		kind := etherIPv4
		if phone.Addr().Is6() {
			kind = etherIPv6
		}
		w.ethernet(kind, packetOf(t, phone, server, tftp.AppendRRQ(nil, passCfg, "octet", tftp.Option{Name: "blksize", Value: "1428"},
			tftp.Option{Name: "windowsize", Value: "4"}, tftp.Option{Name: "tsize", Value: "0"})))
		w.ethernet(kind, packetOf(t, tid, phone, tftp.AppendOACK(nil, tftp.Option{Name: "blksize", Value: "1428"},
			tftp.Option{Name: "windowsize", Value: "4"}, tftp.Option{Name: "tsize", Value: "3000"})))
		for i, d := range data {
			w.ethernet(kind, packetOf(t, tid, phone, tftp.AppendData(nil, uint16(i+1), d)))
		}
		w.ethernet(kind, packetOf(t, phone, tid, tftp.AppendAck(nil, uint16(len(data)))))
		return w.shots()
	}
	block := bytes.Repeat([]byte("x"), 1428)
	good := pass(testPhone, testServer, testTID, block, block, block[:144])
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, nano := range []bool{false, true} {
			all[fmt.Sprintf("pcap, %s, nanoseconds %v", order, nano)] = classic(order, nano, good)
		}
	}
	all["odd port"] = classic(binary.LittleEndian, false, pass(testPhone, netip.MustParseAddrPort("192.0.2.1:6969"), testTID, block, block,
		block[:144]))
	six := netip.MustParseAddrPort
	all["IPv6"] = classic(binary.LittleEndian, false, pass(six("[2001:db8::10]:40000"), six("[2001:db8::1]:69"), six("[2001:db8::1]:50000"),
		block, block, block[:144]))
	var tagged []shot
	for _, f := range good {
		tagged = append(tagged, shot{f.at, append(append(append([]byte{}, f.data[:12]...), 0x81, 0, 0, 5), f.data[12:]...)})
	}
	all["VLAN"] = classic(binary.LittleEndian, false, tagged)
	all["pcapng, two interfaces"] = twoInterfaces(t, good)
	return all
}

// twoInterfaces writes a pcapng whose frames come from two interfaces with other link
// types and resolutions of time.
func twoInterfaces(t *testing.T, frames []shot) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out, pcapgo.NgInterface{LinkType: layers.LinkTypeEthernet, TimestampResolution: 9},
		pcapgo.DefaultNgWriterOptions)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := w.AddInterface(pcapgo.NgInterface{LinkType: layers.LinkTypeRaw, TimestampResolution: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		at, data := 0, f.data
		if i%2 == 1 {
			at, data = raw, f.data[14:]
		}
		ci := gopacket.CaptureInfo{Timestamp: f.at.Truncate(time.Millisecond), CaptureLength: len(data), Length: len(data), InterfaceIndex: at}
		if err := w.WritePacket(ci, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Files and packets of all kinds tell what tshark tells of them: frames, requests with
// their options, blocks.
func TestKindsAsTshark(t *testing.T) {
	for name, b := range kindsOfCaptures(t) {
		t.Run(name, func(t *testing.T) {
			c := read(t, b)
			if len(c.Phones) != 1 || len(c.Notes) != 0 || c.Phones[0].Name() != passMAC {
				t.Fatalf("%d phones, %q", len(c.Phones), c.Notes)
			}
			events := c.Phones[0].Events
			last := events[len(events)-1]
			if kinds := kindsOf(t, c); kinds != wholeTransfer || last.Fact("tftp.blocks") != "3" || last.Bytes != 3000 {
				t.Errorf("%s, %+v", kinds, last)
			}
			if first := c.First.UTC(); !first.Equal(time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)) {
				t.Errorf("it begins at %v", first)
			}
			file := filepath.Join(t.TempDir(), "kind.pcap")
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			rows := tshark(t, file)
			if len(rows) != c.Frames {
				t.Errorf("%d frames, tshark has %d", c.Frames, len(rows))
			}
			if strings.HasPrefix(name, "odd") { // tshark knows TFTP by its port
				return
			}
			for _, r := range rows {
				if r["tftp.opcode"] == "1" || r["tftp.opcode"] == "6" {
					compareTFTP(t, c, r)
				}
			}
			if len(c.at("1", trace.FetchRequest)) != 1 {
				t.Error("frame 1 is no request")
			}
		})
	}
}
