package config

import (
	"slices"
	"strings"
)

// own is a value of a Cfg that shares its lines with another one.
type own struct {
	entry int32
	value span // in Cfg.ownText
}

// value returns the value of entry i, empty where it is blank.
func (c *Cfg) value(i int) string {
	if n := len(c.own); n > 0 && int32(i) >= c.own[0].entry && int32(i) <= c.own[n-1].entry {
		at, ok := slices.BinarySearchFunc(c.own, int32(i), func(o own, i int32) int { return int(o.entry - i) })
		if ok {
			v := c.own[at].value
			return c.ownText[v.from : v.from+v.size]
		}
	}
	return c.slice(c.entries[i].value)
}

// Named returns the same file under another name, which its findings carry too. Both
// share all else.
func (c *Cfg) Named(name string) *Cfg {
	again := *c
	again.Name = name
	again.Findings = slices.Clone(c.Findings)
	for i := range again.Findings {
		again.Findings[i].File = name
	}
	return &again
}

// Against returns a Cfg that says what c says, but holds only the values in which it
// differs from base: what a server renders for each phone from one template costs a
// phone no more than what is its own. It returns false where the two do not have the
// same keys on the same lines. Findings are left out: whoever parsed c has them. Where
// not even the name differs, it returns base itself.
func (c *Cfg) Against(base *Cfg) (*Cfg, bool) {
	if len(c.entries) != len(base.entries) {
		return nil, false
	}
	sameKeys := c.index == base.index
	var text strings.Builder
	var values []own
	differs := c.Name != base.Name
	for i := range c.entries {
		a, b := &c.entries[i], &base.entries[i]
		if !sameKeys && (a.line != b.line || c.slice(a.key) != base.slice(b.key)) {
			return nil, false
		}
		v := c.value(i)
		differs = differs || v != base.value(i)
		if v != base.slice(b.value) {
			values = append(values, own{int32(i), span{uint32(text.Len()), uint32(len(v))}})
			text.WriteString(v)
		}
	}
	if !differs {
		return base, true
	}
	// The text of a strings.Builder has room to grow in; this one is kept for long.
	return &Cfg{Name: c.Name, text: base.text, entries: base.entries, index: base.index,
		own: slices.Clip(slices.Clone(values)), ownText: strings.Clone(text.String())}, true
}

// Trimmed returns a Cfg that says what c says without holding the comments and blank
// lines of its file, nor its findings.
func (c *Cfg) Trimmed() *Cfg {
	var text strings.Builder
	t := &Cfg{Name: c.Name, entries: make([]entry, len(c.entries)), index: c.index}
	text.Grow(len(c.text))
	for i := range c.entries {
		key, value, from := c.slice(c.entries[i].key), c.value(i), uint32(text.Len())
		text.WriteString(key)
		text.WriteString(value)
		size := uint32(len(key))
		t.entries[i] = entry{span{from, size}, span{from + size, uint32(len(value))}, c.entries[i].line, c.entries[i].prev}
	}
	t.text = strings.Clone(text.String())
	return t
}

// Map replaces each file that s refers to by what replace returns for it, which must
// say the same.
func (s *Settings) Map(replace func(*Cfg) *Cfg) {
	s.layers = slices.Clone(s.layers)
	for i := range s.layers {
		s.layers[i].cfg = replace(s.layers[i].cfg)
	}
}
