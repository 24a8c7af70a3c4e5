package pcaps

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// addr4 replaces an IPv4 address in place. Addresses that mean the same everywhere stay,
// as do those of the private networks' first numbers; hosts of one network stay in one,
// and each number keeps its count of digits, so that its text keeps its length.
func (d *disguise) addr4(b []byte) {
	if len(b) < 4 {
		return
	}
	a := [4]byte(b[:4])
	if everybodys(a) {
		return
	}
	prefix := fmt.Sprintf("%d.%d.%d", a[0], a[1], a[2])
	if d.learning {
		d.prefixes[prefix] = true
	}
	text := netip.AddrFrom4(a).String()
	to := d.rename(oldAddress, text, func(s *stream) string {
		net := d.network(a, prefix)
		host := "0"
		if a[3] != 0 && a[3] != 255 {
			host = strconv.Itoa(d.host(a, prefix))
		}
		_ = s
		return net + "." + host
	})
	if at, err := netip.ParseAddr(to); err == nil && !d.learning {
		v := at.As4()
		if a[3] == 255 {
			v[3] = 255
		}
		copy(b, v[:])
	}
}

// everybodys tells addresses that say nothing of anybody: unset, this host, link-local
// networks' and groups, and netmasks.
func everybodys(a [4]byte) bool {
	return a[0] == 0 || a[0] == 127 || a[0] >= 224 || a[0] == 169 && a[1] == 254
}

// network returns the replacement of the first three numbers.
func (d *disguise) network(a [4]byte, prefix string) string {
	key := "net " + prefix
	if to, ok := d.renamed[key]; ok {
		return to
	}
	s := d.stream("network", prefix)
	to := ""
	for i := range mostTries * 10 {
		v := [3]int{int(a[0]), int(a[1]), int(a[2])}
		switch {
		case i > mostTries*5: // no private network is free
			v[0], v[1] = sameDigits(s, a[0], 1, 223), sameDigits(s, a[1], 0, 254)
		case a[0] == 10:
			v[1] = sameDigits(s, a[1], 0, 254)
		case a[0] == 172 && a[1] >= 16 && a[1] < 32:
			v[1] = 16 + s.below(16)
		case a[0] == 192 && a[1] == 168:
		default:
			v[0], v[1] = sameDigits(s, a[0], 1, 223), sameDigits(s, a[1], 0, 254)
		}
		v[2] = sameDigits(s, a[2], 0, 254)
		to = fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
		if !d.prefixes[to] && !d.taken["net "+to] && !everybodys([4]byte{byte(v[0]), byte(v[1])}) {
			break
		}
	}
	d.renamed[key], d.taken["net "+to] = to, true
	return to
}

// sameDigits returns a number of as many digits as n has.
func sameDigits(s *stream, n byte, least, most int) int {
	from, to := 0, 9
	switch {
	case n > 99:
		from, to = 100, 254
	case n > 9:
		from, to = 10, 99
	}
	from, to = max(from, least), min(to, most)
	return from + s.below(to-from+1)
}

// host returns the replacement of the last number: within a network no two are alike.
func (d *disguise) host(a [4]byte, prefix string) int {
	s := d.stream("host", prefix+strconv.Itoa(int(a[3])))
	for range mostTries {
		n := sameDigits(s, a[3], 1, 254)
		if key := fmt.Sprintf("host %s.%d", prefix, n); !d.taken[key] {
			d.taken[key] = true
			return n
		}
	}
	return int(a[3])
}

// addr6 replaces an IPv6 address in place. Each group keeps its count of digits, and
// empty ones stay empty: the text keeps its length.
func (d *disguise) addr6(b []byte) {
	if len(b) < 16 {
		return
	}
	a := netip.AddrFrom16([16]byte(b[:16]))
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() && a.As16()[11] != 1 {
		return
	}
	if a.Is4In6() {
		d.addr4(b[12:16])
		return
	}
	keep := 0
	if a.IsLinkLocalUnicast() || a.IsMulticast() {
		keep = 1
	}
	raw := a.As16()
	if a.IsMulticast() { // a solicited node's: the last three bytes are an address's
		keep = 6
	}
	to := d.rename(oldAddress, a.String(), func(s *stream) string {
		out := raw
		for i := keep; i < 8; i++ {
			group := int(raw[2*i])<<8 | int(raw[2*i+1])
			// Groups follow from those before them: networks stay together.
			g := d.stream("group", fmt.Sprintf("%x/%d", raw[:2*i+2], s.n))
			digits := len(strconv.FormatInt(int64(group), 16))
			if group == 0 {
				continue
			}
			low := 1 << (4 * (digits - 1))
			if i == 6 && keep == 6 {
				out[13] = byte(g.below(256))
				continue
			}
			v := low + g.below(16*low-low)
			if i == 0 {
				v = group&^0xfff | v&0xfff
			}
			out[2*i], out[2*i+1] = byte(v>>8), byte(v)
		}
		s.below(2) // another try is another stream
		s.n += 8
		return netip.AddrFrom16(out).String()
	})
	if at, err := netip.ParseAddr(to); err == nil && !d.learning {
		v := at.As16()
		copy(b, v[:])
	}
}

// addrText returns the replacement of an address written as text.
func (d *disguise) addrText(text string) string {
	a, err := netip.ParseAddr(strings.ToLower(text))
	if err != nil {
		return text
	}
	if a.Is4() {
		b := a.As4()
		d.addr4(b[:])
		if to := netip.AddrFrom4(b).String(); len(to) == len(text) {
			return to
		}
		return text
	}
	b := a.As16()
	d.addr6(b[:])
	if to := netip.AddrFrom16(b).String(); len(to) == len(text) {
		return to
	}
	return strings.Repeat("0", len(text))
}
