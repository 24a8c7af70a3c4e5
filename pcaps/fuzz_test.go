package pcaps

import (
	"bytes"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// No file makes the reader panic, hang, or hold more than it should.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x01\x00\x00\x00"))
	f.Add([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"))
	f.Add([]byte("\x1f\x8b\x08"))
	for _, name := range []string{"tcpdump_tftp_malformed.pcap", "tcpdump_tftp_rrq_3block.pcap", "wireshark_dhcp_dora.pcap", "suricata_ftp_pasv_download.pcap"} {
		if b, err := os.ReadFile(captureFolder + "/" + name); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read("fuzz", bytes.NewReader(b), Options{})
		if err != nil {
			return
		}
		for _, p := range c.Phones {
			Diagnose(p)
		}
	})
}

// testMAC is another phone than the guide's.
var testMAC = device.MAC{0x00, 0x21, 0xf2, 0, 0, 9}

var phonePort = netip.MustParseAddrPort("192.0.2.10:40000")

// No datagram makes a dissector panic; what goes to and fro between a phone and its
// server is read in both directions.
func FuzzDatagrams(f *testing.F) {
	f.Add(tftp.AppendRRQ(nil, "0021f2000001.cfg", "octet"), []byte("\x00\x03\x00\x01a"), uint16(69))
	f.Add([]byte("SUBSCRIBE sip:MAC0021f2000001@224.0.1.75 SIP/2.0\r\nCall-ID: a\r\nEvent: ua-profile\r\n\r\n"),
		[]byte("NOTIFY sip:x SIP/2.0\r\nCall-ID: a\r\nEvent: ua-profile\r\n\r\ntftp://h/"), uint16(5060))
	f.Add(append([]byte("\x01\x01\x06\x00"), append(make([]byte, 232), "\x63\x82\x53\x63\x35\x01\x01\x37\x01\x42\xff"...)...), []byte{2}, uint16(67))
	f.Fuzz(func(t *testing.T, ask, answer []byte, port uint16) {
		r := newRoster()
		in := &reader{roster: r, tftp: newTFTPWatch(r), dhcp: newDHCPWatch(r), sip: newSIPWatch(r)}
		server := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port)
		at := time.Unix(1_700_000_000, 0)
		for i, d := range []datagram{{src: phonePort, dst: server, data: ask}, {src: server, dst: phonePort, data: answer}, {src: phonePort, dst: server, data: answer}} {
			d.packet = packet{frame: i + 1, at: at.Add(time.Duration(i) * time.Second), hw: device.DefaultMAC, from: d.src.Addr(), to: d.dst.Addr()}
			in.read(d)
		}
		in.tftp.finish(at)
		phones, _ := r.finish()
		for _, p := range phones {
			Diagnose(p)
		}
	})
}

// No bytes of a TCP connection make a dissector panic, however they are cut.
func FuzzStreams(f *testing.F) {
	f.Add([]byte("GET /0021f2000001.cfg HTTP/1.1\r\nHost: h\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"), 7)
	f.Add([]byte("USER a\r\nPASS b\r\nPASV\r\nRETR x.cfg\r\n"), []byte("220 hi\r\n331 x\r\n230-a\r\n230 b\r\n227 (1,2,3,4,5,6)\r\n150 go\r\n226 done\r\n"), 5)
	f.Add([]byte("\r\n"+subscribeText), []byte(notifyText+"SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\nl:3\r\n\r\nabc"), 9)
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"), []byte("\x15\x03\x01\x00\x02\x02\x28"), 3)
	f.Fuzz(func(t *testing.T, client, server []byte, cut int) {
		r := newRoster()
		w := newTCPWatch(r)
		w.sip = newSIPWatch(r)
		fl := &flow{w: w, client: phonePort, server: netip.MustParseAddrPort("192.0.2.1:80"), hw: device.DefaultMAC}
		cut = max(1, cut&0xff)
		for len(client)+len(server) > 0 && !fl.ignored {
			for _, side := range []bool{true, false} {
				b := &server
				if side {
					b = &client
				}
				n := min(cut, len(*b))
				if n > 0 {
					fl.take(side, moment{frame: 1}, (*b)[:n])
				}
				*b = (*b)[n:]
			}
		}
		fl.ReassemblyComplete(nil)
		phones, _ := r.finish()
		for _, p := range phones {
			Diagnose(p)
			for _, e := range p.Events {
				if strings.ContainsAny(e.Name, "\n\x1b") {
					t.Errorf("a control character in %q", e.Name)
				}
			}
		}
	})
}
