package config

import (
	"strings"
	"unicode/utf8"
)

// checkText adds what is wrong with the characters of a line, in a boot and in a cfg
// file alike. It returns false where the line cannot be used.
func (f *findings) checkText(line int, text string, all uint8) bool {
	if all&isControl != 0 {
		f.add(ControlChar, line, textControl)
		return false
	}
	if all&isHigh != 0 {
		if strings.ContainsAny(text, noBreakSpaces) {
			f.add(NoBreakSpace, line, textNoBreak)
		}
		if !utf8.ValidString(text) {
			f.add(NotUTF8, line, textNotUTF8)
		}
	}
	return true
}

// noBreakSpaces look like a blank or like nothing, and a phone trims none of them.
const noBreakSpaces = "\u00a0\u2007\u202f\u200b\u2060\ufeff"

// conflictMarker returns the marker a line starts with that a half-finished merge left
// behind (git-merge(1), "HOW CONFLICTS ARE PRESENTED"), or nothing.
func conflictMarker(line string) string {
	const n = 7
	if len(line) < n || (len(line) > n && line[n] != ' ') {
		return ""
	}
	switch m := line[:n]; m {
	case "<<<<<<<", "=======", ">>>>>>>", "|||||||":
		return m
	}
	return ""
}

// malformed adds the finding for a line that is not what the file is made of.
func (f *findings) malformed(line int, text, want string) {
	if m := conflictMarker(text); m != "" {
		f.add(ConflictMarker, line, "merge-conflict marker "+m+", skipped: finish the merge, then delete the marker")
		return
	}
	f.add(MalformedLine, line, want)
}

// template returns the opening of unexpanded template text in a value or a URL, or
// nothing. Only in a URL the phone itself expands $(MA).
func template(text string, isURL bool) string {
	for _, open := range []string{"{$", "${", "{{", "$("} {
		rest := text
		for {
			at := strings.Index(rest, open)
			if at < 0 {
				break
			}
			rest = rest[at:]
			if open == "$(" && isURL && strings.HasPrefix(rest, macroMAC) {
				rest = rest[len(macroMAC):]
				continue
			}
			return open
		}
	}
	return ""
}

// templateText is what the finding about template text says.
func templateText(where, open string) string {
	return where + " holds template text (" + open + "…) that the server did not fill in; " +
		"the phone takes it literally: check the template's variable"
}

// isQuoted tells whether a value stands in quotation marks, as other formats want it.
func isQuoted(value string) bool {
	n := len(value)
	return n > 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'')
}
