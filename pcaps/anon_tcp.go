package pcaps

import (
	"bytes"
	"cmp"
	"slices"
)

// maxStreamHole is how many bytes may be missing in a stream that is still read.
const maxStreamHole = 1 << 20

// finish replaces what is in the transfers and the connections, when all of them is known.
func (f *flows) finish() {
	for _, t := range f.files {
		f.d.joined(t.parts, f.d.body)
		for _, pair := range t.again {
			if !f.d.learning {
				copy(pair[0], pair[1])
			}
		}
	}
	for _, c := range f.all {
		f.connection(c)
	}
	f.leftovers()
}

// whole puts one side of a connection together; false where too much of it is missing.
func (c *heldTCP) whole(side int) (b []byte, first int64, ok bool) {
	segs := c.segs[side]
	if len(segs) == 0 {
		return nil, 0, true
	}
	slices.SortStableFunc(segs, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	first = segs[0].at
	end, there := first, int64(0)
	for _, s := range segs {
		there += int64(len(s.data))
		end = max(end, s.at+int64(len(s.data)))
	}
	if end-first > there+maxStreamHole {
		return nil, first, false
	}
	b = make([]byte, end-first)
	for _, s := range segs {
		copy(b[s.at-first:], s.data)
	}
	return b, first, true
}

// connection finds out what a connection speaks, and replaces what is somebody's.
func (f *flows) connection(c *heldTCP) {
	var streams [2][]byte
	var firsts [2]int64
	known := true
	for side := range streams {
		var ok bool
		streams[side], firsts[side], ok = c.whole(side)
		known = known && ok
	}
	if !known || !f.speak(c, streams) {
		for side := range streams {
			for _, s := range c.segs[side] {
				f.d.blank(s.data)
			}
		}
		return
	}
	for side, b := range streams {
		for _, s := range c.segs[side] {
			if !f.d.learning {
				copy(s.data, b[s.at-firsts[side]:])
			}
		}
	}
}

// speak works on both streams of a connection; false: its protocol is not read.
func (f *flows) speak(c *heldTCP, streams [2][]byte) bool {
	d := f.d
	for side, b := range streams {
		other := streams[1-side]
		isSIP, _ := beginsSIP(bytes.TrimLeft(b, "\r\n"))
		switch {
		case isSIP:
			d.sip(b)
			d.sip(other)
			return true
		case isRequestLine(b), bytes.HasPrefix(b, []byte("HTTP/1.")):
			d.http(b)
			d.http(other)
			return true
		case len(b) > 5 && b[0] == recordHandshake && b[1] == 3 && b[5] <= 2:
			d.tls(b)
			d.tls(other)
			return true
		case bytes.HasPrefix(b, []byte("220 ")), bytes.HasPrefix(b, []byte("220-")):
			client, server := c.ends[1-side].Addr(), c.ends[side].Addr()
			d.ftp(b, false, client, server)
			d.ftp(other, true, client, server)
			return true
		}
	}
	if d.ftpPorts[c.ends[0]] || d.ftpPorts[c.ends[1]] {
		d.body(streams[0])
		d.body(streams[1])
		return true
	}
	return false
}
