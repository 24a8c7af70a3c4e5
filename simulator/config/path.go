package config

import (
	"fmt"
	"net/url"
	"strings"
)

// setPath sets path and, for HTTP, query from what follows the host.
func setPath(u *url.URL, text string) error {
	if isHTTP(u.Scheme) {
		text, _, _ = strings.Cut(text, "#") // a fragment stays with the client (RFC 3986 §3.5)
		var query string
		text, query, u.ForceQuery = strings.Cut(text, "?")
		u.RawQuery = escapeQuery(query)
		u.ForceQuery = u.ForceQuery && query == ""
	}
	if !strings.HasPrefix(text, "/") {
		text = "/" + text
	}
	if isPlainPath(text) {
		u.Path, u.RawPath = text, ""
		return nil
	}
	text = escapePath(cleanDots(text))
	u.Path = unescape(text)
	if strings.IndexFunc(u.Path, isControlRune) >= 0 {
		return fmt.Errorf("its path has a control character")
	}
	// RawPath keeps escapes that matter, such as %2F.
	u.RawPath = text
	if (&url.URL{Path: u.Path}).EscapedPath() == text {
		u.RawPath = ""
	}
	return nil
}

// isPlainPath reports whether nothing in a path is to be decoded, escaped or cleaned, as
// in most there is not.
func isPlainPath(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isAlnum(c) && c != '/' && c != '-' && c != '_' && (c != '.' || text[i-1] == '/') {
			return false
		}
	}
	return true
}

func isControlRune(r rune) bool { return r < ' ' || r == 0x7f }

// unescape decodes every %XX; a % that begins none is a %.
func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c, ok := escape(text[i:]); ok {
			b.WriteByte(c)
			i += len("XX")
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// escape decodes the %XX at the start of text; false where there is none.
func escape(text string) (byte, bool) {
	if len(text) < len("%XX") || text[0] != '%' {
		return 0, false
	}
	hi, lo := hexDigit(text[1]), hexDigit(text[2])
	return byte(hi<<4 | lo), hi >= 0 && lo >= 0
}

// inPath are the characters beside letters and digits that stand in a path as they are
// (RFC 3986 §3.3).
const inPath = "/-._~!$&'()*+,;=:@"

// escapePath escapes what cannot stand in a path; %XX stays as written.
func escapePath(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		_, ok := escape(text[i:])
		if ok || isAlnum(c) || strings.IndexByte(inPath, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// hexDigit returns the value of a hexadecimal digit, -1 for anything else.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// escapeQuery escapes what cannot stand in a request line; the rest is as written.
func escapeQuery(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(query[i])
	}
	return b.String()
}

// cleanDots removes . and .. as RFC 3986 §5.2.4 does: a .. at the root stays there.
func cleanDots(path string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch unescape(s) {
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		case ".":
		default:
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
