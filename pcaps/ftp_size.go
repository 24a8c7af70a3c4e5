package pcaps

import "github.com/fipsim/fipsim/simulator/trace"

// unsized is a SIZE that was refused.
type unsized struct {
	arg, path  string
	sent, said moment
	reply      string
}

// notSized ends a file whose SIZE was refused: a client that is told 550 there need not
// ask by RETR (libcurl does not), and the file is as missing. Where the next command is
// about the same path, its answer counts.
func (t *ftpTalk) notSized(next string) {
	was := t.unsized
	t.unsized = nil
	if was == nil || was.path == next {
		return
	}
	t.size = -1
	f := t.begin(was.sent, was.arg, was.path)
	if f == nil {
		return
	}
	e := f.event(trace.FetchMissing, was.said)
	e.Peer, e.Fault, e.Detail = t.f.server, trace.NotFound, was.reply+" (to SIZE)"
	t.f.w.r.record(t.phone, e)
}
