package pcaps

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// disguise replaces values by others of the same length, the same one by the same one
// wherever it stands. It is used twice: first it only learns what there is (learning),
// so that no replacement is ever one of the old values, of this phone or another.
type disguise struct {
	key      []byte
	learning bool
	old      map[string]valueKind // every value that is replaced, lower case
	renamed  map[string]string
	taken    map[string]bool // replacements
	prefixes map[string]bool // old IPv4 networks, three numbers
	ftpPorts map[netip.AddrPort]bool
	kept     map[string]bool // words of what stays: keys of settings, headers of framing
	blanked  int64           // bytes of what is no provisioning protocol
}

// valueKind is what a value is, for the count and the check.
type valueKind byte

const (
	oldMAC valueKind = iota + 1
	oldAddress
	oldWord
	oldSecret
)

func newDisguise(key []byte) *disguise {
	return &disguise{key: key, learning: true, old: make(map[string]valueKind), renamed: make(map[string]string),
		taken: make(map[string]bool), prefixes: make(map[string]bool), ftpPorts: make(map[netip.AddrPort]bool), kept: make(map[string]bool)}
}

// stream is a source of numbers that follow from a value alone.
type stream struct {
	key, text []byte
	block     []byte
	n         uint32
}

func (d *disguise) stream(kind, text string) *stream {
	return &stream{key: d.key, text: append([]byte(kind+"\x00"), text...)}
}

// below returns a number from 0 to n-1; n is 65536 at most.
func (s *stream) below(n int) int {
	if len(s.block) < 4 {
		h := hmac.New(sha256.New, s.key)
		h.Write(s.text)
		h.Write(binary.BigEndian.AppendUint32(nil, s.n))
		s.block, s.n = h.Sum(nil), s.n+1
	}
	v := binary.BigEndian.Uint32(s.block)
	s.block = s.block[4:]
	return int(v % uint32(n))
}

// mostTries bounds the search for a replacement that is nobody's; short values may have
// none that is free.
const mostTries = 200

// keeps reports whether a word stays.
func (d *disguise) keeps(w string) bool { return keptWord(w) || d.kept[strings.ToLower(w)] }

// keep makes the words of a text stay.
func (d *disguise) keep(text string) {
	if d.learning && len(d.kept) < maxKeptWords {
		for _, w := range wordText.FindAllString(text, -1) {
			d.kept[strings.ToLower(w)] = true
		}
	}
}

// maxKeptWords bounds them.
const maxKeptWords = 50_000

// learned ends the learning: words that stay somewhere stay everywhere.
func (d *disguise) learned() {
	for w := range d.kept {
		if d.old[w] == oldWord {
			delete(d.old, w)
		}
	}
	d.learning, d.blanked = false, 0
}

// rename returns the replacement of a value, drawn by draw from a fresh stream.
func (d *disguise) rename(kind valueKind, text string, draw func(*stream) string) string {
	key := string(rune(kind)) + text
	if to, ok := d.renamed[key]; ok {
		return to
	}
	if d.learning {
		if len(d.old) < maxOldValues && d.old[text] < kind {
			d.old[text] = kind
		}
		return text
	}
	s := d.stream(string(rune(kind)), text)
	to := draw(s)
	for i := 0; i < mostTries && (d.old[to] != 0 || d.taken[to] || d.keeps(to)); i++ {
		to = draw(s)
	}
	d.renamed[key], d.taken[to] = to, true
	return to
}

// maxOldValues bounds what is remembered.
const maxOldValues = 5_000_000

// scramble replaces each character by one of its class: the shape of a name stays. All
// other characters stay, unless it is a secret, of which nothing but the length does.
func scramble(s *stream, text string, secret bool) string {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case c >= '0' && c <= '9':
			out = append(out, byte('0'+s.below(10)))
		case c >= 'a' && c <= 'z', secret && c < 0x80:
			out = append(out, byte('a'+s.below(26)))
		case c >= 'A' && c <= 'Z':
			out = append(out, byte('A'+s.below(26)))
		case c < 0x80:
			out = append(out, byte(c))
		case c < 0x800:
			out = append(out, string(rune(0xe0+s.below(0x1f)))...)
		case c < 0x10000:
			out = append(out, string(rune(0x4e00+s.below(0x1000)))...)
		default:
			out = append(out, string(rune(0x1f600+s.below(0x40)))...)
		}
	}
	if len(out) != len(text) { // not UTF-8
		out = out[:0]
		for range len(text) {
			out = append(out, byte('a'+s.below(26)))
		}
	}
	return string(out)
}

// word returns the replacement of one word, in the case that it has.
func (d *disguise) word(text string) string {
	low := strings.ToLower(text)
	if len(low) != len(text) {
		low = text
	}
	to := []byte(d.rename(oldWord, low, func(s *stream) string { return scramble(s, low, false) }))
	for i := range min(len(to), len(text)) {
		if text[i] >= 'A' && text[i] <= 'Z' && to[i] >= 'a' && to[i] <= 'z' {
			to[i] -= 'a' - 'A'
		}
	}
	return string(to)
}

// secret returns the replacement of a whole secret.
func (d *disguise) secret(text string) string {
	return d.rename(oldSecret, text, func(s *stream) string { return scramble(s, text, true) })
}

// mac replaces an Ethernet address in place. The phones' makers stay, other makers do
// not; a digit stays a digit, so that its text keeps its case. Groups stay.
func (d *disguise) mac(b []byte) {
	if len(b) < 6 || b[0]&1 != 0 || device.MAC(b[:6]).IsZero() {
		return
	}
	m := device.MAC(b[:6])
	to := d.rename(oldMAC, string(b[:6]), func(s *stream) string {
		out := m
		from := 0
		if isPhoneMaker(m) {
			from = 3
		} else {
			out[0] = m[0]&0xf0 | 2
			from = 1
		}
		for i := from; i < 6; i++ {
			v := 0
			for _, nibble := range []byte{m[i] >> 4, m[i] & 15} {
				n := s.below(10)
				if nibble > 9 {
					n = 10 + s.below(6)
				}
				v = v<<4 | n
			}
			out[i] = byte(v)
		}
		return string(out[:])
	})
	if !d.learning {
		copy(b, to)
	}
}
