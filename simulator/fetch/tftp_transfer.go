package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// tftpTransfer is one file on its way. It begins with the request; the server's first
// answer, a DATA 1 or an OACK, fixes the peer (RFC 1350 §4), and from then on each block
// is acknowledged until a short one ends it.
type tftpTransfer struct {
	client  *tftpClient
	ctx     context.Context
	request Request
	in      *inbound
	socket  tftpSocket
	server  netip.AddrPort // who was asked
	peer    netip.AddrPort // who answered; invalid until then

	buffer  []byte // for reading; one byte longer than a packet may be
	out     []byte // the last packet sent, to be sent again after silence
	sends   int    // how often it was
	granted bool   // an OACK came
	blksize int
	block   uint16 // of the last block taken
	blocks  uint64 // how many were taken: block wraps after 65535

	first    time.Time // sending of the request
	heard    time.Time // the last packet that counted: a sending after silence, or a block
	armed    time.Time // when a read ends
	giveUp   time.Time
	repeats  int        // duplicates since the last new block
	strays   int        // other packets passed over since then
	stray    string     // the last of them
	strayBy  netip.Addr // its sender
	foreign  int        // packets from elsewhere
	noted    int        // FetchIgnored events
	resend   time.Duration
	maxSends int
}

// run is the whole transfer. It ends with the last block taken, or an error.
func (t *tftpTransfer) run() error {
	b := &t.client.shared.behaviour
	t.blksize = tftp.DefaultBlksize
	t.resend, t.maxSends = b.TFTPResend, b.TFTPSends
	t.first = time.Now()
	t.giveUp = t.first.Add(t.client.shared.firstWait)
	if err := t.send(); err != nil {
		return err
	}
	t.heard = t.first
	if err := t.arm(); err != nil {
		return err
	}
	for {
		n, from, err := t.socket.read(t.buffer)
		done := false
		switch {
		case err == nil:
			done, err = t.take(from, t.buffer[:n])
		case errors.Is(err, os.ErrDeadlineExceeded):
			err = t.silence()
		}
		if err != nil || done {
			return err
		}
	}
}

// send sends out, once more, to whom it belongs. Packets of the same content have the
// same port: it is the transfer's (RFC 1350 §4).
func (t *tftpTransfer) send() error {
	to := t.peer
	if !to.IsValid() {
		to = t.server
	}
	t.sends++
	if t.tracing() && (!t.peer.IsValid() || t.sends > 1) {
		e := trace.Event{Kind: trace.FetchRequest, Peer: to, Attempt: t.sends}
		switch {
		case t.peer.IsValid():
			e.Detail = fmt.Sprintf("ACK of block %d again, after %s", t.block, t.progress())
		case t.request.URL.RawQuery != "":
			e.Detail = "the URL's query is left out: TFTP has none"
		}
		t.record(e)
	}
	return t.socket.write(t.out, to)
}

// due returns when something must be done if no packet comes.
func (t *tftpTransfer) due() time.Time {
	if next := t.heard.Add(t.resend); next.Before(t.giveUp) {
		return next
	}
	return t.giveUp
}

// arm sets the time at which a read must end.
func (t *tftpTransfer) arm() error {
	next := t.due()
	t.armed = next
	if err := t.socket.conn.SetReadDeadline(next); err != nil {
		return err
	}
	if t.ctx.Err() != nil { // it may have ended before the line above, which then undid interrupt
		t.socket.interrupt()
	}
	return nil
}

// silence is called when a read's time is over. The time may have moved since it was
// set: that is cheaper than setting it for every block.
func (t *tftpTransfer) silence() error {
	if err := t.ctx.Err(); err != nil {
		return t.ended(err)
	}
	now := time.Now()
	if !now.Before(t.giveUp) {
		return t.gaveUp(now)
	}
	if now.Before(t.heard.Add(t.resend)) {
		return t.arm()
	}
	if err := t.again(now); err != nil {
		return err
	}
	t.heard = now
	return t.arm()
}

// again sends the last packet again, unless it was sent often enough.
func (t *tftpTransfer) again(now time.Time) error {
	if t.sends >= t.maxSends {
		return t.gaveUp(now)
	}
	return t.send()
}

// rest keeps what the next transfer can use, and nothing else.
func (t *tftpTransfer) rest() {
	s := t.client.shared
	*t = tftpTransfer{buffer: t.buffer, out: t.out[:0]}
	s.transfers.Put(t)
}

// gaveUp says how a transfer ended for want of packets.
func (t *tftpTransfer) gaveUp(now time.Time) error {
	switch {
	case !t.peer.IsValid():
		times := "1 request"
		if t.sends > 1 {
			times = fmt.Sprintf("%d requests", t.sends)
		}
		waited := fmt.Sprintf("answer to %s in %s", times, round(now.Sub(t.first)))
		switch {
		case t.strays == 0:
			return &Error{Code: trace.NoAnswer, Detail: "no " + waited}
		case t.strayBy != t.server.Addr(): // says nothing of the server
			return &Error{Code: trace.NoAnswer,
				Detail: fmt.Sprintf("no usable %s; %d packets came from elsewhere, the last: %s", waited, t.strays, t.stray)}
		}
		return &Error{Code: trace.Protocol, Detail: fmt.Sprintf("no usable %s, but %d packets, the last: %s", waited, t.strays, t.stray)}
	case t.strays > 0:
		return t.fail(trace.Protocol, fmt.Sprintf("only packets of no use after %s: %d, the last: %s", t.progress(), t.strays, t.stray))
	case t.sends > 1 || now.Sub(t.heard) >= t.resend:
		return t.fail(trace.NoAnswer, "silence after "+t.progress())
	default:
		return t.fail(trace.TimeUp, fmt.Sprintf("the file was not whole after %s (option tftp_transfer_time), but stood after %s",
			t.client.shared.behaviour.TFTPTransferTime, t.progress()))
	}
}

// ended says where the transfer stood when its context ended.
func (t *tftpTransfer) ended(err error) error {
	e := &Error{Code: trace.Cancelled, Detail: "cancelled", Peer: t.peer, Err: err}
	if errors.Is(err, context.DeadlineExceeded) {
		e.Code, e.Detail = trace.TimeUp, "the time for the whole pass is up (option pass_time)"
	}
	if t.peer.IsValid() {
		e.Detail += ", after " + t.progress()
	} else {
		e.Detail += ", before the server answered"
	}
	return e
}

// progress says how far the transfer came: "1024 bytes in block 2".
func (t *tftpTransfer) progress() string {
	if t.in.announced >= 0 {
		return fmt.Sprintf("%d of %d bytes in block %d", t.in.n, t.in.announced, t.blocks)
	}
	return fmt.Sprintf("%d bytes in block %d", t.in.n, t.blocks)
}

func (t *tftpTransfer) fail(code trace.Code, detail string) *Error {
	return &Error{Code: code, Peer: t.peer, Detail: detail}
}

func (t *tftpTransfer) tracing() bool { return t.client.trace != trace.Discard }

func (t *tftpTransfer) record(e trace.Event) {
	if t.request.shown == "" {
		t.request.shown = trace.URL(t.request.URL)
	}
	e.Name, e.URL = t.request.Name, t.request.shown
	t.client.trace.Record(e)
}

// round makes a time fit for a sentence.
func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
