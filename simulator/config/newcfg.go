package config

import (
	"fmt"
	"strings"
)

// NewCfg makes a Cfg of entries that no file holds: what a phone was told on its web
// page, or kept in flash. Its error names the first entry that could not stand in a
// cfg file.
func NewCfg(name string, entries []Entry) (*Cfg, error) {
	var text strings.Builder
	c := &Cfg{Name: name, entries: make([]entry, 0, len(entries))}
	for _, e := range entries {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", place(name, e.Line), err)
		}
		from := uint32(text.Len())
		text.WriteString(e.Key)
		text.WriteString(e.Value)
		size := uint32(len(e.Key))
		c.entries = append(c.entries, entry{span{from, size}, span{from + size, uint32(len(e.Value))}, int32(e.Line), -1})
	}
	c.text = text.String()
	c.buildIndex()
	return c, nil
}

// check reports whether ParseCfg could have returned e.
func (e Entry) check() error {
	text := e.Key + "=" + e.Value
	from, to := trim(text, 0, len(text))
	switch {
	case e.Key == "", e.Key[0] == '#', strings.Contains(e.Key, "="), conflictMarker(text) != "":
		return fmt.Errorf("%q is not a key", shorten(e.Key))
	case to-from != len(text), isBlank(e.Key[len(e.Key)-1]), e.Value != "" && isBlank(e.Value[0]),
		strings.Contains(text, "\n"), classes(text)&isControl != 0, len(text) > maxLine:
		return fmt.Errorf("%q: blanks around the key or the value, a control character, or too long", shorten(e.Key))
	}
	return nil
}
