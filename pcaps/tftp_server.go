package pcaps

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// fromServer takes a packet to the phone's port of a transfer.
func (w *tftpWatch) fromServer(t *transfer, d datagram) {
	if t.done {
		return
	}
	p, short, err := answer(d)
	if err != nil || t.peer.IsValid() && d.src != t.peer {
		t.odd = true
		e := t.event(trace.FetchIgnored, d)
		e.Peer = d.src
		e.Facts = []Fact{{"tftp.tid", "foreign"}}
		if e.Detail = "from a foreign port (unknown transfer ID): " + trace.Clean(p.String()); err != nil {
			e.Detail, e.Facts = err.Error(), nil
		}
		w.r.record(t.phone, e)
		return
	}
	w.heard(t, d)
	t.lastSent, t.ack.heard = d.frame, true
	switch p.Op { //nolint:exhaustive // a server sends nothing else to a reader
	case tftp.DATA:
		w.data(t, d, p)
	case tftp.OACK:
		w.oackOf(t, d, p, short)
	case tftp.ERROR:
		w.serverError(t, d, p)
	case tftp.ACK: // to a write request
		t.peer = d.src
	default:
		t.odd = true
		e := t.event(trace.FetchIgnored, d)
		e.Peer, e.Detail = d.src, "unexpected "+trace.Clean(p.String())
		w.r.record(t.phone, e)
	}
}

// reply records the server's first answer.
func (w *tftpWatch) reply(t *transfer, d datagram, how string, facts []Fact) {
	t.peer = d.src
	e := t.event(trace.FetchReply, d)
	e.Peer, e.Detail, e.Took, e.Facts = d.src, how, sinceOf(t.sentAt, d.at), facts
	if d.src.Addr() != t.server.Addr() {
		e.Detail += "; it comes from another address than was asked"
	}
	w.r.record(t.phone, e)
}

func (w *tftpWatch) oackOf(t *transfer, d datagram, p tftp.Packet, short bool) {
	if t.peer.IsValid() {
		return
	}
	if asked, err := strconv.Atoi(Event{Facts: t.facts}.Fact("tftp.option.blksize")); short && err == nil && asked >= tftp.MinBlksize {
		t.blksize = min(asked, tftp.MaxBlksize) // what a server grants, most of the time
	}
	facts := []Fact{{"tftp.opcode", strconv.Itoa(int(p.Op))}}
	for _, o := range p.Options {
		name := strings.ToLower(o.Name)
		facts = append(facts, Fact{"tftp.option." + trace.Clean(name), trace.Clean(o.Value)})
		n, err := strconv.ParseInt(o.Value, 10, 64)
		switch {
		case err != nil:
		case name == tftp.OptionBlksize && n >= tftp.MinBlksize && n <= tftp.MaxBlksize:
			t.blksize = int(n)
		case name == tftp.OptionTsize && n > 0:
			t.tsize = n
		case name == optionWindow && n >= 1 && n <= 65535:
			t.window = int(n)
		}
	}
	how := trace.Clean(p.String())
	if short {
		how += ", and what the capture cut off"
	}
	w.reply(t, d, how, facts)
}

func (w *tftpWatch) data(t *transfer, d datagram, p tftp.Packet) {
	if !t.peer.IsValid() {
		w.reply(t, d, "DATA without OACK: no option is granted", nil)
	}
	if t.next == 0 && p.Block == 1 && t.blocks > 1 && t.window <= 1 {
		t.next = 1 // this server's numbers begin with 1 again after 65535
	}
	switch ahead := p.Block - t.next; { // wraps
	case ahead >= 1<<15: // behind
		w.again(t, d, p)
		return
	case ahead > 0 && t.aside(p):
		return
	case ahead > 0:
		if len(t.holes) < maxHoles {
			t.holes = append(t.holes, holeName(t.next, p.Block-1))
		}
		t.blocks += int64(ahead)
	}
	delete(t.ahead, p.Block)
	t.next, t.lacks = p.Block+1, false
	t.blocks++
	t.body.write(w.r, t.phone, p.Data)
	if d.cut > 0 && len(t.holes) < maxHoles {
		t.holes = append(t.holes, fmt.Sprintf("%d bytes of block %d", d.cut, p.Block))
	}
	if len(p.Data)+d.cut < t.blksize {
		w.whole(t, d)
	}
}

// optionWindow is the number of blocks that are sent before one ACK (RFC 7440 §3).
const optionWindow = "windowsize"

// maxAhead is how many blocks of a window are kept while one before them is missing.
const maxAhead = 64

// aside keeps a block of a window that came though one before it is missing. A phone
// throws it away, and acknowledges what it has: "the data sender then restarts with the
// block after that" (RFC 7440 §4). Only where the phone acknowledges it all the same is it
// the capture that lacks the other.
func (t *transfer) aside(p tftp.Packet) bool {
	if t.window <= 1 || len(t.ahead) >= min(t.window, maxAhead) || p.Block-t.next > maxAhead {
		return false
	}
	if t.ahead == nil {
		t.ahead = make(map[uint16][]byte)
	}
	t.ahead[p.Block] = bytes.Clone(p.Data)
	return true
}

// acknowledged takes the phone's word for blocks that stand aside, up to one.
func (w *tftpWatch) acknowledged(t *transfer, d datagram, block uint16) {
	for len(t.ahead) > 0 && !t.done && block-t.next < 1<<15 {
		next := t.next
		for next != block && t.ahead[next] == nil {
			next++
		}
		data, ok := t.ahead[next]
		if !ok {
			return
		}
		delete(t.ahead, next)
		t.window, d.cut = 0, 0 // what is missing before it is a hole
		w.data(t, d, tftp.Packet{Op: tftp.DATA, Block: next, Data: data})
		t.window = maxAhead
	}
}

func holeName(from, to uint16) string {
	if from == to {
		return fmt.Sprintf("block %d", from)
	}
	return fmt.Sprintf("blocks %d to %d", from, to)
}

// again records a block that was sent before.
func (w *tftpWatch) again(t *transfer, d datagram, p tftp.Packet) {
	t.odd = t.odd || t.blocks == 0
	if t.repeated++; t.repeated > maxRepeats {
		return
	}
	e := t.event(trace.FetchIgnored, d)
	e.Peer, e.Detail = d.src, fmt.Sprintf("block %d again", p.Block)
	e.Facts = []Fact{{"tftp.block", strconv.Itoa(int(p.Block))}}
	w.r.record(t.phone, e)
}

// whole ends a transfer with its last block.
func (w *tftpWatch) whole(t *transfer, d datagram) {
	w.close(t)
	e := t.event(trace.FetchDone, d)
	e.Peer, e.Bytes, e.Took = t.peer, t.body.n, sinceOf(t.first, d.at)
	e.Facts = []Fact{{"tftp.blocks", strconv.FormatInt(t.blocks, 10)}}
	partial := ""
	switch {
	case len(t.holes) > 0:
		partial = "the capture lacks " + strings.Join(t.holes, ", ")
		e.Detail = partial
	case t.tsize > t.body.n:
		e.Kind, e.Fault = trace.FetchFailed, trace.Truncated
		e.Detail = "the file ended after " + t.progress() + " (tsize, RFC 2349)"
		partial = e.Detail
	}
	if partial == "" {
		e.Facts = append(e.Facts, Fact{"content", t.body.digest(w.r)})
	}
	w.r.record(t.phone, e)
	w.keep(t, d.frame, partial)
}

func (w *tftpWatch) serverError(t *transfer, d datagram, p tftp.Packet) {
	w.close(t)
	e := t.event(trace.FetchFailed, d)
	e.Peer, e.Took, e.Bytes, e.Fault = d.src, sinceOf(t.first, d.at), t.body.n, trace.ServerError
	switch {
	case p.Code == tftp.FileNotFound && t.blocks == 0:
		e.Kind, e.Fault = trace.FetchMissing, trace.NotFound
	case p.Code == tftp.AccessViolation:
		e.Fault = trace.Forbidden
	}
	e.Detail = errorWords(p)
	if t.blocks > 0 {
		e.Detail += ", after " + t.progress()
		w.keep(t, d.frame, "the server broke off: "+errorWords(p))
	}
	e.Facts = []Fact{{"tftp.error", strconv.Itoa(int(p.Code))}, {"tftp.message", trace.Clean(p.Message)}}
	w.r.record(t.phone, e)
}

func errorWords(p tftp.Packet) string {
	text := trace.Clean(p.Message)
	if text == "" {
		text = p.Code.String()
	}
	return fmt.Sprintf("ERROR %d: %s", uint16(p.Code), text)
}

// fromClient takes what the phone sends after its request: ACKs pass, an ERROR ends
// the transfer from its side.
func (w *tftpWatch) fromClient(t *transfer, d datagram) {
	p, err := tftp.Parse(d.data)
	if err == nil && p.Op == tftp.ACK {
		t.ack.sent(t.phone, p.Block, d.at)
		w.acknowledged(t, d, p.Block)
		t.lacks = t.lacks || p.Block-t.next < 1<<15 // wraps
	}
	if err != nil || t.done {
		return
	}
	w.heard(t, d)
	if p.Op != tftp.ERROR {
		return
	}
	if d.dst != t.peer && t.peer.IsValid() { // to a foreign port: the transfer goes on (RFC 1350 §4)
		return
	}
	w.close(t)
	t.ack.ended(t.phone)
	e := t.event(trace.FetchFailed, d)
	e.Peer, e.Took, e.Bytes, e.Fault = d.dst, sinceOf(t.first, d.at), t.body.n, trace.Protocol
	e.Detail = "the phone ended it: " + errorWords(p)
	e.Facts = []Fact{{"tftp.error", strconv.Itoa(int(p.Code))}, {"tftp.by", "phone"}}
	w.r.record(t.phone, e)
	w.keep(t, d.frame, e.Detail)
}
