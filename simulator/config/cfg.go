package config

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Entry is one "Configuration Parameter=Valid Value" of a cfg file. Value is empty
// where nothing stands after the equal sign.
type Entry struct {
	Key   string
	Value string
	Line  int
}

// Cfg is a cfg file. It does not change after ParseCfg: any number of Settings, and
// of phones, can share one.
type Cfg struct {
	Name     string
	Findings []Finding

	text    string
	entries []entry
	index   *index
	own     []own // values that differ from those in entries, in their order; see delta.go
	ownText string
}

// entry is an Entry within Cfg.text, small: a fleet holds many.
type entry struct {
	key, value span
	line       int32
	prev       int32 // the entry above it with the same key; -1: none
}

type span struct{ from, size uint32 }

// ParseCfg reads a cfg file. name is what findings and origins call it.
//
// "Separate each configuration parameter and value with an equal sign. Set only one
// configuration parameter per line." (Guide, "Editing Common CFG File".) Blanks around
// key and value are cut; the first equal sign separates; a value may hold further
// ones, #, \, blanks and UTF-8. A line that is neither blank nor comment nor key=value
// is a finding, and skipped; so is a line of more than 64 KiB.
//
// The error is a *NotTextError; the Cfg that comes with it has no entry, and the
// error's finding.
func ParseCfg(name string, body []byte) (*Cfg, error) {
	c := &Cfg{Name: name}
	found := findings{file: name}
	s, err := newScanner(body, &found)
	if err == nil {
		c.read(s)
		c.buildIndex()
		c.checkDuplicates(&found)
	}
	c.Findings = found.sorted()
	return c, err
}

// Len returns how many entries the file has, blank and repeated ones included.
func (c *Cfg) Len() int { return len(c.entries) }

// Entries yields the entries from top to bottom.
func (c *Cfg) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := range c.entries {
			if !yield(c.entry(i)) {
				return
			}
		}
	}
}

func (c *Cfg) entry(i int) Entry {
	e := &c.entries[i]
	return Entry{Key: c.slice(e.key), Value: c.value(i), Line: int(e.line)}
}

func (c *Cfg) slice(s span) string { return c.text[s.from : s.from+s.size] }

func (c *Cfg) read(s *scanner) {
	c.text = s.text
	// Each entry has a line and an equal sign: one allocation, never too small.
	lines, signs := 1+strings.Count(c.text, "\n"), strings.Count(c.text, "=")
	c.entries = make([]entry, 0, min(lines, signs, maxSettings))
	for s.scan() {
		if len(c.entries) == maxSettings {
			s.found.add(TooMany, s.line, fmt.Sprintf("more than %d settings in one file; this one and all below are skipped",
				maxSettings))
			return
		}
		c.line(s)
	}
}

// line reads one line.
func (c *Cfg) line(s *scanner) {
	text := s.text[s.from:s.to]
	at := strings.IndexByte(text, '=')
	if at <= 0 || isMarker(text[0]) && conflictMarker(text) != "" {
		s.found.malformed(s.line, text, textNotCfg)
		return
	}
	all := classes(text)
	if all&(isControl|isHigh) != 0 && !s.found.checkText(s.line, text, all) {
		return
	}
	kFrom, kTo := trim(s.text, s.from, s.from+at)
	vFrom, vTo := trim(s.text, s.from+at+1, s.to)
	c.entries = append(c.entries, entry{
		key:   span{uint32(kFrom), uint32(kTo - kFrom)},
		value: span{uint32(vFrom), uint32(vTo - vFrom)},
		line:  int32(s.line),
		prev:  -1,
	})
	if key := s.text[kFrom:kTo]; classes(key)&notInKey != 0 {
		s.oddKey(key)
	}
	if vFrom < vTo {
		s.checkValue(s.text[kFrom:kTo], s.text[vFrom:vTo], all)
	}
}

func isMarker(c byte) bool { return c == '<' || c == '=' || c == '>' || c == '|' }

func (s *scanner) oddKey(key string) {
	if open := template(key, false); open != "" {
		s.found.add(TemplateText, s.line, templateText("the key", open))
		return
	}
	s.found.add(OddKey, s.line, "key "+strconv.QuoteToASCII(shorten(key))+
		" has blanks or unusual characters inside, and no phone knows it: check its spelling")
}

// checkValue adds what is wrong with a value that is not blank.
func (s *scanner) checkValue(key, value string, all uint8) {
	if s.to < s.end {
		s.found.add(TrailingSpace, s.line, textTrailing)
	}
	if isQuoted(value) {
		s.found.add(QuotedValue, s.line, key+textQuoted)
	}
	if all&isTemplate != 0 {
		if open := template(value, isURLValued(key) || strings.Contains(value, "://")); open != "" {
			s.found.add(TemplateText, s.line, templateText(key, open))
		}
	}
	if strings.IndexByte(value, '=') >= 0 {
		if second := glued(value); second != "" {
			s.found.add(GluedSettings, s.line, key+" has a second setting in its value, "+second+
				", which is not set: give each a line of its own")
		}
	}
}

// checkDuplicates adds a finding for each key that is set more than once.
func (c *Cfg) checkDuplicates(found *findings) {
	for i := range c.entries {
		if c.entries[i].prev < 0 || c.last(c.slice(c.entries[i].key)) != i {
			continue
		}
		var lines []int
		blank := false
		for j := i; j >= 0; j = int(c.entries[j].prev) {
			lines = append(lines, int(c.entries[j].line))
			blank = blank || c.entries[j].value.size == 0
		}
		text := c.slice(c.entries[i].key) + " is set more than once in this file; the last one counts"
		if blank {
			text += " (blank ones as the option blank says)"
		}
		text += ": delete the others, or was another key meant?"
		for k := len(lines) - 1; k >= 0; k-- {
			found.add(DuplicateKey, lines[k], text)
		}
	}
}
