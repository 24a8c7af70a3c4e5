package pcaps

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What is wrong with a file has a clear word, and what can be read is read.
func TestBadFiles(t *testing.T) {
	w := newWriter(t, layers.LinkTypeRaw)
	for _, p := range exchange(t, testPhone, testServer, testTID) {
		w.raw(p)
	}
	good := w.out.Bytes()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(good)
	_ = z.Close()
	if c := read(t, zipped.Bytes()); c.Frames != 3 || len(c.Notes) != 0 {
		t.Errorf("gzip: %+v", c)
	}
	for what, b := range map[string][]byte{"cut in mid-packet": good[:len(good)-7], "cut in a packet's header": good[:len(good)-40],
		"cut in gzip": zipped.Bytes()[:zipped.Len()-12]} {
		c := read(t, b)
		if len(c.Notes) != 1 || !strings.HasPrefix(c.Notes[0], "the file is cut") || c.Frames == 0 && what != "cut in gzip" {
			t.Errorf("%s: %d frames, %q", what, c.Frames, c.Notes)
		}
	}
	for text, want := range map[string]string{"": "empty", "hello, world": "68656c6c", "snoop\x00\x00\x00": "editcap", "PK\x03\x04": "zip",
		"\xd4\xc3\xb2\xa1\x02": "header is broken", "\x1f\x8b\x00": "gzip"} {
		_, err := Read("test", strings.NewReader(text), Options{})
		if !errors.Is(err, ErrNotCapture) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something with %q", text, err, want)
		}
	}
}

// Captures that were taken badly say so: nobody must blame phone or server for it.
func TestRemarks(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 512)
	packets := [][]byte{
		packetOf(t, testPhone, testServer, tftp.AppendRRQ(nil, "0021f2000001.cfg", "octet")),
		packetOf(t, testTID, testPhone, tftp.AppendData(nil, 1, body)),
		packetOf(t, testTID, testPhone, tftp.AppendData(nil, 2, []byte("end"))),
	}
	for _, c := range []struct {
		name, want string
		write      func(*writer)
		partial    bool
	}{
		{"snap length 96", "cut short by the snap length (the shortest has 96 bytes)", func(w *writer) {
			w.snap = 96
			for _, p := range packets {
				w.ethernet(etherIPv4, p)
			}
		}, true},
		{"out of order", "packets out of order", func(w *writer) {
			for i, p := range packets {
				w.at = w.at.Add(time.Duration(-i*20) * time.Millisecond)
				w.ethernet(etherIPv4, p)
			}
		}, false},
		{"time backwards", "time running backwards", func(w *writer) {
			for _, p := range packets {
				w.at = w.at.Add(-time.Hour)
				w.ethernet(etherIPv4, p)
			}
		}, false},
		{"a link type of another world", "link type", func(w *writer) {
			w.pcap = pcapgo.NewWriter(&w.out)
			w.out.Reset()
			_ = w.pcap.WriteFileHeader(65535, layers.LinkTypeIEEE802_11)
			w.raw(packets[0])
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			c.write(w)
			got := read(t, w.out.Bytes())
			if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], c.want) {
				t.Errorf("%q, want one with %q", got.Notes, c.want)
			}
			for _, p := range got.Phones {
				for _, f := range p.Files {
					if (f.Partial != "") != c.partial {
						t.Errorf("%s: partial %q", f.Name, f.Partial)
					}
				}
			}
		})
	}
}

// A TCP stream with a hole is marked, and the file is not taken for whole.
func TestHole(t *testing.T) {
	w := newWriter(t, layers.LinkTypeRaw)
	phone, server := testPhone, netip.MustParseAddrPort("192.0.2.1:80")
	seq := map[bool]uint32{true: 1000, false: 5000}
	send := func(fromPhone bool, data string, lost, syn, fin bool) {
		from, to := server, phone
		if fromPhone {
			from, to = phone, server
		}
		tcp := &layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: seq[fromPhone], Ack: seq[!fromPhone],
			ACK: !syn || !fromPhone, SYN: syn, FIN: fin, Window: 65535}
		ip := ip4(from, to, layers.IPProtocolTCP)
		_ = tcp.SetNetworkLayerForChecksum(ip)
		if !lost {
			w.raw(layersOf(t, ip, tcp, gopacket.Payload(data)))
		}
		seq[fromPhone] += uint32(len(data))
		if syn || fin {
			seq[fromPhone]++
		}
	}
	send(true, "", false, true, false)
	send(false, "", false, true, false)
	send(true, "GET /0021f2000001.cfg HTTP/1.1\r\nHost: h\r\n\r\n", false, false, false)
	send(false, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789", false, false, false)
	send(false, "0123456789", true, false, false)
	send(false, "0123456789", false, false, true)
	send(true, "", false, false, true)
	c := read(t, w.out.Bytes())
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "1 TCP streams have holes") {
		t.Errorf("notes %q", c.Notes)
	}
	p := c.Phones[0]
	if d := Diagnose(p); d[0].Cause != Incomplete || len(p.Files) != 1 || p.Files[0].Partial == "" {
		t.Errorf("%+v\n%+v", d, p.Files)
	}
	if p.Events[len(p.Events)-1].Fault != trace.NoFault {
		t.Errorf("the capture's hole is called a fault: %+v", p.Events)
	}
}

// Many phones in one file stay within bounds, and one can be picked.
func TestManyPhones(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 2000
	}
	w := newWriter(t, layers.LinkTypeRaw)
	for i := range n {
		mac := device.DefaultMAC.Add(uint64(i))
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 40000)
		w.raw(packetOf(t, from, testServer, tftp.AppendRRQ(nil, mac.CfgName(), "octet")))
	}
	if c := read(t, w.out.Bytes()); len(c.Phones) != n {
		t.Errorf("%d phones, want %d (%q)", len(c.Phones), n, c.Notes)
	}
	c, err := Read("test", bytes.NewReader(w.out.Bytes()), Options{Phone: device.DefaultMAC.Add(77)})
	if err != nil || len(c.Phones) != 1 || c.Phones[0].MAC != device.DefaultMAC.Add(77) {
		t.Errorf("one of them: %v, %+v", err, c)
	}
}
