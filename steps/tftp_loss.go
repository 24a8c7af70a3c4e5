package steps

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpLossSteps judge how a server bears that packets are lost or doubled.
func tftpLossSteps(sc catalogue) {
	sc.Then(`^the first answer came again in time$`, firstCameAgain)
	sc.Then(`^the lost block came again in time$`, blockCameAgain)
	sc.When(`^it is read over TFTP, and the acknowledgement of block 1 comes once more after block 2$`, readAckLate)
	sc.Then(`^block 3 did not come before block 2 was acknowledged$`, block3AfterAck)
	sc.Then(`^every block came once$`, everyBlockOnce)
	sc.Then(`^the file came whole$`, cameWhole)
	sc.Then(`^at most (\d+) copies of it came in a second$`, fewCopies)
}

func readFirstLost(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	r.loseFirst = true
	return w.readThrough(ctx, r, tftp.Octet)
}

func firstCameAgain(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	if !r.peer.IsValid() {
		return violated("the first answer again, within 12 s", "nothing came, though the phone asked %d times", phoneSends)
	}
	return r.blocked()
}

// readBlockLost does not see a block when it first comes, and so does not acknowledge
// it. That its ACK was lost would look the same to the server. It asks with the options
// of a phone: what a server does without them is nothing that a phone suffers from.
func readBlockLost(ctx context.Context, which string) error {
	w := of(ctx)
	lost := len(w.talk.tftp.plain.blocks)
	if number, ok := strings.CutPrefix(which, "block "); ok {
		var err error
		if lost, err = strconv.Atoi(number); err != nil {
			return harness("%v", err)
		}
	}
	if !w.talk.tftp.plain.whole {
		return blocked("%s", w.talk.tftp.plain.outcome())
	}
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	return w.loseBlock(ctx, r, lost)
}

// loseBlock reads the file, and loses a block.
func (w *world) loseBlock(ctx context.Context, r *tftpRead, lost int) error {
	if err := r.begin(ctx, tftp.Octet); err != nil {
		return err
	}
	if err := r.readTo(ctx, lost); err != nil {
		return err
	}
	if err := r.blocked(); err != nil {
		return err
	}
	r.acked = true // the block is not there to be acknowledged
	start := time.Now()
	for len(r.again) == 0 && r.trouble.kind == noTrouble {
		p, ok, err := r.receive(ctx, start.Add(nextWait))
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := r.next(p); err != nil {
			return err
		}
	}
	w.talk.tftp.took = time.Since(start)
	if len(r.again) == 0 {
		r.enough(r.peer)
		return nil
	}
	return r.readTo(ctx, 0)
}

func blockCameAgain(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	if len(r.again) == 0 {
		what := fmt.Sprintf("nothing came for %s", nextWait)
		if r.trouble.kind != noTrouble {
			what = r.trouble.what
		}
		return violated(fmt.Sprintf("block %d again, which was not acknowledged", len(r.blocks)), "%s", what)
	}
	for _, p := range r.blocks {
		if p.Block == r.again[0].Block && !bytes.Equal(p.Data, r.again[0].Data) {
			return violated(fmt.Sprintf("block %d again, as it was", p.Block), "it came with other content: %s",
				firstDifference(p.Data, r.again[0].Data))
		}
	}
	if !r.complete(t.plain) {
		return violated("the whole file, once the lost block has come", "%s", r.outcome())
	}
	return nil
}

// ackLate is how long a block is waited for that must not come: less than any server
// waits until it sends again, more than one takes to answer.
const ackLate = 700 * time.Millisecond

// readAckLate acknowledges block 1 once more when block 2 is there, and block 2 only then.
func readAckLate(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.begin(ctx, tftp.Octet); err != nil {
		return err
	}
	if err := r.readTo(ctx, 2); err != nil || r.blocked() != nil || len(r.blocks) < 2 {
		return err
	}
	if err := r.send(tftp.AppendAck(nil, 1), r.peer); err != nil {
		return err
	}
	for until := time.Now().Add(ackLate); ; {
		p, ok, err := r.receive(ctx, until)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if p.bad == nil && p.Op == tftp.DATA && p.Block == 3 && p.from == r.peer {
			r.early = true
			break
		}
	}
	r.enough(r.peer)
	return nil
}

func block3AfterAck(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if err := r.blocked(); err != nil {
		return err
	}
	if r.early {
		return violated("block 3 after block 2 was acknowledged", "it came as the answer to a second ACK of block 1")
	}
	if len(r.blocks) < 2 {
		return blocked("%s", r.outcome())
	}
	return nil
}

func readAckTwice(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer r.close()
	r.ackTwice, r.lingers = true, true
	return w.readThrough(ctx, r, tftp.Octet)
}

// everyBlockOnce judges a transfer that was quicker than any server sends again. One
// copy too many may come of a slow network.
func everyBlockOnce(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	copies := len(r.again)
	for _, p := range of(ctx).talk.tftp.after {
		if p.bad == nil && p.Op == tftp.DATA {
			copies++
		}
	}
	if copies > 1 {
		return violated(fmt.Sprintf("%d blocks, each once", len(r.blocks)),
			"%d of them came again, as answers to a second ACK of the block before", copies)
	}
	return r.blocked()
}

func readRequestTwice(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	r.requests = 2
	return w.readThrough(ctx, r, tftp.Octet)
}

func cameWhole(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	if len(t.latest().options) > 0 {
		if err := of(ctx).optionsWork(ctx); err != nil {
			return err
		}
	}
	switch r := t.latest(); {
	case !t.plain.whole:
		return blocked("%s", t.plain.outcome())
	case t.plain.moved != "":
		return blocked("%s", t.plain.moved)
	case !r.complete(t.plain):
		return violated("the whole file", "%s", r.outcome())
	}
	return nil
}

// readAckedLate counts what comes of block 2 in the second in which it is not
// acknowledged.
func readAckedLate(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer r.close()
	if err = r.begin(ctx, tftp.Octet); err == nil {
		err = r.readTo(ctx, 2)
	}
	if err == nil {
		err = r.blocked()
	}
	if err != nil {
		return err
	}
	w.talk.tftp.after, err = r.listen(ctx, time.Second)
	r.enough(r.peer)
	return err
}

func fewCopies(ctx context.Context, most int) error {
	copies := 1 // the first
	for _, p := range of(ctx).talk.tftp.after {
		if p.bad == nil && p.Op == tftp.DATA && p.Block == 2 {
			copies++
		}
	}
	if copies > most {
		return violated(fmt.Sprintf("at most %d copies of block 2 in a second", most), "%d came", copies)
	}
	return nil
}

// readTimed measures when block 1 comes again after it was lost.
func readTimed(ctx context.Context, options string) error {
	w := of(ctx)
	r, err := w.newRead(ctx, tftpOptions(options))
	if err != nil {
		return err
	}
	defer r.close()
	return w.loseBlock(ctx, r, 1)
}
