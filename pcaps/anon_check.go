package pcaps

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
)

// wanted is the old values, by their first four bytes.
type wanted map[[4]byte][]wantedValue

type wantedValue struct {
	text  []byte // lower case, unless exact
	exact bool   // raw bytes
	what  string
}

// sought returns what the check looks for. Short values, small numbers and words of the
// protocols stand in every capture, and say nothing.
func (d *disguise) sought(done *Anonymized) wanted {
	all := make(wanted)
	add := func(text, what string, exact bool) {
		at := [4]byte([]byte(text[:4]))
		all[at] = append(all[at], wantedValue{[]byte(text), exact, what})
	}
	for value, kind := range d.old {
		digits := strings.Trim(value, "0123456789") == ""
		switch {
		case kind == oldMAC:
			m := device.MAC([]byte(value))
			if distinct(value) > 2 { // others are text, or padding, as often
				add(value, "a MAC", true)
			}
			add(m.String(), "a MAC, as text,", false)
			add(strings.ToLower(m.Colons()), "a MAC, as text,", false)
		case len(value) < 4, digits && len(value) < 8, d.keeps(value):
			done.Common++
			continue
		case kind == oldAddress:
			add(value, "an address, as text,", false)
		case kind == oldSecret:
			add(strings.ToLower(value), "a secret", false)
		default:
			add(value, "a name", false)
		}
		done.Searched++
	}
	return all
}

// distinct counts the different bytes of a value.
func distinct(value string) int {
	seen := make(map[byte]bool)
	for i := range len(value) {
		seen[value[i]] = true
	}
	return len(seen)
}

// in returns what of the old values stands in b; empty: none.
func (w wanted) in(b []byte) (what string) {
	low := bytes.Clone(b)
	for i, c := range low {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	for i := 0; i+4 <= len(b); i++ {
		for _, v := range w[[4]byte(low[i:i+4])] {
			if !v.exact && bytes.HasPrefix(low[i:], v.text) && alone(low, i, len(v.text)) {
				return v.what
			}
		}
		for _, v := range w[[4]byte(b[i:i+4])] {
			if v.exact && bytes.HasPrefix(b[i:], v.text) {
				return v.what
			}
		}
	}
	return ""
}

// alone reports whether what stands at a place is not a part of a longer word or number.
func alone(b []byte, at, n int) bool {
	letter := func(i int) bool {
		if i < 0 || i >= len(b) {
			return false
		}
		c := b[i] | 0x20
		return c >= 'a' && c <= 'z' || b[i] >= '0' && b[i] <= '9' || b[i] >= 0x80
	}
	return (!letter(at) || !letter(at-1)) && (!letter(at+n-1) || !letter(at+n))
}

// check reads the result and looks for the old values: in each frame, and in what the
// frames of a connection and a transfer are together.
func (d *disguise) check(result []byte, done *Anonymized) error {
	is, err := hold("the result", bytes.NewReader(result))
	if err != nil {
		return err
	}
	all := d.sought(done)
	f := newFlows(newDisguise(nil)) // it learns, and changes nothing
	for _, h := range is.frames {
		if what := all.in(h.data); what != "" {
			return fmt.Errorf("%w: %s in frame %d of the result", ErrLeft, what, h.number)
		}
		if !h.parse() {
			continue
		}
		for _, a := range []netip.Addr{h.from, h.to} {
			if d.old[a.String()] == oldAddress {
				return fmt.Errorf("%w: an address in the header of frame %d of the result", ErrLeft, h.number)
			}
		}
		f.take(h)
	}
	for i, t := range f.files {
		if what := all.in(bytes.Join(t.parts, nil)); what != "" {
			return fmt.Errorf("%w: %s in TFTP transfer %d of the result", ErrLeft, what, i+1)
		}
	}
	for _, c := range f.all {
		for side := range c.segs {
			b, _, _ := c.whole(side)
			if what := all.in(b); what != "" {
				return fmt.Errorf("%w: %s in the connection between %s and %s of the result", ErrLeft, what, c.ends[0], c.ends[1])
			}
		}
	}
	return nil
}
