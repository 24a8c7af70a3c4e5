package pcaps

import (
	"bufio"
	"bytes"
	"net/netip"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/fipsim/fipsim/simulator/device"
)

// tcpWatch puts TCP streams together, and hands those of provisioning protocols to who
// reads them.
type tcpWatch struct {
	r         *roster
	sip       *sipWatch // reads SIP messages; nil: nobody
	pool      *reassembly.StreamPool
	assembler *reassembly.Assembler
	expected  map[netip.AddrPort]*ftpTalk // where FTP data connections are to come
	open      map[[2]netip.AddrPort]*flow // by client and server
	current   packet                      // being assembled
	header    layers.TCP                  // of it
	flows     int                         // open
	holes     int                         // streams with bytes missing
	swept     time.Time
	over      time.Time     // when the capture ended; zero: it goes on
	moments   []moment      // to be used
	heads     *bufio.Reader // that all heads are read with
	head      bytes.Reader  // under it
	secrets   *KeyLog       // of TLS; nil: none
	sealed    int           // TLS connections of phones that stayed sealed, though there is a key log
	unopened  int           // TLS records that their secrets do not fit
}

// What TCP reassembly may hold at most, in pages of 1900 bytes.
const (
	maxPages     = 8192
	maxFlowPages = 128
	maxFlows     = 50_000
	maxExpected  = 10_000
)

// Idle times, by the capture's clock.
const (
	holeWait = 30 * time.Second // how long a stream waits for bytes that are missing
	flowIdle = 5 * time.Minute  // then a connection is over
	sweeping = 20 * time.Second
)

func newTCPWatch(r *roster) *tcpWatch {
	w := &tcpWatch{r: r, expected: make(map[netip.AddrPort]*ftpTalk)}
	w.reset()
	return w
}

func (w *tcpWatch) reset() {
	w.open = make(map[[2]netip.AddrPort]*flow)
	w.pool = reassembly.NewStreamPool(w)
	w.assembler = reassembly.NewAssembler(w.pool)
	w.assembler.MaxBufferedPagesTotal = maxPages
	w.assembler.MaxBufferedPagesPerConnection = maxFlowPages
}

// moment is when and where something was seen.
type moment struct {
	at    time.Time
	frame int
}

// GetCaptureInfo implements reassembly.AssemblerContext. The frame's number travels in
// the field for the interface, which assembling does not use.
func (m *moment) GetCaptureInfo() gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: m.at, InterfaceIndex: m.frame}
}

// take feeds one TCP segment.
func (w *tcpWatch) take(p packet) {
	t := &w.header
	if t.DecodeFromBytes(p.payload, gopacket.NilDecodeFeedback) != nil {
		return
	}
	if t.SYN && !t.ACK {
		w.anew(p, t)
	}
	w.current = p
	w.assembler.AssembleWithContext(flowOf(p.from, p.to), t, w.moment(p))
}

// flowOf are the two ends as the library has them.
func flowOf(from, to netip.Addr) gopacket.Flow {
	if from.Is4() && to.Is4() {
		a, b := from.As4(), to.As4()
		return gopacket.NewFlow(layers.EndpointIPv4, a[:], b[:])
	}
	a, b := from.As16(), to.As16()
	return gopacket.NewFlow(layers.EndpointIPv6, a[:], b[:])
}

// moment is that of a packet, which the library may keep for as long as it likes. They
// are made by the dozen.
func (w *tcpWatch) moment(p packet) *moment {
	if len(w.moments) == 0 {
		w.moments = make([]moment, 64)
	}
	m := &w.moments[0]
	w.moments = w.moments[1:]
	*m = moment{p.at, p.frame}
	return m
}

// buffered returns a reader of a head, which the next call takes back.
func (w *tcpWatch) buffered(head []byte) *bufio.Reader {
	w.head.Reset(head)
	if w.heads == nil {
		w.heads = bufio.NewReader(&w.head)
	}
	w.heads.Reset(&w.head)
	return w.heads
}

// sweep ends what nothing was heard of for long.
func (w *tcpWatch) sweep(now time.Time) {
	w.swept = now
	w.assembler.FlushWithOptions(reassembly.FlushOptions{T: now.Add(-holeWait), TC: now.Add(-flowIdle)})
	if w.flows > maxFlows {
		w.assembler.FlushAll()
	}
	if len(w.expected) > maxExpected {
		clear(w.expected)
	}
}

// finish ends all connections: the capture is over.
func (w *tcpWatch) finish(now time.Time) {
	w.over = now
	w.assembler.FlushAll()
}

// talk reads one protocol's bytes, in order.
type talk interface {
	data(fromClient bool, m moment, b []byte)
	hole(fromClient bool, m moment) // bytes are missing here
	close(m moment)
}

// flow is one TCP connection.
type flow struct {
	w              *tcpWatch
	client, server netip.AddrPort
	hw             device.MAC // the client's, zero where not seen
	turned         bool       // the assembler takes the server for the client
	start, last    moment
	opened         bool // a SYN of the client was seen
	answered       bool // anything came from the server but a reset, or the client says so
	reset          bool // the server's reset
	resets         bool // anybody's
	closing        bool // anybody's FIN
	left           bool // the client was the first to end it
	syns           int
	synSeq         uint32 // the sequence number of the last one
	refused        bool   // the server's reset is the answer to it
	talk           talk
	head           [2][]byte // until it is known what it is
	ignored        bool
	ended          bool
}

// maxHead is how many bytes are looked at before a stream's protocol is known.
const maxHead = 512

// New implements reassembly.StreamFactory.
func (w *tcpWatch) New(_, _ gopacket.Flow, t *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	p := w.current
	src, dst := netip.AddrPortFrom(p.from, uint16(t.SrcPort)), netip.AddrPortFrom(p.to, uint16(t.DstPort))
	f := &flow{w: w, client: src, server: dst, hw: p.hw, start: moment{p.at, p.frame}}
	// Without a SYN, the lower port is the server's.
	if t.SYN && t.ACK || !t.SYN && t.SrcPort < t.DstPort {
		f.client, f.server, f.turned, f.hw = dst, src, true, device.MAC{}
	}
	w.flows++
	w.open[[2]netip.AddrPort{f.client, f.server}] = f
	if s := w.expected[f.server]; s != nil {
		delete(w.expected, f.server)
		f.talk = s.openData(f)
	}
	return f
}

// Accept implements reassembly.Stream: it sees each segment, and lets data in.
func (f *flow) Accept(t *layers.TCP, ci gopacket.CaptureInfo, dir reassembly.TCPFlowDirection,
	next reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	f.last = moment{ci.Timestamp, ci.InterfaceIndex}
	fromClient := f.fromClient(dir)
	switch {
	case fromClient && t.SYN && !t.ACK:
		f.opened = true
		f.syns++
		f.synSeq = t.Seq
	case !fromClient && t.RST:
		f.serverReset(t)
	case !fromClient, t.ACK && !t.RST: // a client's ACK is of an answer that it had
		f.answered = true
	}
	f.ends(fromClient, t)
	if fromClient && f.hw.IsZero() {
		f.hw = f.w.current.hw
	}
	if next < 0 && !t.SYN {
		*start = true // the capture began in mid-stream
	}
	return !f.ignored && !f.snapped(fromClient, t)
}

func (f *flow) fromClient(dir reassembly.TCPFlowDirection) bool {
	return (dir == reassembly.TCPDirClientToServer) != f.turned
}

// ReassembledSG implements reassembly.Stream.
func (f *flow) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, start, _, skip := sg.Info()
	length, _ := sg.Lengths()
	ci := sg.CaptureInfo(0)
	m := moment{ci.Timestamp, ci.InterfaceIndex}
	if m.frame == 0 {
		m = f.last
	}
	if f.ignored {
		return
	}
	if skip > 0 || skip < 0 && !start {
		if skip > 0 {
			f.w.holes++
		}
		if f.talk != nil {
			f.talk.hole(f.fromClient(dir), m)
		} else if skip > 0 {
			f.ignore()
			return
		}
	}
	if length > 0 {
		f.take(f.fromClient(dir), m, sg.Fetch(length))
	}
}

func (f *flow) ignore() { f.ignored, f.head = true, [2][]byte{} }

// take hands bytes on, once it is known what they are.
func (f *flow) take(fromClient bool, m moment, b []byte) {
	if f.talk != nil {
		f.talk.data(fromClient, m, b)
		return
	}
	side := sideOf(fromClient)
	f.head[side] = append(f.head[side], b[:min(len(b), 64<<10)]...)
	t, known := f.recognize(m)
	switch {
	case known && t == nil, !known && len(f.head[0])+len(f.head[1]) > maxHead:
		f.ignore()
	case known:
		f.talk = t
		head := f.head
		f.head = [2][]byte{}
		for i, first := range []bool{true, false} {
			if n := 1 - i; len(head[n]) > 0 {
				t.data(first, m, head[n])
			}
		}
	}
}

// ReassemblyComplete implements reassembly.Stream.
func (f *flow) ReassemblyComplete(reassembly.AssemblerContext) bool {
	if f.ended {
		return true
	}
	f.ended = true
	f.w.flows--
	if ports := [2]netip.AddrPort{f.client, f.server}; f.w.open[ports] == f {
		delete(f.w.open, ports)
	}
	switch {
	case f.talk != nil:
		f.talk.close(f.last)
	case f.opened && !f.answered && !f.ignored:
		f.unanswered()
	}
	return true
}
