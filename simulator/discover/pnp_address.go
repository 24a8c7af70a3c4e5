package discover

import (
	"strings"

	"github.com/emiago/sipgo/sip"
)

// tagOf returns the tag of an address (RFC 3261 §20.10); empty: it has none.
func tagOf(value string) string {
	if tag, ok := usualTag(value); ok || value == "" {
		return tag
	}
	return anyTag(value)
}

// anyTag is tagOf for whatever package sip can read.
func anyTag(value string) string {
	var (
		uri    sip.Uri
		params sip.HeaderParams
	)
	if _, err := sip.ParseAddressValue(value, &uri, &params); err != nil {
		return ""
	}
	for _, p := range params {
		if strings.EqualFold(strings.TrimSpace(p.K), "tag") {
			return strings.TrimSpace(p.V)
		}
	}
	return ""
}

// usualTag reads an address as nearly all are written: <sip:USER@HOST>;tag=TAG, or
// without the tag. ok is false for any other.
func usualTag(value string) (tag string, ok bool) {
	uri, ok := strings.CutPrefix(value, "<sip:")
	if !ok {
		return "", false
	}
	uri, rest, _ := strings.Cut(uri, ">")
	user, host, _ := strings.Cut(uri, "@")
	if !isPlain(user) || !isPlain(host) {
		return "", false
	}
	if rest == "" {
		return "", strings.HasSuffix(value, ">")
	}
	tag, ok = strings.CutPrefix(rest, ";tag=")
	return tag, ok && isPlain(tag)
}

// isPlain reports whether s is made of letters, digits, dots and hyphens.
func isPlain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '.' && c != '-' {
				return false
			}
		}
	}
	return s != ""
}

// isToken reports whether s is a token (RFC 3261 §25.1).
func isToken(s string) bool {
	for _, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-.!%*_+`'~", c) {
			return false
		}
	}
	return s != ""
}
