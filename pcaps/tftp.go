package pcaps

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// datagram is a UDP packet.
type datagram struct {
	packet
	src, dst netip.AddrPort
	data     []byte
	cut      int // bytes of data that the capture cut off

	stream  bool // a message of a TCP connection
	endless bool // which does not say where it ends
}

// transfer is one TFTP transfer as it passes by.
type transfer struct {
	phone    *Phone
	client   netip.AddrPort
	server   netip.AddrPort // who was asked
	peer     netip.AddrPort // who answered; invalid until then
	name     string
	at       string // its URL
	request  []byte
	sends    int
	first    time.Time // the request
	last     time.Time // the last packet of either side
	lastSent int       // frame of the last sending
	sentAt   time.Time
	facts    []Fact
	blksize  int
	tsize    int64 // announced; -1: not
	next     uint16
	window   int               // blocks that are sent without waiting for an ACK (RFC 7440)
	ahead    map[uint16][]byte // that came though one before them was missing
	blocks   int64
	body     body
	holes    []string
	done     bool
	repeated int
	ack      ackState
	lacks    bool // the phone has acknowledged a block that the capture lacks
	odd      bool // what the server said last can't be used
	refused  bool // the network said that the request was not delivered
}

// What is kept of TFTP at most.
const (
	maxTransfers = 20_000           // that go on
	maxOver      = 8192             // of those that are over the last ones, for what comes late
	tftpIdle     = 90 * time.Second // then nothing more is expected
	maxHoles     = 20
	maxStrays    = 10_000
	maxRepeats   = 20                   // events of repeated blocks of one transfer
	twiceWithin  = 3 * time.Millisecond // no phone asks again so soon
)

// tftpPort is where requests go (RFC 1350 §4).
const tftpPort = 69

// tftpWatch follows all transfers of a capture. A transfer is known by the phone's
// port: it is new for every file.
type tftpWatch struct {
	r      *roster
	open   map[netip.AddrPort]*transfer
	live   int                  // of open: those that go on
	over   []*transfer          // the others, oldest first; some are in open no more
	strays map[netip.Addr]bool  // who got an answer to a request that is not in the capture
	tails  [3]map[string][]Fact // what requests say after the name, by their opcodes
	oldest time.Time            // no packet of a transfer in open is older
	cut    int                  // transfers that were given up for want of room
	twice  int                  // requests that the capture has twice
}

func newTFTPWatch(r *roster) *tftpWatch {
	return &tftpWatch{r: r, open: make(map[netip.AddrPort]*transfer), strays: make(map[netip.Addr]bool)}
}

// take looks at a datagram. What is not TFTP it passes over.
func (w *tftpWatch) take(d datagram) {
	if t := w.open[d.dst]; t != nil && d.src != t.client {
		w.fromServer(t, d)
	} else if looksLikeRequest(d) {
		w.request(d)
	} else if t := w.open[d.src]; t != nil {
		w.fromClient(t, d)
	} else if len(w.strays) < maxStrays && isAnswer(d.data) {
		w.strays[d.dst.Addr()] = true
	}
}

// isAnswer tells an OACK: only who has just sent a request gets one. An ERROR may come late.
func isAnswer(b []byte) bool {
	if len(b) < 4 || b[0] != 0 || b[1] != byte(tftp.OACK) {
		return false
	}
	p, err := tftp.Parse(b)
	return err == nil && len(p.Options) > 0 && (p.Options[0].Name == tftp.OptionTsize || p.Options[0].Name == tftp.OptionBlksize ||
		p.Options[0].Name == tftp.OptionTimeout)
}

// looksLikeRequest tells a read or write request: at port 69 by its opcode alone, at
// another one only where all of it fits.
func looksLikeRequest(d datagram) bool {
	b := d.data
	if len(b) < 4 || b[0] != 0 || b[1] != byte(tftp.RRQ) && b[1] != byte(tftp.WRQ) {
		return false
	}
	if d.dst.Port() == tftpPort || d.src.Port() == tftpPort {
		return true
	}
	p, err := tftp.Parse(b)
	if err != nil && d.cut > 0 {
		p, err = tftp.Parse(mended(b))
	}
	named := err == nil && p.Filename != "" && !strings.ContainsFunc(p.Filename, unicode.IsControl)
	return named && (strings.EqualFold(p.Mode, tftp.Octet) || strings.EqualFold(p.Mode, tftp.Netascii))
}

func (w *tftpWatch) request(d datagram) {
	file, facts, err := w.asked(d.data)
	if err != nil && d.cut > 0 && len(d.data) > 2 {
		file, facts, err = w.asked(mended(d.data))
	}
	if err != nil {
		w.malformed(d, err)
		return
	}
	old := w.before(d)
	if old != nil && old.twice(d) {
		w.twice++
		e := old.event(trace.FetchIgnored, d)
		e.Peer, e.Detail, e.Facts = d.dst, "the same request, right after it: the capture has it twice", old.facts
		w.r.record(old.phone, e)
		return
	}
	if old != nil && !old.done && !old.peer.IsValid() && old.server == d.dst && bytes.Equal(old.request, d.data) {
		old.sends++
		w.sent(old, d)
		return
	}
	sends, first := 1, d.at
	if old != nil {
		if old.again(d) {
			// The answer did not reach the phone, which asks again from the same port: the
			// server answers anew, from another one.
			sends, first = old.sends+1, old.first
			w.forget(old)
		}
		w.end(old)
	}
	if w.live >= maxTransfers {
		w.cut++
		return
	}
	phone := w.r.phoneAt(d.src.Addr(), d.hw)
	if mac, ok := macIn(file); ok {
		phone = w.r.claim(d.src.Addr(), d.hw, mac)
	}
	if phone == nil {
		return
	}
	phone.provisions = true
	t := &transfer{
		phone: phone, client: d.src, server: d.dst, name: trace.Clean(file), request: bytes.Clone(d.data), sends: sends,
		first: first, blksize: tftp.DefaultBlksize, tsize: -1, next: 1, facts: facts,
	}
	w.open[d.src], phone.latest = t, t
	w.live++
	w.sent(t, d)
}

// twice reports whether a request is the last one once more: a capture of two interfaces
// that a packet passes, or of a mirror port, has it twice.
func (t *transfer) twice(d datagram) bool {
	since := d.at.Sub(t.sentAt)
	return since >= 0 && since < twiceWithin && t.server == d.dst && bytes.Equal(t.request, d.data)
}

// fewSends is less than a client sends before it gives up.
const fewSends = 2

// before is the transfer from the port of a request; nil: none, or one that was over, as nothing was heard of it for too
// long. One that had hardly begun may be asked for again after the clock was set.
func (w *tftpWatch) before(d datagram) *transfer {
	t := w.open[d.src]
	if t != nil && d.at.Sub(t.last) > tftpIdle && (t.peer.IsValid() || t.sends > fewSends) {
		w.end(t)
		return nil
	}
	return t
}

// again reports whether a request is the transfer's own once more, though it was answered.
func (t *transfer) again(d datagram) bool {
	return t.server == d.dst && t.ack.sends == 0 && bytes.Equal(t.request, d.data)
}

// sent records one sending of a request.
func (w *tftpWatch) sent(t *transfer, d datagram) {
	w.heard(t, d)
	t.sentAt, t.lastSent = d.at, d.frame
	e := t.event(trace.FetchRequest, d)
	e.Attempt, e.Peer, e.Took = t.sends, d.dst, sinceOf(t.first, d.at)
	e.Facts = t.facts
	if t.facts[0].Value == "2" {
		e.Detail = "a write request"
	}
	w.r.record(t.phone, e)
}

// event is one of this transfer's, at a packet.
func (t *transfer) event(kind trace.Kind, d datagram) Event {
	return Event{Event: trace.Event{Kind: kind, At: d.at, Frame: d.frame, Name: t.name, URL: t.url()}}
}

// url is made once: every event of the transfer has it.
func (t *transfer) url() string {
	if t.at == "" {
		t.at = urlOf("tftp", t.server, tftpPort, t.name)
	}
	return t.at
}

// urlOf writes a URL of what was asked for.
func urlOf(scheme string, server netip.AddrPort, standard uint16, path string) string {
	host := server.String()
	if server.Port() == standard {
		host = server.Addr().String()
		if server.Addr().Is6() {
			host = "[" + host + "]"
		}
	}
	return scheme + "://" + host + "/" + strings.TrimPrefix(path, "/")
}

// malformed records a request that cannot be read.
func (w *tftpWatch) malformed(d datagram, err error) {
	phone := w.r.phoneAt(d.src.Addr(), d.hw)
	if phone == nil {
		return
	}
	phone.provisions = true
	detail := err.Error()
	if d.cut > 0 {
		detail += fmt.Sprintf(": the capture holds only %d bytes of the packet", len(d.data))
	}
	w.r.record(phone, Event{Event: trace.Event{
		Kind: trace.FetchIgnored, At: d.at, Frame: d.frame, Peer: d.dst, URL: urlOf("tftp", d.dst, tftpPort, ""), Detail: detail,
	}, Facts: []Fact{{"tftp.opcode", strconv.Itoa(int(d.data[1]))}}})
}
