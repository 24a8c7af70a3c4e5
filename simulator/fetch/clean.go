package fetch

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted bounds what is repeated of a server's words, in bytes.
const maxQuoted = 200

// clean makes a server's words fit for one line of a report: control characters and
// broken UTF-8 become spaces, white space is joined, secrets are masked, and what is
// longer than maxQuoted is cut.
func clean(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	if isClean(text) {
		return text
	}
	// A server may send megabytes: what can't be shown need not be looked at.
	if len(text) > 8*maxQuoted {
		text = text[:8*maxQuoted]
	}
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= maxQuoted {
		return text
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// isClean reports whether clean would return a text, without secrets, as it is: it is
// short, of printable ASCII, and no blank stands at an end or beside another.
func isClean(text string) bool {
	if len(text) > maxQuoted {
		return false
	}
	blank := true
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return !blank || text == ""
}
