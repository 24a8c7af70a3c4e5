package pcaps

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpTalk writes one transfer, packet by packet.
type tftpTalk struct {
	w           *writer
	phone, peer netip.AddrPort
}

func (x tftpTalk) ask(options ...tftp.Option) tftpTalk {
	x.w.ethernet(etherIPv4, packetOf(x.w.t, x.phone, testServer, tftp.AppendRRQ(nil, passCfg, "octet", options...)))
	return x
}

func (x tftpTalk) says(b []byte) tftpTalk {
	x.w.ethernet(etherIPv4, packetOf(x.w.t, x.peer, x.phone, b))
	return x
}

func (x tftpTalk) data(text string, blocks ...uint16) tftpTalk {
	for _, n := range blocks {
		x.says(tftp.AppendData(nil, n, text8(text, n)))
	}
	return x
}

// text8 is a block of a text that is cut into eights, from the first on.
func text8(text string, block uint16) []byte {
	from := min(len(text), 8*(int(block)-1))
	return []byte(text[from:min(len(text), from+8)])
}

func (x tftpTalk) acks(blocks ...uint16) tftpTalk {
	for _, n := range blocks {
		x.w.ethernet(etherIPv4, packetOf(x.w.t, x.phone, x.peer, tftp.AppendAck(nil, n)))
	}
	return x
}

func (x tftpTalk) later(d time.Duration) tftpTalk {
	x.w.at = x.w.at.Add(d)
	return x
}

// Transfers as RFC 1350, 2347 to 2349 and 7440 allow them, with losses on the way, come out
// whole; a capture that lacks a part of one says which.
func TestOddTransfers(t *testing.T) {
	const text = "lang.gui = French\nlang.wui = German\n" // five blocks of eight
	eight := tftp.Option{Name: "blksize", Value: "8"}
	window := tftp.Option{Name: "windowsize", Value: "4"}
	otherTID := netip.MustParseAddrPort("192.0.2.1:50009")
	for _, test := range []struct {
		name    string
		write   func(x tftpTalk)
		kinds   string // without what was passed over
		partial string
	}{
		{"a window with a block lost, and sent again", func(x tftpTalk) {
			x.ask(eight, window).says(tftp.AppendOACK(nil, eight, window)).acks(0)
			x.data(text, 1, 2, 4).acks(2).data(text, 3, 4, 5).acks(5)
		}, wholeTransfer, ""},
		{"a window of which the capture lacks a block", func(x tftpTalk) {
			x.ask(eight, window).says(tftp.AppendOACK(nil, eight, window)).acks(0)
			x.data(text, 1, 2, 4).acks(4).data(text, 5).acks(5)
		}, wholeTransfer, "the capture lacks block 3"},
		{"a window without the phone's side", func(x tftpTalk) {
			x.ask(eight, window).says(tftp.AppendOACK(nil, eight, window)).data(text, 1, 2, 4, 5)
		}, wholeTransfer, "the capture lacks block 3"},
		{"the end of a window lost, and all of it sent again", func(x tftpTalk) {
			x.ask(eight, window).says(tftp.AppendOACK(nil, eight, window)).acks(0)
			x.data(text, 1, 2, 3).later(time.Second).data(text, 1, 2, 3, 4).acks(4).data(text, 5).acks(5)
		}, wholeTransfer, ""},
		{"the OACK lost, and asked again", func(x tftpTalk) {
			x.ask(eight).says(tftp.AppendOACK(nil, eight)).later(4 * time.Second).ask(eight)
			x.peer = otherTID
			x.says(tftp.AppendOACK(nil, eight)).acks(0).data(text, 1).acks(1).data(text, 2).acks(2).data(text, 3).acks(3).
				data(text, 4).acks(4).data(text, 5).acks(5)
		}, "fetch.request fetch.reply fetch.request fetch.reply fetch.done", ""},
		{"the ERROR lost, and asked again", func(x tftpTalk) {
			x.ask().says(tftp.AppendError(nil, tftp.FileNotFound, "no")).later(4 * time.Second).ask()
			x.says(tftp.AppendError(nil, tftp.FileNotFound, "no"))
		}, "fetch.request fetch.missing fetch.request fetch.missing", ""},
		{"an ACK lost, and the block sent again", func(x tftpTalk) {
			x.ask(eight).says(tftp.AppendOACK(nil, eight)).acks(0).data(text, 1).acks(1).later(time.Second).data(text, 1).acks(1)
			x.data(text, 2).acks(2).data(text, 3).acks(3).data(text, 4).acks(4).data(text, 5).later(time.Second).data(text, 5).acks(5)
		}, wholeTransfer, ""},
		{"an empty file, whose tsize is 0", func(x tftpTalk) {
			size := tftp.Option{Name: "TSIZE", Value: "0"}
			x.ask(size).says(tftp.AppendOACK(nil, size)).acks(0).says(tftp.AppendData(nil, 1, nil)).acks(1)
		}, wholeTransfer, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			test.write(tftpTalk{w, testPhone, testTID})
			w.at = w.at.Add(2 * time.Minute)
			w.ethernet(etherIPv4, packetOf(t, netip.MustParseAddrPort("203.0.113.77:53"), netip.MustParseAddrPort("203.0.113.78:53"), nil))
			c := read(t, w.out.Bytes())
			var kinds []string
			for _, k := range strings.Fields(kindsOf(t, c)) {
				if k != "fetch.ignored" {
					kinds = append(kinds, k)
				}
			}
			if got := strings.Join(kinds, " "); got != test.kinds {
				t.Errorf("%s, want %s", got, test.kinds)
			}
			p := c.Phones[0]
			for _, f := range p.Files {
				if f.Partial != test.partial || test.partial == "" && f.Bytes > 0 && string(f.Body) != text {
					t.Errorf("%q, partial %q", f.Body, f.Partial)
				}
			}
			for _, e := range p.Events {
				if e.Pass > 1 {
					t.Errorf("frame %d is of another pass", e.Frame)
				}
			}
		})
	}
}

// Block numbers are of two bytes. After 65535 comes 0 with most servers, and 1 with some:
// no RFC says.
func TestBlockNumbersWrap(t *testing.T) {
	if testing.Short() {
		t.Skip("a transfer of more than 65535 blocks, twice")
	}
	eight := tftp.Option{Name: "blksize", Value: "8"}
	for name, first := range map[string]uint16{"to 0": 0, "to 1": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWriter(t, layers.LinkTypeEthernet)
			x := tftpTalk{w, testPhone, testTID}
			x.ask(eight).says(tftp.AppendOACK(nil, eight))
			block := bytes.Repeat([]byte("x"), 8)
			for n := range 65535 {
				x.says(tftp.AppendData(nil, uint16(n+1), block))
			}
			x.says(tftp.AppendData(nil, first, block)).says(tftp.AppendData(nil, first+1, []byte("end")))
			p := read(t, w.out.Bytes()).Phones[0]
			if len(p.Files) != 1 || p.Files[0].Partial != "" || p.Files[0].Bytes != 65536*8+3 {
				t.Errorf("%d bytes, %q", p.Files[0].Bytes, p.Files[0].Partial)
			}
		})
	}
}
