package steps

import (
	"encoding/binary"
	"net/netip"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Offsets of a BOOTP message (RFC 951 §3).
const (
	bootpHtype   = 1
	bootpHlen    = 2
	bootpXid     = 4
	bootpYiaddr  = 16
	bootpGiaddr  = 24
	bootpChaddr  = 28
	bootpSname   = 44
	bootpFile    = 108
	bootpOptions = 240
)

// chaddr is the phone that a message is about.
func chaddr(raw []byte) (mac device.MAC, ok bool) {
	if len(raw) < bootpOptions {
		return mac, false
	}
	copy(mac[:], raw[bootpChaddr:])
	return mac, true
}

func xidOf(raw []byte) uint32 { return binary.BigEndian.Uint32(raw[bootpXid:]) }

func addrAt(raw []byte, at int) netip.Addr { return netip.AddrFrom4([4]byte(raw[at:])) }

// kindOf is a message's type; dhcpv4.MessageTypeNone where it has none.
func kindOf(raw []byte) dhcpv4.MessageType {
	for _, o := range optionsOf(raw) {
		if o.code == dhcpv4.OptionDHCPMessageType.Code() && len(o.value) == 1 {
			return dhcpv4.MessageType(o.value[0])
		}
	}
	return dhcpv4.MessageTypeNone
}

// dhcpOption is one option as it stands in a message.
type dhcpOption struct {
	code  byte
	value []byte
}

// optionsOf reads the options field, as far as it can be read. The End option is the
// last one, where there is one. Those in overloaded fields are not among them.
func optionsOf(raw []byte) []dhcpOption {
	var all []dhcpOption
	for i := bootpOptions; i < len(raw); {
		switch code := raw[i]; {
		case code == dhcpv4.OptionPad.Code():
			i++
		case code == dhcpv4.OptionEnd.Code():
			return append(all, dhcpOption{code, nil})
		case i+1 >= len(raw) || i+2+int(raw[i+1]) > len(raw):
			return all
		default:
			end := i + 2 + int(raw[i+1])
			all = append(all, dhcpOption{code, raw[i+2 : end]})
			i = end
		}
	}
	return all
}

// overloadedField is one that holds options (RFC 2132 §9.3).
type overloadedField struct {
	name  string
	ended bool // by the End option
}

// overloaded are the fields of a message that option 52 says to hold options.
func overloaded(raw []byte) []overloadedField {
	which, _ := value(raw, dhcpv4.OptionOptionOverload)
	if len(which) != 1 {
		return nil
	}
	const file, sname = 1, 2
	var all []overloadedField
	if which[0]&file != 0 {
		all = append(all, overloadedField{"file", optionsEnd(raw[bootpFile : bootpOptions-4])})
	}
	if which[0]&sname != 0 {
		all = append(all, overloadedField{"sname", optionsEnd(raw[bootpSname:bootpFile])})
	}
	return all
}

// optionsEnd reports whether options end with the End option.
func optionsEnd(field []byte) bool {
	for i := 0; i < len(field); {
		switch {
		case field[i] == dhcpv4.OptionPad.Code():
			i++
		case field[i] == dhcpv4.OptionEnd.Code():
			return true
		case i+1 >= len(field):
			return false
		default:
			i += 2 + int(field[i+1])
		}
	}
	return false
}

// value returns an option of a message.
func value(raw []byte, code dhcpv4.OptionCode) ([]byte, bool) {
	for _, o := range optionsOf(raw) {
		if o.code == code.Code() {
			return o.value, true
		}
	}
	return nil, false
}
