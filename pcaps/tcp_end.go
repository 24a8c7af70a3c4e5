package pcaps

import (
	"net/netip"

	"github.com/gopacket/gopacket/layers"
)

// endsHere is what is said of what was under way when the capture ended.
const endsHere = "the capture ends in the middle of it"

// cutOff reports whether the capture ended, and not what was last heard of at some moment on a connection: neither side
// had closed it, and it was not silent for longer than a phone waits.
func (f *flow) cutOff(last moment) bool {
	return !f.w.over.IsZero() && !f.closing && !f.resets && sinceOf(last.at, f.w.over) < patience
}

// ends takes who ends a connection, and how.
func (f *flow) ends(fromClient bool, t *layers.TCP) {
	f.left = f.left || fromClient && (t.FIN || t.RST) && !f.closing && !f.resets
	f.resets = f.resets || t.RST
	f.closing = f.closing || t.FIN
}

// serverReset takes a reset of the server's: one of the client's SYN refuses the connection (RFC 9293 §3.10.7.1), any other
// is of one that was open. Some in between leave the sequence number 0, and acknowledge nothing.
func (f *flow) serverReset(t *layers.TCP) {
	f.reset = true
	if f.opened && !f.answered && (t.Seq == 0 || t.ACK && t.Ack == f.synSeq+1) {
		f.refused = true
	}
	f.answered = f.answered || f.opened && !f.refused
}

// later is the later of two.
func later(a, b moment) moment {
	if a.at.After(b.at) {
		return a
	}
	return b
}

// anew takes a connection's first segment. If one of the same ports was open, and silent for long, it was silence indeed,
// and no leap of the clock: all that was silent as long is over.
func (w *tcpWatch) anew(p packet, t *layers.TCP) {
	ports := [2]netip.AddrPort{netip.AddrPortFrom(p.from, uint16(t.SrcPort)), netip.AddrPortFrom(p.to, uint16(t.DstPort))}
	if f := w.open[ports]; f != nil && (f.answered || f.synSeq != t.Seq) && p.at.Sub(f.last.at) > flowIdle {
		w.sweep(p.at)
	}
}
