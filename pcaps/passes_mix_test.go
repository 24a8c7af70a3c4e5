package pcaps

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
)

// shots reads the frames of a capture.
func shots(t *testing.T, b []byte) []shot {
	t.Helper()
	r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	var all []shot
	for {
		data, ci, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, shot{ci.Timestamp, data})
	}
}

// drawn is a pass written frame by frame.
func drawn(draw func(*writer)) func(*testing.T) []shot {
	return func(t *testing.T) []shot {
		w := newWriter(t, layers.LinkTypeEthernet)
		draw(w)
		return w.shots()
	}
}

// mixed puts a pass into other traffic: another phone that provisions itself well, one
// whose files are not there, a laptop that gets an address and reads pages. It goes on a
// minute after the pass, unless the capture is to end with it.
func mixed(t *testing.T, pass []shot, ends bool) []byte {
	t.Helper()
	if len(pass) == 0 {
		t.Fatal("nothing crossed the phone's sockets")
	}
	first, last := pass[0].at, pass[len(pass)-1].at
	var others []shot
	step := max(last.Sub(first)/24, time.Millisecond)
	for i, other := range otherTraffic(t) {
		at := first.Add(time.Duration(i-4) * step)
		if !ends || at.Before(last) {
			others = append(others, shot{at, other.data})
		}
	}
	if !ends {
		stray := packetOf(t, netip.MustParseAddrPort("203.0.113.77:53"), netip.MustParseAddrPort("203.0.113.78:5353"), []byte("x"))
		others = append(others, shot{last.Add(time.Minute), append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}, stray...)})
	}
	all := slices.Concat(pass, others)
	slices.SortStableFunc(all, func(a, b shot) int { return a.at.Compare(b.at) })
	w := newWriter(t, layers.LinkTypeEthernet)
	for _, s := range all {
		w.at = s.at
		w.raw(s.data)
	}
	return w.out.Bytes()
}

// otherTraffic is frames of strangers.
func otherTraffic(t *testing.T) []shot {
	w := newWriter(t, layers.LinkTypeEthernet)
	w.mac = device.MAC{0, 0x21, 0xf2, 0, 0, 0x77}
	at := func(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }
	server, tid := at("203.0.113.1:69"), at("203.0.113.1:51000")
	for i, name := range []string{"0021f2000077.boot", "y000000000000.boot", "y000000000000.cfg", "0021f2000077.cfg"} {
		from := netip.AddrPortFrom(netip.MustParseAddr("203.0.113.77"), uint16(41000+i))
		w.ethernet(etherIPv4, packetOf(t, from, server, tftp.AppendRRQ(nil, name, "octet")))
		w.ethernet(etherIPv4, packetOf(t, tid, from, tftp.AppendError(nil, tftp.FileNotFound, "no")))
	}
	w.mac = device.MAC{0, 0x21, 0xf2, 0, 0, 0x78}
	from := at("203.0.113.78:42000")
	w.ethernet(etherIPv4, packetOf(t, from, server, tftp.AppendRRQ(nil, "0021f2000078.cfg", "octet")))
	w.ethernet(etherIPv4, packetOf(t, tid, from, tftp.AppendData(nil, 1, []byte("lang.gui=French\n"))))
	w.mac = device.MAC{0x02, 0x11, 0x22, 0x33, 0x44, 0x55}
	laptop := at("203.0.113.200:50000")
	for i, name := range []string{"example.org", "example.net", "example.com"} {
		w.ethernet(etherIPv4, packetOf(t, laptop, at("203.0.113.1:53"), append([]byte{0, byte(i), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, name...)))
	}
	w.tcp(laptop, at("203.0.113.9:80"), "GET /index.html HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	return w.shots()
}

// shots returns the frames that were written.
func (w *writer) shots() (all []shot) {
	w.t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(w.out.Bytes()))
	if err != nil {
		w.t.Fatal(err)
	}
	for {
		data, ci, err := r.ReadPacketData()
		if err != nil {
			return all
		}
		all = append(all, shot{ci.Timestamp, data})
	}
}

// tcp writes a connection with one request and its answer.
func (w *writer) tcp(client, server netip.AddrPort, request, answer string) {
	seq := map[bool]uint32{true: 1000, false: 5000}
	send := func(fromClient bool, data string, syn, fin bool) {
		from, to := server, client
		if fromClient {
			from, to = client, server
		}
		tcp := &layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: seq[fromClient], Ack: seq[!fromClient],
			ACK: !syn || !fromClient, SYN: syn, FIN: fin, PSH: data != "", Window: 65535}
		ip := ip4(from, to, layers.IPProtocolTCP)
		_ = tcp.SetNetworkLayerForChecksum(ip)
		w.ethernet(etherIPv4, layersOf(w.t, ip, tcp, gopacket.Payload(data)))
		if seq[fromClient] += uint32(len(data)); syn || fin {
			seq[fromClient]++
		}
	}
	send(true, "", true, false)
	send(false, "", true, false)
	send(true, request, false, false)
	send(false, answer, false, true)
	send(true, "", false, true)
}

// lease writes a DHCP ACK that names a provisioning server.
func (w *writer) lease(url, from string) {
	b := make([]byte, 240)
	b[0], b[1], b[2] = 2, 1, 6
	copy(b[16:], testPhone.Addr().AsSlice())
	copy(b[28:], w.mac[:])
	copy(b[236:], "\x63\x82\x53\x63")
	b = append(b, 53, 1, 5, 66, byte(len(url)))
	b = append(append(b, url...), 255)
	w.ethernet(etherIPv4, packetOf(w.t, netip.MustParseAddrPort(from), netip.MustParseAddrPort("255.255.255.255:68"), b))
}

// reply writes a packet of a TFTP server.
func (w *writer) reply(port uint16, b []byte) {
	w.ethernet(etherIPv4, packetOf(w.t, testTID, netip.AddrPortFrom(testPhone.Addr(), port), b))
}

// Of one PnP dialog.
const (
	subscribeText = "SUBSCRIBE sip:MAC0021f2000001@224.0.1.75 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.10:40000;branch=z9hG4bK1\r\n" +
		"From: <sip:MAC0021f2000001@224.0.1.75>;tag=p\r\nTo: <sip:MAC0021f2000001@224.0.1.75>\r\nCall-ID: c1\r\nCSeq: 1 SUBSCRIBE\r\n" +
		"Contact: <sip:MAC0021f2000001@192.0.2.10:40000>\r\nEvent: ua-profile\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n"
	notifyText = "NOTIFY sip:MAC0021f2000001@192.0.2.10:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:7777;branch=z9hG4bK2\r\n" +
		"From: <sip:MAC0021f2000001@224.0.1.75>;tag=s\r\nTo: <sip:MAC0021f2000001@224.0.1.75>;tag=p\r\nCall-ID: c1\r\nCSeq: 2 NOTIFY\r\n" +
		"Event: ua-profile\r\nContent-Type: application/url\r\nContent-Length: 17\r\n\r\ntftp://192.0.2.1/"
)

// sip writes a SIP message.
func (w *writer) sip(from netip.AddrPort, to, text string) {
	w.ethernet(etherIPv4, packetOf(w.t, from, netip.MustParseAddrPort(to), []byte(text)))
}
