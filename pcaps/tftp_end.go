package pcaps

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// sweep ends transfers that nothing was heard of for long.
func (w *tftpWatch) sweep(now time.Time) {
	if now.Sub(w.oldest) <= tftpIdle {
		return
	}
	w.oldest = now
	for _, t := range w.open {
		if now.Sub(t.last) > tftpIdle {
			w.end(t)
		} else if t.last.Before(w.oldest) {
			w.oldest = t.last
		}
	}
}

// heard notes a packet of a transfer.
func (w *tftpWatch) heard(t *transfer, d datagram) {
	if t.last = d.at; len(w.open) <= 1 || d.at.Before(w.oldest) {
		w.oldest = d.at
	}
}

// forget gives up a transfer of which nothing is to be told: it begins anew.
func (w *tftpWatch) forget(t *transfer) {
	if !t.done {
		t.done = true
		w.live--
		t.body.free(w.r)
	}
}

// close says that a transfer is over. What comes late is still known as its own, as long
// as it is one of the last maxOver.
func (w *tftpWatch) close(t *transfer) {
	t.done = true
	w.live--
	w.over = append(w.over, t)
	for first := w.over[0]; len(w.over) > maxOver || w.open[first.client] != first; first = w.over[0] {
		if w.open[first.client] == first {
			delete(w.open, first.client)
		}
		w.over = w.over[1:]
	}
}

// finish ends all transfers: the capture is over. Who was asked just now may have
// answered after that.
func (w *tftpWatch) finish(now time.Time) {
	for a := range w.strays {
		if p := w.r.at[a].real(); p != nil {
			p.gaps = true
		}
	}
	for _, t := range w.open {
		if after := sinceOf(t.last, now); after < patience && !t.done && t.facts[0].Value == "1" && !t.refused && !t.left() {
			t.done = true
			w.live--
			e := Event{Event: trace.Event{Kind: trace.FetchFailed, At: t.last, Frame: t.lastSent, Name: t.name, URL: t.url(),
				Peer: t.server}}
			e.Detail = fmt.Sprintf("the capture ends %s this: whether it was answered is not in it", after0(after))
			w.r.record(t.phone, e)
			w.keep(t, e.Frame, "the capture ends before it does")
			if !t.odd {
				t.cut()
			}
		} else if after < patience && t.unacknowledged() {
			t.cut()
		}
		w.end(t)
	}
}

// left reports whether the phone has asked for something else since: it waits for this
// one no more.
func (t *transfer) left() bool {
	p := t.phone.real()
	return p != nil && p.asked > t.lastSent
}

// after0 is "some time after", in words.
func after0(d time.Duration) string {
	if round(d) == 0 {
		return "right after"
	}
	return round(d).String() + " after"
}

// end closes a transfer; one that did not come to its end has failed, as far as the
// capture tells.
func (w *tftpWatch) end(t *transfer) {
	if t.ack.sends == 0 { // the phone's side is not in the capture: it may have had what is missing
		for block := t.next; len(t.ahead) > 0 && !t.done && block != t.next-1; block++ {
			w.acknowledged(t, datagram{packet: packet{at: t.last, frame: t.lastSent}}, block)
		}
	}
	delete(w.open, t.client)
	if t.done {
		return
	}
	t.done = true
	w.live--
	if t.facts[0].Value == "2" { // a write is not followed
		t.body.free(w.r)
		return
	}
	e := Event{Event: trace.Event{Kind: trace.FetchFailed, At: t.last, Frame: t.lastSent, Name: t.name, URL: t.url(), Fault: trace.NoAnswer,
		Took: sinceOf(t.first, t.last), Bytes: t.body.n, Peer: t.peer}}
	if !t.peer.IsValid() {
		times := "1 request"
		if t.sends > 1 {
			times = fmt.Sprintf("%d requests in %s", t.sends, sinceOf(t.first, t.last).Round(10*time.Millisecond))
		}
		e.Detail = "no answer to " + times
		e.Attempt = t.sends
		w.r.record(t.phone, e)
		return
	}
	if t.lacks {
		e.Fault, e.Detail = trace.NoFault, fmt.Sprintf("the phone acknowledged block %d, which the capture lacks", t.ack.block)
		w.r.record(t.phone, e)
		w.keep(t, e.Frame, e.Detail)
		return
	}
	t.ack.ended(t.phone)
	e.Detail = "silence after " + t.progress()
	w.r.record(t.phone, e)
	w.keep(t, e.Frame, "the transfer stopped after "+t.progress())
}

// progress says how far the transfer came.
func (t *transfer) progress() string {
	if t.tsize >= 0 {
		return fmt.Sprintf("%d of %d bytes in block %d", t.body.n, t.tsize, t.blocks)
	}
	return fmt.Sprintf("%d bytes in block %d", t.body.n, t.blocks)
}

// keep keeps what came of the file.
func (w *tftpWatch) keep(t *transfer, frame int, partial string) {
	f := File{Name: t.name, URL: t.url(), Frame: frame, Bytes: t.body.n, Partial: partial}
	if why := t.body.notKept(); why != "" {
		f.Partial = why
	} else {
		f.Body = t.text(t.body.bytes())
	}
	if t.body.n > 0 || partial == "" {
		w.r.keep(t.phone, f)
	}
	t.body.free(w.r)
	t.holes = nil
}

// text undoes what the mode does to a file: in netascii each end of a line is CR LF, and
// a CR is CR NUL (RFC 1350 §1, RFC 764).
func (t *transfer) text(b []byte) []byte {
	if strings.EqualFold(t.facts[1].Value, tftp.Netascii) {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
		b = bytes.ReplaceAll(b, []byte("\r\x00"), []byte("\r"))
	}
	if b == nil {
		return []byte{}
	}
	return b
}

// underWay is how many bytes of files that have not come to their end are held.
func (w *tftpWatch) underWay() (sum int) {
	for _, t := range w.open {
		sum += len(t.body.bytes())
	}
	return sum
}
