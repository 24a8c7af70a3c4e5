package config

import (
	"strings"
)

// Quote is the pair of marks around an include's URL.
type Quote string

// The two forms of include (Guide, "Editing Common Boot File").
const (
	Angle  Quote = "<>"
	Double Quote = `""`
)

// Include is one include statement of a boot file.
type Include struct {
	Ref   string // as it stands between the marks: relative to the boot file, or absolute; see Resolve
	Line  int
	Quote Quote
}

// Boot is a boot file: which cfg files to fetch, "in the order listed (top to bottom)".
// Repeated includes are kept (Guide, "Editing Common Boot File").
type Boot struct {
	Name     string
	Includes []Include
	Findings []Finding
}

const includeWord = "include:config"

// ParseBoot reads a boot file. name is what findings call it.
//
//	include:config <xxx.cfg>
//	include:config "xxx.cfg"
//
// "The configuration file format must be *.cfg": what does not end in .cfg is refused
// with a finding. Blanks between the marks are real (HTTP Directory/sip.cfg). The
// guide's text also shows two statements on one line, where two lines ran into each
// other: all of them are read, with a finding, as a phone may stop after the first.
//
// The error is a *NotTextError; the Boot that comes with it has no include, and the
// error's finding.
func ParseBoot(name string, body []byte) (*Boot, error) {
	b := &Boot{Name: name}
	found := findings{file: name}
	s, err := newScanner(body, &found)
	if err == nil {
		for s.scan() {
			b.statement(s)
		}
		if len(b.Includes) == 0 {
			found.add(NoInclude, 1, textNoInclude)
		}
	}
	b.Findings = found.sorted()
	return b, err
}

// statement reads one line.
func (b *Boot) statement(s *scanner) {
	text := s.text[s.from:s.to]
	all := classes(text)
	if !s.found.checkText(s.line, text, all) {
		return
	}
	for n := 0; text != ""; n++ {
		rest, ok := strings.CutPrefix(text, includeWord)
		if !ok {
			s.noInclude(text, n)
			return
		}
		if n == 1 {
			s.found.add(IncludesGlued, s.line, textIncludes)
		}
		ref, quote, rest, ok := quoted(strings.TrimLeft(rest, " \t\r"))
		if !ok {
			s.found.malformed(s.line, text, textNotClosed)
			return
		}
		b.include(s, Include{Ref: ref, Line: s.line, Quote: quote}, all)
		text = strings.TrimLeft(rest, " \t\r")
	}
}

func (s *scanner) noInclude(text string, n int) {
	if n == 0 {
		s.found.malformed(s.line, text, textNotBoot)
		return
	}
	s.found.add(MalformedLine, s.line, textAfter)
}

// include takes an include that is well written, unless the phone would refuse it.
func (b *Boot) include(s *scanner, i Include, all uint8) {
	if !strings.HasSuffix(i.Ref, cfgSuffix) {
		s.found.add(IncludeNotCfg, s.line, "include "+quoteURL(i.Ref)+" does not end in .cfg (in small letters), refused: a "+
			"phone includes "+
			"only *.cfg")
		return
	}
	if all&isTemplate != 0 {
		if open := template(i.Ref, true); open != "" {
			s.found.add(TemplateText, s.line, templateText("the include", open))
		}
	}
	b.Includes = append(b.Includes, i)
}

// quoted splits text after its leading <…> or "…".
func quoted(text string) (inner string, q Quote, rest string, ok bool) {
	for _, q = range []Quote{Angle, Double} {
		if text == "" || text[0] != q[0] {
			continue
		}
		if inner, rest, ok = strings.Cut(text[1:], string(q[1])); ok {
			return inner, q, rest, true
		}
	}
	return "", "", "", false
}

// shorten cuts text that is too long for one line of a report.
func shorten(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
