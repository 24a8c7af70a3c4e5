package pcaps

import (
	"fmt"
	"slices"
	"time"
)

// notes says what is wrong with the capture itself, so that nobody takes a fault of
// the capturing for one of the phone's or the server's.
func (r *reader) notes() {
	if r.out.Frames == 0 {
		r.note("no frame is in it")
	}
	if r.out.Cut > 0 {
		r.note("%s cut short by the snap length (the shortest has %d bytes): what was in the rest is unknown; capture with tcpdump -s 0",
			wereFrames(r.out.Cut), r.shortest)
	}
	if o := r.source; o.back > 0 {
		what := "packets out of order): they are put in order"
		switch {
		case o.late > 0:
			what = "packets out of order): they are put in order, but " + wereFrames(o.late) + " too late, and may be told as missing; " +
				"reordercap sorts them"
		case o.backMost > reach:
			what = fmt.Sprintf("time running backwards): what is more than %s late is read in the order of the file; "+
				"reordercap sorts it", reach)
		}
		r.note("%s earlier than the frame before, by up to %s (%s", wereFrames(o.back), o.backMost.Round(time.Microsecond), what)
	}
	if r.tcp.holes > 0 {
		r.note("%d TCP streams have holes: bytes that the capture lacks", r.tcp.holes)
	}
	if slices.ContainsFunc(r.roster.phones, func(p *Phone) bool { return p.gaps }) {
		r.note("TFTP answers are in it to requests that are not: it began later, or lost frames (tcpdump -B gives it a larger buffer)")
	}
	if r.network.lost > 0 {
		r.note("%d IPv4 fragments contradict others, or are cut: their packets are lost", r.network.lost)
	}
	for link, n := range r.links {
		r.note("%d frames have link type %s (%d), which is not read: Ethernet, Linux cooked, raw IP and loopback are", n, link, int(link))
	}
	r.noteLeftOut()
	if r.tftp.twice > 0 {
		r.note("%d TFTP requests are in it twice, within %s: it was taken at two interfaces, or a mirror port sends both ways; editcap -d "+
			"leaves such frames out", r.tftp.twice, twiceWithin)
	}
	r.noteSecrets()
	if r.panics > 0 {
		r.note("%d TCP segments could not be assembled", r.panics)
	}
}

// noteLeftOut says what was not kept, for want of room.
func (r *reader) noteLeftOut() {
	if r.roster.overflow > 0 {
		r.note("more than %d stations: the rest is left out; name one with --phone", maxPhones)
	}
	if r.roster.left > 0 {
		most := fmt.Sprint(r.roster.most())
		if r.roster.packed >= maxPacked {
			most = fmt.Sprint(r.roster.events)
		}
		r.note("%d events are left out of those of all phones: more than %s are not kept; name one phone with --phone", r.roster.left, most)
	}
	if r.tftp.cut > 0 {
		r.note("%d TFTP transfers are left out: more than %d were open at once", r.tftp.cut, maxTransfers)
	}
}

func wereFrames(n int) string {
	if n == 1 {
		return "1 frame is"
	}
	return fmt.Sprintf("%d frames are", n)
}

// noteSecrets says where a key log is of no help.
func (r *reader) noteSecrets() {
	if r.badSecrets > 0 {
		r.note("%d lines of the TLS secrets in this file are no key log's: they are passed over", r.badSecrets)
	}
	if r.tcp.unopened > 0 {
		r.note("%d TLS records do not open with the secrets of the key log: they are another connection's, or the capture is damaged",
			r.tcp.unopened)
	}
	if r.tcp.secrets.count > 0 && r.tcp.sealed > 0 {
		r.note("%d TLS connections stay sealed: the key log has no secrets for them, or their cipher suite is not read", r.tcp.sealed)
	}
	if r.tcp.secrets.full {
		r.note("the key log has more than %d secrets: the rest is not used", maxSecrets)
	}
}
