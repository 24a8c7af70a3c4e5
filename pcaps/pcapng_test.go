package pcaps

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// ngWriter writes pcapng block by block (draft-ietf-opsawg-pcapng), in either byte order.
type ngWriter struct {
	order binary.AppendByteOrder
	out   []byte
}

type ngOption struct {
	code  uint16
	value []byte
}

func (w *ngWriter) block(kind uint32, body []byte, options ...ngOption) {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	for _, o := range options {
		body = w.order.AppendUint16(w.order.AppendUint16(body, o.code), uint16(len(o.value)))
		for body = append(body, o.value...); len(body)%4 != 0; {
			body = append(body, 0)
		}
	}
	if len(options) > 0 {
		body = append(body, 0, 0, 0, 0)
	}
	length := uint32(len(body) + 12)
	w.out = w.order.AppendUint32(w.order.AppendUint32(w.out, kind), length)
	w.out = w.order.AppendUint32(append(w.out, body...), length)
}

// section begins a section, which has interfaces of its own.
func (w *ngWriter) section(order binary.AppendByteOrder) {
	w.order = order
	body := order.AppendUint32(nil, byteOrderMagic)
	body = order.AppendUint16(order.AppendUint16(body, 1), 0)
	w.block(blockSection, order.AppendUint64(body, ^uint64(0)), ngOption{1, []byte("a comment")}, ngOption{3, []byte("some system")})
}

func (w *ngWriter) iface(link layers.LinkType, snap uint32, options ...ngOption) {
	body := w.order.AppendUint16(w.order.AppendUint16(nil, uint16(link)), 0)
	w.block(1, w.order.AppendUint32(body, snap), options...)
}

// packet writes an Enhanced Packet Block; ticks are of the interface.
func (w *ngWriter) packet(on uint32, ticks uint64, data []byte, length int, options ...ngOption) {
	body := w.order.AppendUint32(nil, on)
	body = w.order.AppendUint32(w.order.AppendUint32(body, uint32(ticks>>32)), uint32(ticks))
	body = w.order.AppendUint32(w.order.AppendUint32(body, uint32(len(data))), uint32(length))
	w.block(6, append(body, data...), options...)
}

// Files of several sections and interfaces, of either byte order, with all resolutions and
// offsets of time, with comments, statistics, names and blocks that nobody knows, tell what
// tshark tells of them: the same frames at the same times, and one phone's pass.
func TestBlocksAsTshark(t *testing.T) {
	needTshark(t)
	raw := exchange(t, testPhone, testServer, testTID)
	ether := func(p []byte) []byte {
		return append([]byte{2, 0, 0, 0, 0, 1, 0, 0x21, 0xf2, 0, 0, 1, 8, 0}, p...)
	}
	const second = 1_715_000_000
	resolution := func(v byte) ngOption { return ngOption{9, []byte{v}} }
	for name, order := range map[string]binary.AppendByteOrder{"little endian": binary.LittleEndian, "big endian": binary.BigEndian} {
		t.Run(name, func(t *testing.T) {
			w := new(ngWriter)
			w.section(order)
			w.iface(layers.LinkTypeEthernet, 262144, ngOption{2, []byte("eth0")}, resolution(9))
			w.iface(layers.LinkTypeRaw, 0, resolution(0x80|10), ngOption{14, order.AppendUint64(nil, 1000)}) // 1/1024 s, 1000 s later
			w.iface(layers.LinkTypeLinuxSLL2, 96)                                                            // microseconds
			w.packet(0, second*1_000_000_000+250_000_000, ether(raw[0]), len(raw[0])+14, ngOption{1, []byte("the request")}, ngOption{2, []byte{0, 0, 0, 1}})
			w.block(4, append(order.AppendUint16(order.AppendUint16(nil, 1), 9), "\x0a\x00\x00\x01host\x00\x00\x00\x00\x00\x00\x00"...)) // names
			w.block(0x1234, []byte("nobody knows this block"))
			w.packet(1, (second-1000)*1024+512, raw[1], len(raw[1]))
			w.block(5, order.AppendUint32(nil, 0), ngOption{4, make([]byte, 8)}) // statistics
			cooked := append([]byte{8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 0, 0x21, 0xf2, 0, 0, 1, 0, 0}, raw[2]...)
			w.packet(2, second*1_000_000+750_000, cooked, len(cooked))
			w.section(map[bool]binary.AppendByteOrder{true: binary.BigEndian, false: binary.LittleEndian}[order == binary.AppendByteOrder(binary.LittleEndian)])
			w.iface(layers.LinkTypeNull, 0, resolution(3))
			again := exchange(t, testPhone, testServer, testTID)
			w.packet(0, (second+100)*1000, append([]byte{2, 0, 0, 0}, again[0]...), len(again[0])+4)
			holdBlocks(t, w.out)
		})
	}
}

func holdBlocks(t *testing.T, b []byte) {
	c := read(t, b)
	rows := testbed.TsharkFields(t, written(t, b), nil, "frame", "frame.number", "frame.time_epoch", "tftp.opcode")
	if len(rows) != c.Frames || len(rows) != 4 || len(c.Notes) > 0 || c.Format != "pcapng" {
		t.Fatalf("%d frames, tshark has %d; %q", c.Frames, len(rows), c.Notes)
	}
	if len(c.Phones) != 1 || c.Phones[0].Name() != passMAC {
		t.Fatalf("%+v", c.Phones)
	}
	seen := 0
	for _, e := range c.Phones[0].Events {
		want, err := strconv.ParseFloat(rows[e.Frame-1][1], 64)
		if got := float64(e.At.UnixMicro()) / 1e6; err != nil || got-want > 1e-5 || want-got > 1e-5 {
			t.Errorf("frame %d: %s, tshark has %s", e.Frame, e.At.UTC().Format(time.RFC3339Nano), rows[e.Frame-1][1])
		}
		seen++
	}
	if first := c.First.UnixMilli(); first != 1_715_000_000_250 || seen < 4 {
		t.Errorf("%d events; it begins at %s", seen, c.First)
	}
}

// A file that is no better than its blocks says where it goes wrong, and hangs at none.
func TestBrokenBlocks(t *testing.T) {
	raw := exchange(t, testPhone, testServer, testTID)
	whole := func() *ngWriter {
		w := new(ngWriter)
		w.section(binary.LittleEndian)
		w.iface(layers.LinkTypeRaw, 0)
		w.packet(0, 1_715_000_000_000_000, raw[0], len(raw[0]))
		return w
	}
	for name, spoil := range map[string]func(w *ngWriter){
		"an interface that is none": func(w *ngWriter) { w.packet(7, 1_715_000_000_000_001, raw[1], len(raw[1])) },
		"a block of no length":      func(w *ngWriter) { w.out = append(w.out, 6, 0, 0, 0, 0, 0, 0, 0) },
		"a block of four gigabytes": func(w *ngWriter) { w.out = append(w.out, "\x06\x00\x00\x00\xfc\xff\xff\xffxxxxxxxx"...) },
		"more data than in the block": func(w *ngWriter) {
			body := binary.LittleEndian.AppendUint32(make([]byte, 12), 5000)
			w.block(6, append(binary.LittleEndian.AppendUint32(body, 5000), "short"...))
		},
		"an option beyond the block": func(w *ngWriter) { w.block(6, append(make([]byte, 20), 1, 0, 0xff, 0xff)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := whole()
			spoil(w)
			c, err := Read("test", bytes.NewReader(w.out), Options{})
			if err != nil || c.Frames == 0 || len(c.Phones) != 1 {
				t.Fatalf("%v, %+v", err, c)
			}
			if text := fmt.Sprint(c.Notes); len(c.Notes) == 0 || !strings.Contains(text, "frame ") {
				t.Errorf("%q", c.Notes)
			}
		})
	}
}
