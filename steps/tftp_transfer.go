package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
)

// tftpTransferSteps judge plain transfers (RFC 1350).
func tftpTransferSteps(sc catalogue) {
	sc.Then(`^every block came from the same port$`, samePort)
	sc.Then(`^they are answered from two ports, neither of them the one that was asked$`, portsOfTheirOwn)
	sc.Then(`^it came from the address that was asked$`, cameFromAddress)
	sc.Then(`^its blocks were numbered 1, 2, 3 and so on$`, numberedUpwards)
	sc.Then(`^no block was longer than 512 bytes$`, noLongBlock)
	sc.Then(`^after its two blocks an empty one came$`, endedEmpty)
	sc.Then(`^no further block came after the last one$`, nothingAfter)
	sc.Then(`^it came as it does in mode "octet"$`, cameAsPlain)
	sc.Then(`^an answer came, be it the file or an error$`, someAnswer)
	sc.Then(`^the first answer came within 4\.2 seconds$`, firstInTime)
	sc.Then(`^the text of its ERROR ends with a NUL$`, errorTerminated)
	sc.Then(`^it is told twice that the file is not there$`, toldTwice)
	sc.Then(`^no block came to the phone that broke off$`, noBlockAfterwards)
	sc.Then(`^the file came whole, and nothing came unasked$`, undisturbed)
}

func samePort(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if r.moved != "" {
		return violated("every block from the same port", "%s", r.moved)
	}
	return r.blocked()
}

func cameFromAddress(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if err := r.blocked(); err != nil {
		return err
	}
	if from, asked := r.peer.Addr().Unmap(), r.server.Addr().Unmap(); from != asked {
		return violated("the file from "+asked.String()+", which was asked for it", "it came from %s", from)
	}
	return nil
}

func portsOfTheirOwn(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	a, b := t.reads[0], t.reads[1]
	for _, r := range t.reads {
		if !r.peer.IsValid() {
			return blocked("%s", r.trouble.what)
		}
		if r.peer.Port() == r.server.Port() {
			return violated("an answer from a port of its own", "it came from port %d, which is where requests go", r.peer.Port())
		}
	}
	if a.peer == b.peer {
		return violated("a port of its own for each of two transfers", "both came from port %d", a.peer.Port())
	}
	return nil
}

func numberedUpwards(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if r.trouble.kind == misnumber {
		return violated(fmt.Sprintf("block %d", len(r.blocks)+1), "%s", r.trouble.what)
	}
	return r.blocked()
}

func noLongBlock(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if r.trouble.kind == oversize {
		return violated("blocks of at most 512 bytes", "%s", r.trouble.what)
	}
	return r.blocked()
}

func endedEmpty(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	const blocks = 2
	switch {
	case r.trouble.kind == silentServer && len(r.blocks) == blocks:
		return violated("an empty block 3", "%s", r.trouble.what)
	case r.trouble.kind != noTrouble:
		return r.blocked()
	case len(r.blocks) != blocks+1 || len(r.body) != blocks*tftp.DefaultBlksize:
		return blocked("%d bytes came in %d blocks, %d bytes were published", len(r.body), len(r.blocks), len(of(ctx).talk.file.body))
	}
	return nil
}

func nothingAfter(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	r := t.latest()
	if !r.whole {
		return r.blocked()
	}
	last := r.blocks[len(r.blocks)-1]
	for _, p := range t.after {
		if p.bad == nil && p.Op == tftp.DATA && p.Block != last.Block && p.from == r.peer {
			return violated(fmt.Sprintf("nothing after block %d, which has %d bytes", last.Block, len(last.Data)), "%s came", p)
		}
	}
	return nil
}

func cameAsPlain(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	if !t.plain.whole {
		return blocked("in mode octet it does not come whole")
	}
	if r := t.latest(); !r.complete(t.plain) {
		return violated("the file, as in mode octet", "%s", r.outcome())
	}
	return nil
}

// outcome says how the transfer ended.
func (r *tftpRead) outcome() string {
	if r.trouble.kind != noTrouble {
		return r.trouble.what
	}
	return fmt.Sprintf("%d bytes came in %d blocks", len(r.body), len(r.blocks))
}

func someAnswer(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if !r.peer.IsValid() {
		return violated("the file, or an error", "nothing came for %s", phoneWait)
	}
	return nil
}

func firstInTime(ctx context.Context) error {
	r := of(ctx).talk.tftp.latest()
	if !r.peer.IsValid() {
		return r.blocked()
	}
	if r.wait > phoneResend {
		return violated("the first answer within 4.2 s",
			"it came after %s, when the phone had asked again", r.wait.Round(10*time.Millisecond))
	}
	return nil
}

// askInVain asks for a missing file a number of times from one port, as a phone does that
// did not get the first answer.
func askInVain(ctx context.Context, times int) error {
	w := of(ctx)
	base, _, err := w.nowhere(ctx)
	if err != nil {
		return err
	}
	w.talk.file.url = base.JoinPath("fipsim-there-is-no-such-file.cfg")
	r, err := w.newRead(ctx, w.phoneOptions())
	if err != nil {
		return err
	}
	defer r.close()
	request := tftp.AppendRRQ(nil, tftpName(w.talk.file.url), tftp.Octet, r.options...)
	for n := range times {
		p, ok, err := r.first(ctx, request)
		switch {
		case err != nil:
			return err
		case !ok && n == 0:
			return blocked("a request for a missing file is not answered")
		case !ok:
			return nil
		case p.bad != nil || p.Op != tftp.ERROR:
			r.enough(p.from)
			return blocked("a request for a missing file is answered by %s", p)
		}
		r.peer = p.from
		w.talk.tftp.after = append(w.talk.tftp.after, p)
	}
	return nil
}

func errorTerminated(ctx context.Context) error {
	after := of(ctx).talk.tftp.after
	if len(after) > 0 && !after[0].terminated {
		return violated("a NUL after the text of the ERROR", "%s came without one", after[0])
	}
	return nil
}

func toldTwice(ctx context.Context) error {
	if after := of(ctx).talk.tftp.after; len(after) < 2 {
		return violated("an answer to the repeated request", "nothing came for %s; the first one was answered by %s", phoneWait, after[0])
	}
	return nil
}

func noBlockAfterwards(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	for _, p := range t.after {
		if p.bad == nil && p.Op == tftp.DATA {
			return violated("nothing more after the phone's ERROR", "%s came", p)
		}
	}
	return nil
}

// readBesideStranger lets another socket acknowledge blocks that the phone has not.
func readBesideStranger(ctx context.Context) error {
	w := of(ctx)
	r, err := w.newRead(ctx, nil)
	if err != nil {
		return err
	}
	defer r.close()
	stranger, err := w.tftpClient(ctx, w.talk.file.url)
	if err != nil {
		return err
	}
	defer stranger.close()
	if err = r.begin(ctx, tftp.Octet); err == nil {
		err = r.readTo(ctx, 2)
	}
	if err == nil {
		err = r.blocked()
	}
	if err != nil {
		return err
	}
	defer r.enough(r.peer)
	for _, block := range []uint16{2, 3} {
		if err := stranger.send(tftp.AppendAck(nil, block), r.peer); err != nil {
			return err
		}
	}
	const moment = 300 * time.Millisecond
	came, err := r.listen(ctx, moment)
	if err != nil {
		return err
	}
	strays, err := stranger.listen(ctx, moment)
	if err != nil {
		return err
	}
	w.talk.tftp.after = slices.Concat(came, strays)
	return r.readTo(ctx, 0)
}

func undisturbed(ctx context.Context) error {
	t := &of(ctx).talk.tftp
	for _, p := range t.after {
		if p.bad == nil && p.Op == tftp.DATA && p.Block > 2 {
			return violated("no block before the phone has acknowledged the one before", "a stranger's ACK made block %d come", p.Block)
		}
	}
	switch r := t.latest(); {
	case !t.plain.whole:
		return blocked("%s", t.plain.outcome())
	case !r.complete(t.plain):
		return violated("the whole file", "after a stranger's packets %s", strings.TrimSpace(r.outcome()))
	}
	return nil
}
