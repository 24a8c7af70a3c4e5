package config

import (
	"bytes"
	"fmt"
	"strings"
)

// Bounds of a file that a phone can be expected to read.
const (
	maxLine     = 64 << 10 // bytes of a line
	maxSettings = 100_000  // settings of a cfg file
	maxText     = 1 << 30  // bytes of a file; device.Behaviour.MaxCfg stops far earlier
)

// NotTextError says that a file is no text, so that nothing in it can be used: it is
// binary, encrypted, UTF-16, or cut off with NULs. The AES of the guide's glossary has
// no format behind it; encrypted files are out of scope.
type NotTextError struct{ Finding Finding }

// Error returns "file:line: what it is, and what to do".
func (e *NotTextError) Error() string { return e.Finding.String() }

// scanner walks the lines of a boot or cfg file that say something: blank lines and
// comments are passed over. ("The line beginning with "#" is considered to be a
// comment."; Guide, "Editing Common Boot File" and "Editing Common CFG File".)
type scanner struct {
	found *findings
	text  string
	cr    bool // text has a CR somewhere
	next  int  // offset of the next line

	line     int // number of this line
	from, to int // its bounds without blanks around it
	end      int // where it ends with them
}

// newScanner takes body's text. It returns a *NotTextError where body is none, and
// adds that to found as well.
func newScanner(body []byte, found *findings) (*scanner, error) {
	if line, why := notText(body); why != "" {
		found.add(NotText, line, why+"; nothing in it is used")
		return nil, &NotTextError{found.list[0]}
	}
	s := &scanner{found: found, text: string(body), cr: bytes.IndexByte(body, '\r') >= 0}
	if strings.HasPrefix(s.text, "\ufeff") {
		s.next = len("\ufeff")
		found.add(ByteOrderMark, 1, textBOM)
	}
	return s, nil
}

// notText says at which line a body shows that it is no text, and why.
func notText(body []byte) (line int, why string) {
	switch {
	case bytes.HasPrefix(body, []byte("\xff\xfe")), bytes.HasPrefix(body, []byte("\xfe\xff")):
		return 1, "the file is UTF-16: save it as UTF-8"
	case bytes.HasPrefix(body, []byte("Salted__")):
		return 1, "the file is encrypted (openssl), which is out of scope: serve it in the clear, over HTTPS"
	case len(body) > maxText:
		return 1, fmt.Sprintf("the file has %d bytes", len(body))
	}
	if at := bytes.IndexByte(body, 0); at >= 0 {
		return 1 + bytes.Count(body[:at], []byte{'\n'}),
			"a NUL byte: the file is binary, damaged or encrypted (which is out of scope), and no text"
	}
	head := body[:min(len(body), 4096)]
	odd := 0
	for _, c := range head {
		odd += btoi(class[c]&isControl != 0)
	}
	if 20*odd > len(head) {
		return 1, "full of control characters: the file is binary or encrypted (which is out of scope), and no text"
	}
	return 0, ""
}

// scan goes to the next line that is neither blank nor comment.
func (s *scanner) scan() bool {
	for s.next < len(s.text) {
		from, end := s.next, len(s.text)
		if n := strings.IndexByte(s.text[from:], '\n'); n >= 0 {
			end = from + n
		}
		s.next, s.line = end+1, s.line+1
		if end-from > maxLine {
			s.found.add(LongLine, s.line, fmt.Sprintf("line of more than %d bytes, skipped: is this a cfg file?", maxLine))
			continue
		}
		s.from, s.to = trim(s.text, from, end)
		s.end = end
		if s.cr {
			s.checkCR(s.text[from:end])
		}
		if s.from < s.to && s.text[s.from] != '#' {
			return true
		}
	}
	return false
}

// checkCR looks for CRs in a line. One at the end counts as part of the line end.
func (s *scanner) checkCR(line string) {
	body, ended := strings.CutSuffix(line, "\r")
	s.end -= len(line) - len(body)
	switch {
	case strings.IndexByte(body, '\r') >= 0:
		s.found.add(CarriageReturn, s.line, textCR)
	case ended:
		s.found.add(CarriageReturn, s.line, textCRLF)
	}
}

// trim moves from and to past the blanks at both ends of text[from:to].
func trim(text string, from, to int) (int, int) {
	for from < to && isBlank(text[from]) {
		from++
	}
	for from < to && isBlank(text[to-1]) {
		to--
	}
	return from, to
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// What a byte may mean for a finding.
const (
	isControl  uint8 = 1 << iota // C0 without TAB, LF and CR; DEL
	isHigh                       // part of a non-ASCII character
	isTemplate                   // $ and {
	notInKey                     // anything but letters, digits, dot, underscore, hyphen
)

var class = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case isBlank(c) || c == '\n':
			t[i] = notInKey
		case c < ' ' || c == 0x7f:
			t[i] = isControl | notInKey
		case c >= 0x80:
			t[i] = isHigh | notInKey
		case c == '$' || c == '{':
			t[i] = isTemplate | notInKey
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			t[i] = notInKey
		}
	}
	return t
}()

// classes returns what the bytes of text may mean, together.
func classes(text string) (all uint8) {
	for i := range len(text) {
		all |= class[text[i]]
	}
	return all
}
