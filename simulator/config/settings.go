package config

import (
	"iter"
	"slices"
)

// Blank policies, as device.Behaviour.Blank has them: what "key=" with nothing after
// it does.
const (
	BlankKeep    = "keep"    // it sets nothing: the phone keeps what it has
	BlankDefault = "default" // it sets the default: what was set before is gone
)

// Settings is what a phone holds after merging cfg files, and where each value came
// from. The zero value holds nothing and keeps on blanks.
//
// A Settings is a row of references to Cfgs, so that many phones share the files that
// they have in common. It is not safe for concurrent use; Clone is cheap.
type Settings struct {
	// Blank is the policy for cfgs merged from now on; empty means BlankKeep.
	Blank string

	layers []layer // oldest first
}

type layer struct {
	cfg   *Cfg
	reset bool // a blank sets the default
}

// ref is the place of an entry.
type ref struct{ layer, entry int }

func (r ref) before(o ref) bool {
	return r.layer < o.layer || r.layer == o.layer && r.entry < o.entry
}

// Setting is one effective setting: the line that won.
type Setting struct {
	Key   string
	Value string
	File  string
	Line  int
}

// Merged sums up one Merge, in keys.
type Merged struct {
	File       string
	Set        int // given a value by this file
	Overridden int // of Set: an earlier file had given a value, the same or another
	Changed    int // the value is another than before, or gone
	Blank      int // blank in this file, with no value beside
}

// Merge lays c over what is there: "The parameters in the newly downloaded
// configuration files will override the duplicate parameters in files downloaded
// earlier" (Guide, "Editing Common Boot File"). Within a file the last line that sets
// the key counts.
func (s *Settings) Merge(c *Cfg) Merged {
	m := Merged{File: c.Name}
	top := layer{cfg: c, reset: s.Blank == BlankDefault}
	for _, i := range c.heads() {
		now := top.decides(int(i))
		if now < 0 {
			m.Blank++
			continue
		}
		old, had := s.Get(c.key(i))
		if c.value(now) == "" {
			m.Blank++
			m.Changed += btoi(had)
			continue
		}
		m.Set++
		m.Overridden += btoi(had)
		m.Changed += btoi(!had || old != c.value(now))
	}
	s.layers = append(slices.Clip(s.layers), top)
	return m
}

// decides returns the entry of a layer that decides on the key whose last entry is i:
// -1 where all are blank and blank keeps.
func (l layer) decides(i int) int {
	for ; i >= 0; i = int(l.cfg.entries[i].prev) {
		if l.reset || l.cfg.value(i) != "" {
			return i
		}
	}
	return -1
}

// decides returns the entry that decides on key, be it a value or a reset.
func (s *Settings) decides(key string) (ref, bool) {
	for i := len(s.layers) - 1; i >= 0; i-- {
		if e := s.layers[i].decides(s.layers[i].cfg.last(key)); e >= 0 {
			return ref{i, e}, true
		}
	}
	return ref{}, false
}

// winner returns the entry that key has its value from.
func (s *Settings) winner(key string) (ref, bool) {
	r, ok := s.decides(key)
	return r, ok && s.layers[r.layer].cfg.value(r.entry) != ""
}

func (s *Settings) setting(r ref) Setting {
	c := s.layers[r.layer].cfg
	e := c.entry(r.entry)
	return Setting{Key: e.Key, Value: e.Value, File: c.Name, Line: e.Line}
}

// Lookup returns the setting called key; false where it has no value.
func (s *Settings) Lookup(key string) (Setting, bool) {
	r, ok := s.winner(key)
	if !ok {
		return Setting{}, false
	}
	return s.setting(r), true
}

// Get returns the value of key; false where it has none.
func (s *Settings) Get(key string) (string, bool) {
	r, ok := s.winner(key)
	if !ok {
		return "", false
	}
	return s.layers[r.layer].cfg.value(r.entry), true
}

// Either returns the setting that was made last among keys that mean the same: both
// generations of setting names are in the field.
func (s *Settings) Either(keys ...string) (Setting, bool) {
	var best ref
	found := false
	for _, key := range keys {
		if r, ok := s.winner(key); ok && (!found || best.before(r)) {
			best, found = r, true
		}
	}
	if !found {
		return Setting{}, false
	}
	return s.setting(best), true
}

// winners yields the place of every value, in the order in which they were set.
func (s *Settings) winners() iter.Seq[ref] {
	return func(yield func(ref) bool) {
		for i, l := range s.layers {
			for _, head := range l.cfg.heads() {
				if e, ok := s.wins(i, head); ok && !yield(ref{i, e}) {
					return
				}
			}
		}
	}
}

// wins reports whether the key whose last entry in layer i is head has its value from
// there, and from which entry.
func (s *Settings) wins(i int, head int32) (entry int, ok bool) {
	l := s.layers[i]
	e := l.decides(int(head))
	if e < 0 || l.cfg.value(e) == "" {
		return 0, false
	}
	return e, !s.decidedAbove(i, l.cfg.key(head))
}

// decidedAbove reports whether a layer above i decides on key.
func (s *Settings) decidedAbove(i int, key string) bool {
	for _, l := range s.layers[i+1:] {
		if l.decides(l.cfg.last(key)) >= 0 {
			return true
		}
	}
	return false
}

// Len returns how many keys have a value.
func (s *Settings) Len() int {
	n := 0
	for range s.winners() {
		n++
	}
	return n
}

// All yields every setting that has a value, sorted by key.
func (s *Settings) All() iter.Seq[Setting] {
	return slices.Values(s.sorted())
}

// sorted merges the layers' values, which their files know in the order of their keys.
func (s *Settings) sorted() []Setting {
	var all []Setting
	for i, l := range s.layers {
		var values []Setting
		for _, head := range l.cfg.byKey() {
			if e, ok := s.wins(i, head); ok {
				values = append(values, s.setting(ref{i, e}))
			}
		}
		all = mergeByKey(all, values)
	}
	return all
}

// mergeByKey merges two lists that are sorted by key and have no key in common.
func mergeByKey(a, b []Setting) []Setting {
	if len(a) == 0 || len(b) == 0 {
		return append(a, b...)
	}
	all := make([]Setting, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].Key < b[0].Key {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// Clone returns a copy that can be merged into without changing s.
func (s *Settings) Clone() *Settings {
	return &Settings{Blank: s.Blank, layers: slices.Clone(s.layers)}
}

// Compact forgets the files that decide on nothing any more, so that a phone which
// provisions every hour for a year stays small. Values stay; Explain gets shorter.
func (s *Settings) Compact() {
	var kept []layer
	for i, l := range s.layers {
		if s.decidesAnything(i) {
			kept = append(kept, l)
		}
	}
	s.layers = kept
}

func (s *Settings) decidesAnything(i int) bool {
	l := s.layers[i]
	for _, head := range l.cfg.heads() {
		if l.decides(int(head)) >= 0 && !s.decidedAbove(i, l.cfg.key(head)) {
			return true
		}
	}
	return false
}
