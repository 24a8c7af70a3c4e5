package pcaps

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

var samePeer = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

// someEvent is an event with whatever may be in one.
func someEvent(t *rapid.T) Event {
	word := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"a.cfg", "0021f2000001.cfg"}), rapid.String(),
		rapid.Just(strings.Repeat("long", maxWord)))
	e := Event{}
	e.At = time.Unix(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	if rapid.Bool().Draw(t, "whole microseconds") {
		e.At = e.At.Truncate(time.Microsecond)
	}
	e.Kind, e.Name, e.Detail = trace.Kind(word.Draw(t, "kind")), word.Draw(t, "name"), word.Draw(t, "detail")
	e.URL = rapid.SampledFrom([]string{"", "tftp://192.0.2.1/"}).Draw(t, "base") + rapid.SampledFrom([]string{e.Name, "a.cfg", ""}).Draw(t, "path")
	e.Fault = trace.Code(word.Draw(t, "fault"))
	number := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64())
	e.Frame, e.Line, e.Attempt = int(number.Draw(t, "frame")), int(number.Draw(t, "line")), int(number.Draw(t, "attempt"))
	e.Bytes, e.Took = number.Draw(t, "bytes"), time.Duration(number.Draw(t, "took"))
	e.Peer = rapid.SampledFrom([]netip.AddrPort{{}, netip.MustParseAddrPort("192.0.2.1:69"), netip.MustParseAddrPort("[2001:db8::1]:80"),
		netip.MustParseAddrPort("[::ffff:192.0.2.1]:80"), netip.AddrPortFrom(netip.Addr{}, 7)}).Draw(t, "peer")
	for range rapid.IntRange(0, 3).Draw(t, "facts") {
		e.Facts = append(e.Facts, Fact{word.Draw(t, "fact"), word.Draw(t, "value")})
	}
	return e
}

// What is packed comes out as it was, also when there is no more room for words.
func TestPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRoster()
		if rapid.Bool().Draw(t, "no room") {
			r.pack.bytes = maxWordBytes
		}
		phones := []*Phone{{}, {}}
		want := make([][]Event, len(phones))
		files := make([][]File, len(phones))
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			i := rapid.IntRange(0, 1).Draw(t, "phone")
			e := someEvent(t)
			r.record(phones[i], e)
			want[i] = append(want[i], e)
			if rapid.Bool().Draw(t, "a file too") {
				f := File{Name: e.Name, URL: e.URL, Frame: e.Frame, Bytes: e.Bytes, Partial: e.Detail,
					Body: rapid.SampledFrom([][]byte{nil, {}, []byte("a=b\n"), []byte("c=d\n")}).Draw(t, "body")}
				r.keep(phones[i], f)
				files[i] = append(files[i], f)
			}
		}
		for i, p := range phones {
			events, kept := r.pack.unpack(&p.packed, nil, nil)
			if diff := cmp.Diff(want[i], events, samePeer); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(files[i], kept); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		}
	})
}

// A lean capture tells the same, phone by phone, and holds nothing in between.
func TestLean(t *testing.T) {
	names, _ := filepath.Glob("library/*.pcapng")
	if len(names) == 0 {
		t.Fatal("no capture in library")
	}
	for _, name := range names {
		var texts [2]bytes.Buffer
		for i, o := range []Options{{}, {Lean: true}} {
			c := readFileWith(t, name, o)
			for _, p := range c.Phones {
				if o.Lean && len(p.Events)+len(p.Files) > 0 {
					t.Errorf("%s: %s is there before it is told", name, p.Name())
				}
			}
			for _, write := range []func() error{func() error { return c.WriteJSON(&texts[i]) }, func() error { return c.WriteText(&texts[i]) },
				func() error { return c.WriteMarkdown(&texts[i]) }} {
				if err := write(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(texts[0].String(), texts[1].String()); diff != "" {
			t.Errorf("%s (-all +lean):\n%s", name, diff)
		}
	}
}

// Transfers that are over take no room from those that go on: however many phones fetch
// in a few seconds, none is left out.
func TestManyTransfers(t *testing.T) {
	n := maxTransfers + 100
	r := newRoster()
	w := newTFTPWatch(r)
	at := time.Unix(1_700_000_000, 0)
	for i := range n {
		phone := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 40000)
		for j, d := range []datagram{
			{src: phone, dst: testServer, data: tftp.AppendRRQ(nil, device.DefaultMAC.Add(uint64(i)).CfgName(), "octet")},
			{src: testTID, dst: phone, data: tftp.AppendData(nil, 1, []byte("a=b\n"))},
			{src: phone, dst: testTID, data: tftp.AppendAck(nil, 1)},
		} {
			d.packet = packet{frame: 3*i + j + 1, at: at, from: d.src.Addr(), to: d.dst.Addr()}
			w.take(d)
		}
	}
	if w.cut != 0 || w.live != 0 || len(w.open) > maxOver || len(w.over) > maxOver {
		t.Errorf("%d left out, %d go on; %d and %d are remembered", w.cut, w.live, len(w.open), len(w.over))
	}
	w.finish(at)
	phones, _ := r.finish()
	for _, p := range phones {
		if len(p.Files) != 1 || len(p.Events) != 3 {
			t.Fatalf("%s: %d files, %d events", p.Name(), len(p.Files), len(p.Events))
		}
	}
	if len(phones) != n {
		t.Errorf("%d phones, want %d", len(phones), n)
	}
}

// Files that are under way are held as far as there is room for them, and a file that is
// not says why.
func TestUnderWay(t *testing.T) {
	r, p := newRoster(), new(Phone)
	block := make([]byte, maxBody)
	var all [maxUnderWay/maxBody + 2]body
	for i := range all {
		all[i].write(r, p, block)
		if why := all[i].notKept(); (why != "") != (i >= maxUnderWay/maxBody) {
			t.Errorf("file %d: %q", i, why)
		}
		if all[i].digest(r) != digestOf(block) {
			t.Errorf("file %d: another digest", i)
		}
	}
	all[0].write(r, p, []byte("more"))
	if why := all[0].notKept(); !strings.Contains(why, "than is kept of one file") || all[0].digest(r) != digestOf(append(block, "more"...)) {
		t.Errorf("a long file: %q", why)
	}
	for i := range all {
		all[i].free(r)
	}
	if r.underWay != 0 {
		t.Errorf("%d bytes are still counted", r.underWay)
	}
}

// A log's lines stand in a lean capture too.
func TestLeanBeside(t *testing.T) {
	w := newWriter(t, layers.LinkTypeRaw)
	for _, p := range exchange(t, testPhone, testServer, testTID) {
		w.raw(p)
	}
	c, err := Read("test", bytes.NewReader(w.out.Bytes()), Options{Lean: true})
	if err != nil {
		t.Fatal(err)
	}
	var log WebLog
	line := `192.0.2.10 - - [06/May/2024:07:08:09 +0000] "GET /0021f2000001.cfg HTTP/1.1" 200 17 "-" "a"`
	if _, err := log.Add("access.log", strings.NewReader(line)); err != nil {
		t.Fatal(err)
	}
	c.Beside(&log)
	var text bytes.Buffer
	if err := c.WriteText(&text); err != nil || !strings.Contains(text.String(), "log access.log:1: GET") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

// What a capture has beyond the room for it is counted, and said.
func TestPackedFull(t *testing.T) {
	r, p := newRoster(), &Phone{MAC: device.DefaultMAC}
	r.lean = true
	r.record(p, Event{})
	r.packed = maxPacked
	r.record(p, Event{})
	r.keep(p, File{Name: "a.cfg"})
	in := &reader{source: new(inOrder), roster: r, tftp: newTFTPWatch(r), tcp: newTCPWatch(r), network: newNetwork(), out: Capture{Frames: 1}}
	in.tcp.secrets = new(KeyLog)
	in.notes()
	want := []string{"1 events are left out of those of all phones: more than 1 are not kept; name one phone with --phone"}
	if diff := cmp.Diff(want, in.out.Notes); diff != "" || p.kept != 1 || p.keptFiles != 0 || p.EventsCut != 1 {
		t.Errorf("%+v\n%s", p, diff)
	}
}
