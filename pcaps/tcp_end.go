package pcaps

import "github.com/gopacket/gopacket/layers"

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

// later is the later of two.
func later(a, b moment) moment {
	if a.at.After(b.at) {
		return a
	}
	return b
}
