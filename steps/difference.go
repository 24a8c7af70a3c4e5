package steps

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"unicode/utf8"
)

// difference is how what came differs from what was published: one kind for one thing
// that servers do to files.
type difference string

// The kinds. classify looks for them in an order of its own: the first that explains
// all of what came is it.
const (
	identical   difference = ""
	compressed  difference = "compressed"
	marked      difference = "a byte order mark added or taken away"
	reencoded   difference = "characters encoded anew"
	lineEnds    difference = "line ends converted"
	escaped     difference = "characters replaced by HTML entities"
	cutShort    difference = "a piece missing"
	added       difference = "bytes added"
	reordered   difference = "pieces in another order"
	linesGone   difference = "lines left out"
	whiteSpace  difference = "white space changed"
	otherChange difference = "bytes changed"
)

// classify compares what came with what was published. coding is the Content-Encoding
// that the server named; empty: none.
func classify(published, came []byte, coding string) difference {
	if bytes.Equal(published, came) {
		return identical
	}
	for _, kind := range []struct {
		is   difference
		test func(published, came []byte) bool
	}{
		{compressed, func(p, c []byte) bool { return coding != "" || isCompressed(p, c) }},
		{marked, isMarked},
		{reencoded, isReencoded},
		{cutShort, bytes.HasPrefix},
		{added, func(p, c []byte) bool { return bytes.HasPrefix(c, p) }},
		{lineEnds, func(p, c []byte) bool { return bytes.Equal(oneLineEnd(p), oneLineEnd(c)) }},
		{escaped, isEscaped},
		{linesGone, isSubsequence},
		{cutShort, func(p, c []byte) bool { return len(c) < len(p) && common(p, c) >= len(c) }},
		{added, func(p, c []byte) bool { return len(c) > len(p) && common(p, c) >= len(p) }},
		{reordered, isReordered},
		{whiteSpace, func(p, c []byte) bool { return bytes.Equal(withoutSpace(p), withoutSpace(c)) }},
	} {
		if kind.test(published, came) {
			return kind.is
		}
	}
	return otherChange
}

// common is the length of what two contents have in common at their beginnings and at
// their ends together.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	head := 0
	for head < n && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func isMarked(published, came []byte) bool {
	with, found := bytes.CutPrefix(came, byteOrderMark)
	without, had := bytes.CutPrefix(published, byteOrderMark)
	return found && bytes.Equal(with, published) || had && bytes.Equal(without, came)
}

// oneLineEnd makes every line end LF. A CR before a NUL is netascii's (RFC 764).
func oneLineEnd(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	text = bytes.ReplaceAll(text, []byte("\r\x00"), []byte("\r"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

func isEscaped(published, came []byte) bool {
	return bytes.IndexByte(came, '&') >= 0 && html.UnescapeString(string(came)) == string(published)
}

// isReordered tells whether the same bytes came, each as often as was published.
func isReordered(published, came []byte) bool {
	if len(published) != len(came) {
		return false
	}
	var counts [256]int
	for i := range published {
		counts[published[i]]++
		counts[came[i]]--
	}
	return counts == [256]int{}
}

// isSubsequence tells whether only whole lines are missing.
func isSubsequence(published, came []byte) bool {
	if len(came) >= len(published) {
		return false
	}
	rest := strings.Split(string(published), "\n")
	for line := range strings.SplitSeq(string(came), "\n") {
		at := 0
		for at < len(rest) && rest[at] != line {
			at++
		}
		if at == len(rest) {
			return false
		}
		rest = rest[at+1:]
	}
	return true
}

func withoutSpace(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	for _, b := range text {
		if strings.IndexByte(" \t\r\n", b) < 0 {
			kept = append(kept, b)
		}
	}
	return kept
}

// firstDifference says where two contents part, for a report: it quotes a few bytes of
// each.
func firstDifference(published, came []byte) string {
	at := 0
	for at < min(len(published), len(came)) && published[at] == came[at] {
		at++
	}
	return fmt.Sprintf("%d bytes came, %d were published; the first difference is at byte %d: %s instead of %s",
		len(came), len(published), at, excerpt(came[at:]), excerpt(published[at:]))
}

// excerpt shows the first bytes of a content.
func excerpt(b []byte) string {
	const most = 24
	if len(b) == 0 {
		return "the end"
	}
	if len(b) > most {
		b = b[:most]
		for len(b) > most-utf8.UTFMax && !utf8.Valid(b) {
			b = b[:len(b)-1]
		}
	}
	return fmt.Sprintf("%q", b)
}
