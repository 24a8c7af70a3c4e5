package trace

import (
	"net/url"
	"strings"
)

// URL returns u as events carry it: without user name and password.
func URL(u *url.URL) string {
	if u == nil {
		return ""
	}
	if isPlain(u) {
		return u.Scheme + "://" + u.Host + u.Path
	}
	bare := *u
	bare.User = nil
	return bare.String()
}

// isPlain reports whether there is nothing in u to escape or leave out but its user, as
// there is not in most URLs: url.URL.String takes its time to find out.
func isPlain(u *url.URL) bool {
	if u.Scheme == "" || u.Host == "" || u.Path == "" || u.Path[0] != '/' ||
		u.Opaque != "" || u.RawPath != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return false
	}
	return isUnescaped(u.Host) && strings.IndexByte(u.Host, '/') < 0 && isUnescaped(u.Path)
}

// isUnescaped reports whether text is made of letters, digits and what stands for itself in
// host and path (RFC 3986 §2.3).
func isUnescaped(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '_', c == '/', c == ':':
		default:
			return false
		}
	}
	return true
}
