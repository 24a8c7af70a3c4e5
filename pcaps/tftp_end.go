package pcaps

import (
	"fmt"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// sweep ends transfers that nothing was heard of for long.
func (w *tftpWatch) sweep(now time.Time) {
	for _, t := range w.open {
		if now.Sub(t.last) > tftpIdle {
			w.end(t)
		}
	}
}

// finish ends all transfers: the capture is over. Who was asked just now may have
// answered after that.
func (w *tftpWatch) finish(now time.Time) {
	for _, t := range w.open {
		if after := sinceOf(t.last, now); after < patience && !t.done && t.facts[0].Value == "1" && !t.refused && !t.left() {
			t.done = true
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
	if p == nil {
		return false
	}
	for _, e := range slices.Backward(p.Events) {
		if e.Frame <= t.lastSent {
			break
		}
		if e.Kind == trace.FetchRequest {
			return true
		}
	}
	return false
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
	delete(w.open, t.client)
	if t.done || t.facts[0].Value == "2" { // a write is not followed
		return
	}
	t.done = true
	e := Event{Event: trace.Event{Kind: trace.FetchFailed, At: t.last, Frame: t.lastSent, Name: t.name, URL: t.url(), Fault: trace.NoAnswer,
		Took: sinceOf(t.first, t.last), Bytes: t.bytes, Peer: t.peer}}
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
	t.ack.ended(t.phone)
	e.Detail = "silence after " + t.progress()
	w.r.record(t.phone, e)
	w.keep(t, e.Frame, "the transfer stopped after "+t.progress())
}

// progress says how far the transfer came.
func (t *transfer) progress() string {
	if t.tsize >= 0 {
		return fmt.Sprintf("%d of %d bytes in block %d", t.bytes, t.tsize, t.blocks)
	}
	return fmt.Sprintf("%d bytes in block %d", t.bytes, t.blocks)
}

// keep keeps what came of the file.
func (w *tftpWatch) keep(t *transfer, frame int, partial string) {
	if t.body == nil {
		return
	}
	defer func() {
		w.r.release(t.body)
		t.body = nil
	}()
	f := File{Name: t.name, URL: t.url(), Frame: frame, Bytes: t.bytes, Partial: partial}
	switch {
	case t.notKept:
		f.Partial = fmt.Sprintf("%d bytes are more than is kept of one file", t.bytes)
	case t.bytes == 0 && partial != "":
		return
	default:
		if f.Body = t.body.Bytes(); f.Body == nil {
			f.Body = []byte{}
		}
	}
	w.r.keep(t.phone, f)
}
