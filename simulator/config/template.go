package config

import (
	"bytes"
	"slices"
	"strings"
)

// Template reads cfg files that a server made of one template: what differs from the
// first of them is read, what does not is compared. It does not change after NewTemplate.
type Template struct{ cfg *Cfg }

// NewTemplate returns c, which ParseCfg returned, as a template; false for a file with
// characters in it by which a reader tells a damaged one: such files are read in full.
func NewTemplate(c *Cfg) (*Template, bool) {
	odd := c.index == nil || len(c.own) > 0 || len(c.entries) == 0 || len(c.text) > maxText ||
		strings.HasPrefix(c.text, "\ufeff") || strings.IndexByte(c.text, '\r') >= 0 || classes(c.text)&isControl != 0
	return &Template{c}, !odd
}

// ParseCfg returns what the function of that name does, in a fraction of the time and
// memory, where body differs from the template in values only; false where it does not,
// or where a value gives reason for a finding.
func (t *Template) ParseCfg(name string, body []byte) (*Cfg, bool) {
	c := t.cfg
	r := rendered{base: c, scratch: Cfg{Name: name, entries: make([]entry, 0, 1)}}
	for from, text := 0, c.text; ; {
		same := commonPrefix(text[from:], body)
		if same == len(text)-from && same == len(body) {
			return r.cfg(name), true
		}
		// Both are alike up to here: the line begins at the same place in both.
		begins := from + same
		if at := strings.LastIndexByte(text[from:begins], '\n'); at >= 0 {
			begins = from + at + 1
		} else {
			begins = from
		}
		body = body[begins-from:]
		was, now := firstLine(text[begins:]), body[:lineEnd(body)]
		if !r.line(begins, was, now) {
			return nil, false
		}
		from, body = begins+len(was), body[len(now):]
	}
}

// rendered is a file in the making.
type rendered struct {
	base    *Cfg
	entry   int // from which on entries of the base are looked at
	own     []own
	text    []byte // of own
	scratch Cfg    // for one line
}

// line takes a line in the place of was, a line of the base at offset at. It returns
// false where they are not two values of one key.
func (r *rendered) line(at int, was string, now []byte) bool {
	e := r.find(at, at+len(was))
	if e < 0 || len(now) > maxLine || bytes.IndexByte(now, '\r') >= 0 {
		return false
	}
	found := findings{}
	s := &scanner{found: &found, text: string(now), line: int(r.base.entries[e].line)}
	r.scratch.text, r.scratch.entries = s.text, r.scratch.entries[:0]
	s.line--
	if !s.scan() {
		return false
	}
	r.scratch.line(s)
	// A line that the base's findings name may be there in what they say.
	if len(found.list) > 0 || len(r.scratch.entries) != 1 || r.base.hasFinding(int(r.base.entries[e].line)) {
		return false
	}
	key, value := r.scratch.slice(r.scratch.entries[0].key), r.scratch.slice(r.scratch.entries[0].value)
	if key != r.base.key(int32(e)) || (value == "") != (r.base.entries[e].value.size == 0) {
		return false
	}
	r.own = append(r.own, own{int32(e), span{uint32(len(r.text)), uint32(len(value))}})
	r.text = append(r.text, value...)
	return true
}

// find returns the entry of the base that stands between from and to, -1 for none.
func (r *rendered) find(from, to int) int {
	rest := r.base.entries[r.entry:]
	at, _ := slices.BinarySearchFunc(rest, uint32(from), func(e entry, from uint32) int { return int(int64(e.key.from) - int64(from)) })
	if at == len(rest) || int(rest[at].key.from) >= to {
		return -1
	}
	r.entry += at + 1
	return r.entry - 1
}

// cfg is the file that was read.
func (r *rendered) cfg(name string) *Cfg {
	if len(r.own) == 0 && name == r.base.Name {
		return r.base
	}
	c := r.base.Named(name)
	c.own, c.ownText = r.own, string(r.text)
	return c
}

// hasFinding reports whether something was found on a line; where too much was found to
// list every line, it says so of each.
func (c *Cfg) hasFinding(line int) bool {
	return slices.ContainsFunc(c.Findings, func(f Finding) bool {
		return f.Kind != DuplicateKey && (f.Count > len(f.Lines) || slices.Contains(f.Lines, line))
	})
}

// firstLine returns text up to and with its first line end.
func firstLine(text string) string {
	if at := strings.IndexByte(text, '\n'); at >= 0 {
		return text[:at+1]
	}
	return text
}

// lineEnd returns where the first line of body ends, its line end included.
func lineEnd(body []byte) int {
	if at := bytes.IndexByte(body, '\n'); at >= 0 {
		return at + 1
	}
	return len(body)
}

// commonPrefix returns in how many bytes a and b begin alike.
func commonPrefix(a string, b []byte) int {
	n, same := min(len(a), len(b)), 0
	for size := 64; same < n; size = min(2*size, 4096) {
		end := min(same+size, n)
		if a[same:end] != string(b[same:end]) {
			break
		}
		same = end
	}
	for same < n && a[same] == b[same] {
		same++
	}
	return same
}
