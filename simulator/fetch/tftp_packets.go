package fetch

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What one transfer puts up with. A server that does worse would keep a phone busy for
// ever.
const (
	maxRepeats = 50   // duplicates of one block; libcurl's bound on resends
	maxStrays  = 1000 // other packets of the peer between two blocks
	maxForeign = 100  // packets from elsewhere that are answered
	maxNoted   = 20   // FetchIgnored events
)

// take handles one datagram. done is true when the last block is in.
func (t *tftpTransfer) take(from netip.AddrPort, b []byte) (done bool, err error) {
	if t.peer.IsValid() && from != t.peer {
		return false, t.foreigner(from, b)
	}
	if len(b) < tftp.HeaderSize {
		// libcurl takes a stump for the end of its wait, and sends again at once.
		if err := t.ignore(from, fmt.Sprintf("a packet of %d bytes is none", len(b))); err != nil {
			return false, err
		}
		return false, t.again(time.Now())
	}
	p, err := tftp.Parse(b)
	switch {
	case err != nil && isOACK(err):
		return false, t.refuse(from, tftp.OptionRefused, t.failFrom(from, trace.Protocol, clean(err.Error())))
	case err != nil:
		return false, t.unexpected(from, clean(err.Error()))
	case p.Op == tftp.DATA:
		return t.data(from, &p)
	case p.Op == tftp.OACK:
		return false, t.oack(from, &p)
	case p.Op == tftp.ERROR:
		return false, t.serverError(from, &p)
	default:
		return false, t.unexpected(from, "unexpected "+clean(p.String()))
	}
}

func isOACK(err error) bool {
	var malformed *tftp.MalformedError
	return errors.As(err, &malformed) && malformed.Op == tftp.OACK
}

// unexpected handles what no server sends to a reader. Before the first answer libcurl
// waits on, afterwards it ends the transfer without a word. (To an ACK as first answer
// libcurl sends a DATA of its own; we don't.)
func (t *tftpTransfer) unexpected(from netip.AddrPort, what string) error {
	if !t.peer.IsValid() {
		return t.ignore(from, what)
	}
	return t.fail(trace.Protocol, what+", after "+t.progress())
}

// foreigner answers a packet from a source that is not the peer: "an error packet should
// be sent to the source of the incorrect packet, while not disturbing the transfer"
// (RFC 1350 §4). An ERROR gets none: two programs would else answer each other for ever.
// (libcurl 7.88 takes such packets for the peer's.)
func (t *tftpTransfer) foreigner(from netip.AddrPort, b []byte) error {
	if t.foreign++; t.foreign > maxForeign {
		return nil
	}
	p, err := tftp.Parse(b)
	what := clean(p.String())
	if err != nil {
		what = clean(err.Error())
	}
	t.note(from, "from a foreign port (unknown transfer ID): "+what)
	if p.Op == tftp.ERROR {
		return nil
	}
	return t.socket.write(tftp.AppendError(nil, tftp.UnknownTransferID, tftp.UnknownTransferID.String()), from)
}

// data takes a block. A new one is kept and acknowledged, the last one is acknowledged
// again, others are passed over, as libcurl does.
func (t *tftpTransfer) data(from netip.AddrPort, p *tftp.Packet) (done bool, err error) {
	fresh := p.Block == t.block+1 // wraps from 65535 to 0
	switch {
	case !t.peer.IsValid() && !fresh:
		return false, t.ignore(from, fmt.Sprintf("the first block is %d, not 1", p.Block))
	case !t.peer.IsValid():
		if err := t.begin(from, "DATA without OACK: no option is granted"); err != nil {
			return false, err
		}
	}
	switch {
	case len(p.Data) > t.blksize:
		// libcurl would cut the block, and keep a spoilt file.
		e := t.fail(trace.Protocol, fmt.Sprintf("block %d holds more than the block size of %d bytes", p.Block, t.blksize))
		return false, t.refuse(from, tftp.IllegalOperation, e)
	case p.Block == t.block:
		return false, t.repeat(from, fmt.Sprintf("block %d again", p.Block))
	case !fresh:
		return false, t.ignore(from, fmt.Sprintf("block %d, but %d is next", p.Block, t.block+1))
	}
	if err := t.keep(p.Data); err != nil {
		return false, t.refuse(from, tftp.DiskFull, err)
	}
	t.block = p.Block
	t.blocks++
	if err := t.ack(); err != nil {
		return false, err
	}
	if len(p.Data) == t.blksize {
		return false, nil
	}
	return true, t.whole()
}

// repeat acknowledges the last packet again. That breaks a deadlock where an ACK was
// lost; its bound breaks a server that doubles each packet for ever (RFC 1123 §4.2.3.1).
func (t *tftpTransfer) repeat(from netip.AddrPort, what string) error {
	if t.repeats++; t.repeats > maxRepeats {
		return t.fail(trace.Protocol, fmt.Sprintf("%s, for the %dth time, after %s", what, t.repeats, t.progress()))
	}
	t.note(from, what+", acknowledged again")
	t.heard = time.Now()
	return t.socket.write(t.out, t.peer)
}

// begin fixes the peer and turns to the timings of a transfer under way.
func (t *tftpTransfer) begin(from netip.AddrPort, how string) error {
	b := &t.client.shared.behaviour
	now := time.Now()
	t.peer, t.heard = from, now
	t.resend, t.maxSends = b.TFTPAckResend, b.TFTPAckSends
	t.giveUp = now.Add(b.TFTPTransferTime)
	t.strays = 0
	if t.tracing() {
		if from.Addr() != t.server.Addr() {
			how += "; it comes from another address than was asked"
		}
		t.record(trace.Event{Kind: trace.FetchReply, Peer: from, Detail: how})
	}
	if t.due().Before(t.armed) {
		return t.arm()
	}
	return nil
}

// ack acknowledges block t.block, 0 for an OACK.
func (t *tftpTransfer) ack() error {
	t.out = tftp.AppendAck(t.out[:0], t.block)
	t.heard = time.Now()
	t.sends, t.repeats, t.strays = 0, 0, 0
	return t.send()
}

// keep adds to the body.
func (t *tftpTransfer) keep(data []byte) *Error {
	in := t.in
	if in.n+int64(len(data)) > in.limit {
		e := tooLarge(unknownLength, in.limit)
		e.Peer = t.peer
		return e
	}
	in.n += int64(len(data))
	if err := in.keep(data); err != nil {
		err.Peer = t.peer
		return err
	}
	return nil
}

// whole compares the length with the one announced. libcurl does not: it would keep half
// a file. A file that is longer was written to meanwhile; that one is kept.
func (t *tftpTransfer) whole() error {
	switch announced := t.in.announced; {
	case announced < 0 || announced == t.in.n:
	case announced > t.in.n:
		return t.fail(trace.Truncated, "the file ended after "+t.progress()+" (tsize, RFC 2349)")
	default:
		t.note(t.peer, fmt.Sprintf("tsize said %d bytes, %d came; all are kept", announced, t.in.n))
	}
	return nil
}

// ignore passes over a packet of the peer, or of whoever may become it.
func (t *tftpTransfer) ignore(from netip.AddrPort, what string) error {
	if t.strays++; t.strays > maxStrays {
		return t.failFrom(from, trace.Protocol, fmt.Sprintf("more than %d packets that are of no use, the last: %s", maxStrays, what))
	}
	t.stray, t.strayBy = what, from.Addr()
	t.note(from, what)
	return nil
}

// note records what was passed over, a bounded number of times.
func (t *tftpTransfer) note(from netip.AddrPort, what string) {
	if !t.tracing() || t.noted > maxNoted {
		return
	}
	if t.noted++; t.noted > maxNoted {
		what += "; further ones are not listed"
	}
	t.record(trace.Event{Kind: trace.FetchIgnored, Peer: from, Detail: what})
}

func (t *tftpTransfer) failFrom(from netip.AddrPort, code trace.Code, detail string) *Error {
	return &Error{Code: code, Peer: from, Detail: detail}
}
