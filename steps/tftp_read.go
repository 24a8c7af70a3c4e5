package steps

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpRead is one file on its way over TFTP. It follows the server as far as it can,
// and notes what goes wrong on the way, so that each rule judges one thing alone.
type tftpRead struct {
	*tftpClient
	options []tftp.Option // asked for

	// How the network treats the transfer.
	requests  int  // copies of the request that arrive; 0: one
	ackTwice  bool // every ACK arrives twice
	loseFirst bool // the first answer is lost
	early     bool // a block came before the one before it was acknowledged
	lingers   bool // the phone listens on when the file is whole

	// What came.
	peer    netip.AddrPort // of the first answer
	granted []tftp.Option  // by an OACK
	oack    bool           // there was one
	blksize int
	blocks  []tftpPacket // DATA, in the order in which they came, without those that came again
	again   []tftpPacket // DATA that came again
	body    []byte
	whole   bool   // the last block came
	moved   string // how it came from another port; empty: it didn't
	trouble trouble

	acked bool // the latest block, or the OACK, is acknowledged
}

// trouble is what keeps a transfer from going on, or makes it another than it should be.
type trouble struct {
	kind troubleKind
	what string
}

type troubleKind string

const (
	noTrouble    troubleKind = ""
	silentServer troubleKind = "silence"    // nothing came
	refusal      troubleKind = "refusal"    // an ERROR
	misnumber    troubleKind = "misnumber"  // a block with a wrong number
	oversize     troubleKind = "oversize"   // a block longer than it may be
	unreadable   troubleKind = "unreadable" // a packet that is none
)

// startRead asks for the file that the scenario is about.
func (w *world) startRead(ctx context.Context, options []tftp.Option) (*tftpRead, error) {
	c, err := w.tftpClient(ctx, w.talk.file.url)
	if err != nil {
		return nil, err
	}
	return &tftpRead{tftpClient: c, options: options, blksize: tftp.DefaultBlksize}, nil
}

// begin sends the request in a mode, and takes the first answer.
func (r *tftpRead) begin(ctx context.Context, mode string) error {
	request := tftp.AppendRRQ(nil, tftpName(r.world.talk.file.url), mode, r.options...)
	for range max(r.requests-1, 0) {
		if err := r.request(request); err != nil {
			return err
		}
	}
	p, ok, err := r.first(ctx, request)
	if err != nil {
		return err
	}
	if ok && r.loseFirst {
		if p, ok, err = r.firstAgain(ctx, request, p.at); err != nil {
			return err
		}
	}
	if !ok {
		r.fail(silentServer, "no answer came to the request")
		return nil
	}
	r.peer = p.from
	r.take(p)
	return nil
}

// firstAgain waits for an answer after the first one was lost, and asks again when the
// phone would. What came along with the first answer is lost too.
func (r *tftpRead) firstAgain(ctx context.Context, request []byte, lost time.Time) (p tftpPacket, ok bool, err error) {
	const burst = 200 * time.Millisecond
	if _, err = r.listen(ctx, burst); err != nil {
		return p, false, err
	}
	if p, ok, err = r.receive(ctx, lost.Add(phoneResend)); ok || err != nil {
		return p, ok, err
	}
	for n := 2; n <= phoneSends; n++ {
		if err := r.request(request); err != nil {
			return p, false, err
		}
		if p, ok, err = r.receive(ctx, lost.Add(min(time.Duration(n)*phoneResend, phoneWait))); ok || err != nil {
			return p, ok, err
		}
	}
	return p, false, nil
}

// readTo goes on until block n has come, which is left unacknowledged; 0: to the end.
func (r *tftpRead) readTo(ctx context.Context, n int) error {
	for r.trouble.kind == noTrouble {
		if r.whole && r.acked || n > 0 && len(r.blocks) >= n {
			return nil
		}
		if !r.acked {
			if err := r.ack(); err != nil {
				return err
			}
			continue
		}
		p, ok, err := r.receive(ctx, time.Now().Add(nextWait))
		switch {
		case err != nil:
			return err
		case !ok:
			r.fail(silentServer, fmt.Sprintf("nothing came for %s after %s", nextWait, r.progress()))
		default:
			if err := r.next(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// next takes a packet of a transfer under way. Where one request became two transfers,
// the phone turns the other one away.
func (r *tftpRead) next(p tftpPacket) error {
	if p.from == r.peer {
		r.take(p)
		return nil
	}
	if r.requests > 1 || r.loseFirst || p.bad != nil || p.Op != tftp.DATA || !r.isNext(p) {
		if p.bad == nil && p.Op == tftp.ERROR {
			return nil
		}
		return r.send(tftp.AppendError(nil, tftp.UnknownTransferID, tftp.UnknownTransferID.String()), p.from)
	}
	if r.moved == "" {
		r.moved = fmt.Sprintf("block %d came from port %d, what was before it from port %d", p.Block, p.from.Port(), r.peer.Port())
	}
	r.peer = p.from // to see the rest
	r.take(p)
	return nil
}

func (r *tftpRead) isNext(p tftpPacket) bool { return p.Block == uint16(len(r.blocks)+1) } //nolint:gosec // wraps as block numbers do

// take takes a packet of the peer.
func (r *tftpRead) take(p tftpPacket) {
	switch {
	case p.bad != nil:
		r.fail(unreadable, p.bad.Error())
	case p.Op == tftp.ERROR:
		r.fail(refusal, p.String()+" came after "+r.progress())
	case p.Op == tftp.OACK:
		r.takeOACK(p)
	case p.Op == tftp.DATA:
		r.takeData(p)
	default:
		r.fail(unreadable, "an unexpected "+p.String()+" came after "+r.progress())
	}
}

func (r *tftpRead) takeOACK(p tftpPacket) {
	if len(r.blocks) > 0 {
		return // late
	}
	r.oack, r.granted, r.acked = true, p.Options, false
	if value, ok := p.Option(tftp.OptionBlksize); ok {
		if n, err := strconv.Atoi(value); err == nil && n >= tftp.MinBlksize && n <= tftp.MaxBlksize {
			r.blksize = n
		}
	}
}

func (r *tftpRead) takeData(p tftpPacket) {
	switch n := len(r.blocks); {
	case !r.isNext(p) && n > 0 && p.Block == r.blocks[n-1].Block:
		r.again = append(r.again, p)
		r.acked = r.ackTwice // a doubled ACK must not be answered by a third
	case !r.isNext(p) && n > 0 && p.Block < r.blocks[n-1].Block:
		r.again = append(r.again, p) // an old one
	case !r.isNext(p):
		r.fail(misnumber, fmt.Sprintf("block %d came after %s", p.Block, r.progress()))
	case len(p.Data) > r.blksize:
		r.blocks = append(r.blocks, p)
		r.fail(oversize, fmt.Sprintf("block %d has %d bytes, where %d are the most", p.Block, len(p.Data), r.blksize))
	default:
		r.blocks, r.body, r.acked = append(r.blocks, p), append(r.body, p.Data...), false
		r.whole = len(p.Data) < r.blksize
	}
}

// ack acknowledges the latest block, or the OACK.
func (r *tftpRead) ack() error {
	block := uint16(0)
	if n := len(r.blocks); n > 0 {
		block = r.blocks[n-1].Block
	}
	r.acked = true
	copies := 1
	if r.ackTwice {
		copies = 2
	}
	for range copies {
		if err := r.send(tftp.AppendAck(nil, block), r.peer); err != nil {
			return err
		}
	}
	return nil
}

func (r *tftpRead) fail(kind troubleKind, what string) { r.trouble = trouble{kind, what} }

// progress says how far the transfer came.
func (r *tftpRead) progress() string {
	switch n := len(r.blocks); {
	case n > 0:
		return fmt.Sprintf("block %d", r.blocks[n-1].Block)
	case r.oack:
		return "the OACK was acknowledged"
	default:
		return "the request"
	}
}

// blocked returns an obstacle where the transfer went wrong in a way that is another
// rule's affair.
func (r *tftpRead) blocked() error {
	if r.trouble.kind == noTrouble {
		return nil
	}
	return blocked("%s", r.trouble.what)
}

// complete reports whether all came that comes when nothing disturbs a transfer.
func (r *tftpRead) complete(plain *tftpRead) bool { return r.whole && bytes.Equal(r.body, plain.body) }
