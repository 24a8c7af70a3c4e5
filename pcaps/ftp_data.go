package pcaps

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ftpData is one data connection of a session.
type ftpData struct {
	session *ftpTalk
	f       *flow
}

// openData takes a connection that the session announced: of the file that is under way, or of the next one.
func (t *ftpTalk) openData(f *flow) talk {
	d := &ftpData{t, f}
	if t.file != nil && t.file.conn == nil && !t.file.over {
		t.file.conn = d
	} else {
		t.ready = d
	}
	return d
}

// file is the one that comes over a connection, as long as it is under way; nil: none, or a listing.
func (d *ftpData) file() *ftpFile {
	if f := d.session.file; f != nil && !f.over && f.conn == d {
		return f
	}
	return nil
}

// data implements talk: what comes from either side is the file's.
func (d *ftpData) data(_ bool, m moment, b []byte) {
	f := d.file()
	if f == nil {
		return
	}
	f.data, f.last = true, m
	f.body.write(d.f.w.r, d.session.phone, b)
}

func (d *ftpData) hole(bool, moment) {
	if f := d.file(); f != nil {
		f.lost = true
	}
}

func (d *ftpData) close(m moment) {
	if d.f.opened && !d.f.answered && d.session.phone != nil {
		d.f.unanswered()
		return
	}
	f := d.file()
	if f == nil {
		return
	}
	f.data, f.broken = true, d.f.reset
	if !d.f.closing && !d.f.resets { // nobody ended it: it was silent for long, or the capture is over
		return
	}
	f.over, f.last = true, m
	if f.reply != "" {
		d.session.done(m)
	}
}

// goesOn takes that the client sets out for the next data connection, as none does before it has its file. Where the
// connection of that file was not seen, the capture lacks it, and the one that comes is of the next file.
func (t *ftpTalk) goesOn() {
	t.ready = nil
	if t.file != nil && t.file.conn == nil {
		t.file.conn = &ftpData{t, nil}
	}
}

// comes reports whether the file still came when its session, which is silent meanwhile, was given up.
func (f *ftpFile) comes() bool {
	if f.conn == nil || f.conn.f == nil || !f.conn.f.w.over.IsZero() {
		return false
	}
	session := f.conn.session.f
	return !session.closing && !session.resets && f.last.at.Sub(session.last.at) > flowIdle/2
}

// passOver takes the reply to a command, which is known by its code: what was sent before that command got none.
func (t *ftpTalk) passOver(verb string) {
	i := slices.IndexFunc(t.pending, func(c ftpCommand) bool { return c.verb == verb })
	for _, c := range t.pending[:max(0, i)] {
		t.told(c, 0, "no reply")
	}
	t.pending = t.pending[max(0, i):]
}

// retrieved takes the final reply to RETR.
func (t *ftpTalk) retrieved(m moment, code int, text string) {
	f := t.file
	if f == nil {
		return
	}
	f.reply, f.code, f.last = text, code, m
	if f.over || code >= 300 {
		t.done(m)
	}
}

// done ends a file: the reply came, and the data connection is closed, or never was.
func (t *ftpTalk) done(m moment) {
	f := t.file
	t.file = nil
	defer f.body.free(t.f.w.r)
	e := f.event(trace.FetchDone, f.last)
	e.Peer, e.Bytes = t.f.server, f.body.n
	partial := ""
	switch {
	case f.code == 550 || f.code == 551:
		e.Kind, e.Fault, e.Detail = trace.FetchMissing, trace.NotFound, f.reply
	case f.code == 530:
		e.Kind, e.Fault, e.Detail = trace.FetchFailed, trace.Unauthorized, f.reply
	case f.code >= 400 && f.body.n > 0:
		e.Kind, e.Fault = trace.FetchFailed, trace.Truncated
		e.Detail = fmt.Sprintf("the server broke off after %d bytes: %s", f.body.n, f.reply)
		partial = e.Detail
	case f.code >= 300:
		e.Kind, e.Fault, e.Detail = trace.FetchFailed, trace.ServerError, f.reply
	case f.lost:
		partial = "the capture lacks a part of it"
	case f.broken:
		e.Kind, e.Fault = trace.FetchFailed, trace.Truncated
		e.Detail = fmt.Sprintf("the server reset the data connection after %d bytes, and then said: %s", f.body.n, f.reply)
		partial = e.Detail
	case !f.data:
		partial = "its data connection is not in the capture"
	case f.size >= 0 && f.body.n < f.size:
		e.Kind, e.Fault = trace.FetchFailed, trace.Truncated
		e.Detail = fmt.Sprintf("the file ended after %d of %d bytes (SIZE)", f.body.n, f.size)
		partial = e.Detail
	}
	if partial != "" && e.Detail == "" {
		e.Detail = partial
	}
	if e.Kind == trace.FetchDone && partial == "" {
		e.Facts = append(e.Facts, Fact{"content", f.body.digest(t.f.w.r)})
	}
	t.f.w.r.record(t.phone, e)
	if e.Kind == trace.FetchDone || partial != "" {
		t.keep(f, m, partial)
	}
}

// finishFile ends a file of which no end was seen.
func (t *ftpTalk) finishFile(m moment) {
	f := t.file
	if f == nil {
		return
	}
	cut := t.f.cutOff(later(f.last, m))
	if f.reply == "" && (!f.over || cut) {
		t.file = nil
		e := f.event(trace.FetchFailed, f.last)
		e.Peer, e.Bytes, e.Fault = t.f.server, f.body.n, trace.NoAnswer
		switch e.Detail = fmt.Sprintf("silence after %d bytes", f.body.n); {
		case f.comes():
			e.Fault, e.Detail = trace.NoFault, "it took longer than a session is followed in silence"
		case f.lost:
			e.Fault, e.Detail = trace.NoFault, "the capture lacks a part of this file, or of what was said of it"
		case cut:
			e.Fault, e.Detail = trace.NoFault, endsHere
		case f.body.n > 0:
			e.Fault = trace.Truncated
		}
		t.f.w.r.record(t.phone, e)
		t.keep(f, m, e.Detail)
		f.body.free(t.f.w.r)
		return
	}
	t.done(m)
}

func (t *ftpTalk) keep(f *ftpFile, m moment, partial string) {
	file := File{Name: f.name, URL: f.url, Frame: m.frame, Bytes: f.body.n, Partial: partial}
	switch {
	case f.body.notKept() != "":
		file.Partial = f.body.notKept()
	case f.body.n == 0 && partial != "":
		return
	default:
		file.Body = append([]byte{}, f.body.bytes()...)
	}
	t.f.w.r.keep(t.phone, file)
}

// dataAddress reads h1,h2,h3,h4,p1,p2 (RFC 959 §4.1.2) or |n|address|port| (RFC 2428)
// anywhere in text. The address is the control connection's: a server behind NAT tells
// a wrong one.
func dataAddress(text string, host netip.Addr) (netip.AddrPort, bool) {
	if i := strings.IndexByte(text, '|'); i >= 0 {
		parts := strings.Split(text[i:], "|")
		if len(parts) < 5 {
			return netip.AddrPort{}, false
		}
		port, err := strconv.ParseUint(parts[3], 10, 16)
		return netip.AddrPortFrom(host, uint16(port)), err == nil && port > 0
	}
	numbers := strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	if len(numbers) < 6 {
		return netip.AddrPort{}, false
	}
	high, err1 := strconv.ParseUint(numbers[len(numbers)-2], 10, 8)
	low, err2 := strconv.ParseUint(numbers[len(numbers)-1], 10, 8)
	return netip.AddrPortFrom(host, uint16(high<<8|low)), err1 == nil && err2 == nil
}
