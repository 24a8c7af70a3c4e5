package config

import (
	"slices"
	"strconv"
	"strings"
)

// Mask is printed instead of a secret.
const Mask = "********"

// IsSecret reports whether the value of key is a secret: the last word of key is, or
// ends in _ and, one of password, passwd, pwd, passphrase, secret, pin, psk,
// private_key, community.
func IsSecret(key string) bool {
	last := key[strings.LastIndexByte(key, '.')+1:]
	return slices.ContainsFunc(table().Secrets, func(word string) bool {
		head, ok := strings.CutSuffix(last, word)
		return ok && (head == "" || head[len(head)-1] == '_')
	})
}

// Masked returns value fit for printing: Mask where key is secret, or where a second
// setting stands in the value; without user name and password where it holds a URL.
func Masked(key, value string) string {
	switch {
	case value == "":
		return ""
	case IsSecret(key), strings.IndexByte(value, '=') >= 0 && glued(value) != "":
		return Mask
	}
	return redact(value)
}

// redact returns text with Mask in the place of user name and password, where it holds a URL:
// all from :// to the last @, as a password may hold any character.
func redact(text string) string {
	at := strings.LastIndexByte(text, '@')
	from := strings.Index(text, "://")
	if from < 0 || at < from {
		return text
	}
	return text[:from+len("://")] + Mask + text[at:]
}

// quoteURL returns text in quotes for an error that calls it a bad URL: whatever stands
// before an @ may be a password, with or without a scheme.
func quoteURL(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 && !strings.Contains(text, "://") {
		text = Mask + text[at:]
	}
	return strconv.Quote(shorten(redact(text)))
}
