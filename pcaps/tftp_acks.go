package pcaps

import "time"

// ackHabit is how a phone sends ACKs again to a server that has fallen silent.
type ackHabit struct {
	gap    time.Duration
	sends  int
	silent bool // sends is how often it tried before it gave up
}

// ackState follows the ACKs of one transfer.
type ackState struct {
	block uint16
	sends int
	at    time.Time
	heard bool // the server has said something since: what comes is an answer to that
}

// sent takes one ACK.
func (a *ackState) sent(p *Phone, block uint16, at time.Time) {
	if p = p.real(); p != nil && a.sends > 0 && block == a.block && !a.heard {
		a.sends++
		p.acks.gap = sinceOf(a.at, at)
		p.acks.sends = max(p.acks.sends, a.sends)
	} else {
		a.block, a.sends = block, 1
	}
	a.at, a.heard = at, false
}

// ended: nothing more came of the transfer.
func (a *ackState) ended(p *Phone) {
	if p = p.real(); p != nil && a.sends > 1 && !a.heard {
		p.acks.silent = true
	}
}

// unacknowledged reports whether the phone has taken the whole file, and the capture
// ends before its last ACK.
func (t *transfer) unacknowledged() bool {
	return t.done && t.blocks > 0 && t.next-1 != t.ack.block
}

// cut marks that the capture ends in the middle of this file.
func (t *transfer) cut() {
	if p := t.phone.real(); p != nil {
		p.cut = t.name
	}
}
