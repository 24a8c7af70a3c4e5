package pcaps

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// What is found in a text before its words.
var (
	macText   = regexp.MustCompile(`(?i)\b(?:mac)?(?:[0-9a-f]{12}|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2})\b`)
	fourText  = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	commaText = regexp.MustCompile(`\b\d{1,3}(?:,\d{1,3}){5}\b`)
	sixText   = regexp.MustCompile(`(?i)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}`)
	userText  = regexp.MustCompile(`(?i)\bsips?:([^@\s<>";,/]+)@`)
	loginText = regexp.MustCompile(`://([^/@\s<>"]+)@`)
	wordText  = regexp.MustCompile(`[A-Za-z0-9\x{80}-\x{10ffff}]+`)
)

// text replaces, in place, all that is in a text and is not in the vocabulary: MACs and
// addresses by their like, users and words by others of their shape. Numbers of up to
// five digits stay, unless numbers says that they may be somebody's.
func (d *disguise) text(b []byte, numbers bool) {
	done := make([]bool, len(b))
	put := func(at int, to string) {
		for i := range len(to) {
			done[at+i] = true
		}
		if !d.learning {
			copy(b[at:], to)
		}
	}
	each := func(re *regexp.Regexp, f func(text string) string) {
		for _, at := range re.FindAllSubmatchIndex(b, -1) {
			from, to := at[len(at)-2], at[len(at)-1]
			if bytes.IndexByte(boolBytes(done[from:to]), 1) < 0 {
				if as := f(string(b[from:to])); len(as) == to-from {
					put(from, as)
				}
			}
		}
	}
	each(loginText, d.login)
	each(macText, d.macText)
	each(fourText, d.addrText)
	each(commaText, func(text string) string {
		parts := strings.Split(text, ",")
		to := d.addrText(strings.Join(parts[:4], "."))
		return strings.ReplaceAll(to, ".", ",") + "," + strings.Join(parts[4:], ",")
	})
	each(sixText, func(text string) string {
		if a, err := netip.ParseAddr(text); err != nil || !a.Is6() {
			return ""
		}
		return d.addrText(text)
	})
	each(userText, func(text string) string { return d.words(text, true) })
	each(wordText, func(text string) string { return d.words(text, numbers) })
}

// boolBytes lets a slice of booleans be searched.
func boolBytes(b []bool) []byte {
	out := make([]byte, len(b))
	for i, v := range b {
		if v {
			out[i] = 1
		}
	}
	return out
}

// login replaces user:password of a URL.
func (d *disguise) login(text string) string {
	user, password, ok := strings.Cut(text, ":")
	if user = d.words(user, true); !ok {
		return user
	}
	return user + ":" + d.secret(password)
}

// macText replaces a MAC written as text, and keeps its spelling.
func (d *disguise) macText(text string) string {
	start := 0
	if len(text) > 2 && strings.EqualFold(text[:3], "mac") {
		start = 3
	}
	m, err := device.ParseMAC(strings.ReplaceAll(text[start:], ".", ""))
	if err != nil || m.IsZero() || m == (device.MAC{255, 255, 255, 255, 255, 255}) {
		return text
	}
	d.mac(m[:])
	digits, out := m.String(), []byte(text)
	for i, n := start, 0; i < len(out); i++ {
		switch c := out[i]; {
		case c == ':' || c == '-' || c == '.':
			continue
		case c >= 'A' && c <= 'F':
			out[i] = strings.ToUpper(digits)[n]
		default:
			out[i] = digits[n]
		}
		n++
	}
	return string(out)
}

// words replaces the words of a text.
func (d *disguise) words(text string, numbers bool) string {
	return wordText.ReplaceAllStringFunc(text, func(w string) string {
		digits := strings.Trim(w, "0123456789") == ""
		switch {
		case digits && !numbers && len(w) <= 5, !digits && d.keeps(w):
			return w
		case strings.HasPrefix(w, branchCookie):
			return branchCookie + d.word(w[len(branchCookie):])
		}
		return d.word(w)
	})
}

// branchCookie begins the branch of a Via (RFC 3261 §8.1.1.7).
const branchCookie = "z9hG4bK"

// config replaces what is somebody's in a cfg or boot file: keys stay, and values that
// are numbers, unless the key says that they are a name's.
func (d *disguise) config(b []byte) {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		key, value, ok := bytes.Cut(line, []byte{'='})
		name := strings.TrimSpace(string(key))
		switch {
		case !ok || strings.HasPrefix(name, "#") || strings.ContainsAny(name, " \t<>\"/"):
			d.text(line, false)
		case config.IsSecret(name):
			d.keep(name)
			text := bytes.TrimSpace(value)
			if to := d.secret(string(text)); len(text) > 0 && !d.learning {
				copy(text, to)
			}
		default:
			d.keep(name)
			d.text(value, personal.MatchString(name))
		}
		b = rest
	}
}

// personal tells the settings whose numbers are somebody's.
var personal = regexp.MustCompile(`(?i)(user|name|number|label|display|register|auth|extension|mailbox|pin|code|mobile|office)`)

// basic replaces what stands after "Basic " in an Authorization header.
func (d *disguise) basic(text string) string {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return d.secret(text)
	}
	user, password, _ := strings.Cut(string(raw), ":")
	to := d.words(user, true)
	if len(user) < len(raw) {
		to += ":" + d.secret(password)
	}
	out := base64.StdEncoding.EncodeToString([]byte(to))
	if d.learning {
		d.secret(text)
	}
	return out
}
