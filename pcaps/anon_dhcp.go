package pcaps

import (
	"bytes"
	"slices"
)

// dhcp replaces what is somebody's in a DHCP message, field by field (RFC 2131 §2).
func (d *disguise) dhcp(b []byte) {
	for _, at := range []int{12, 16, 20, 24} {
		d.own4(b[at : at+4])
	}
	d.ownMAC(b[28:34])
	overload := byte(0)
	d.dhcpOptions(b[240:], &overload)
	if overload&1 != 0 {
		d.dhcpOptions(b[108:236], &overload)
	} else {
		d.ownText(b[108:236])
	}
	if overload&2 != 0 {
		d.dhcpOptions(b[44:108], &overload)
	} else {
		d.ownText(b[44:108])
	}
}

// own4, ownMAC and ownText change only where something may be changed.
func (d *disguise) own4(b []byte) {
	if c := bytes.Clone(b); d.learning {
		d.addr4(c)
		return
	}
	d.addr4(b)
}

func (d *disguise) ownMAC(b []byte) {
	if c := bytes.Clone(b); d.learning {
		d.mac(c)
		return
	}
	d.mac(b)
}

func (d *disguise) ownText(b []byte) {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		d.blank(b[end:])
		b = b[:end]
	}
	d.text(b, false)
}

// The options by what their values are (RFC 2132 and what came after it).
var (
	dhcpAddresses = []byte{3, 4, 5, 6, 7, 8, 9, 10, 11, 16, 28, 32, 33, 41, 42, 44, 45, 48, 49,
		50, 54, 65, 69, 70, 71, 72, 73, 74, 118, 150}
	dhcpPlain = []byte{1, 2, 13, 19, 20, 22, 23, 24, 26, 29, 30, 31, 34, 35, 36, 37, 38, 46, 51,
		52, 53, 55, 57, 58, 59, 93, 94, 116, 145}
)

// dhcpOptions replaces option by option.
func (d *disguise) dhcpOptions(b []byte, overload *byte) {
	for i := 0; i < len(b); {
		code := b[i]
		if code == 255 {
			d.blank(b[i+1:])
			return
		}
		if code == 0 {
			i++
			continue
		}
		if i+2 > len(b) || i+2+int(b[i+1]) > len(b) {
			d.blank(b[min(i+1, len(b)):])
			return
		}
		value := b[i+2 : i+2+int(b[i+1])]
		if code == 52 && len(value) == 1 {
			*overload = value[0]
		}
		d.dhcpOption(code, value)
		i += 2 + len(value)
	}
}

func (d *disguise) dhcpOption(code byte, value []byte) {
	switch {
	case slices.Contains(dhcpPlain, code):
	case slices.Contains(dhcpAddresses, code):
		for ; len(value) >= 4; value = value[4:] {
			d.own4(value[:4])
		}
	case code == 61 && len(value) == 7 && value[0] == 1:
		d.ownMAC(value[1:])
	case code == 66 && len(value) == 4 && !isText(value):
		d.own4(value)
	case code == 82, code == 43 && !isText(value):
		d.subOptions(value)
	case isText(bytes.TrimRight(value, "\x00")):
		d.text(value, false)
	default:
		d.blank(value)
	}
}

// subOptions are those of a relay agent (RFC 3046) or a vendor.
func (d *disguise) subOptions(b []byte) {
	for len(b) >= 2 && 2+int(b[1]) <= len(b) {
		value := b[2 : 2+int(b[1])]
		switch {
		case isText(value):
			d.text(value, true)
		case len(value) == 6:
			d.ownMAC(value)
		case len(value) == 4:
			d.own4(value)
		default:
			d.blank(value)
		}
		b = b[2+len(value):]
	}
	d.blank(b)
}

// blank overwrites what is of no protocol that is read with zeros.
func (d *disguise) blank(b []byte) {
	d.blanked += int64(len(b))
	if !d.learning {
		clear(b)
	}
}

// isText tells printable text.
func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return len(b) > 0
}

// body replaces what is somebody's in the content of a file. What is no text keeps its
// first bytes, which tell its kind.
func (d *disguise) body(b []byte) {
	switch {
	case len(b) == 0:
	case !isText(b):
		d.blank(b[min(2, len(b)):])
	case bytes.HasPrefix(bytes.TrimSpace(b), []byte("<")) && !bytes.HasPrefix(bytes.TrimSpace(b), []byte("<<<")):
		d.text(b, true)
	default:
		d.config(b)
	}
}
