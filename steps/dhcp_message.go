package steps

import (
	"encoding/binary"
	"net/netip"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

// Offsets of a BOOTP message (RFC 951 §3).
const (
	bootpXid     = 4
	bootpYiaddr  = 16
	bootpGiaddr  = 24
	bootpChaddr  = 28
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

// value returns an option of a message.
func value(raw []byte, code dhcpv4.OptionCode) ([]byte, bool) {
	for _, o := range optionsOf(raw) {
		if o.code == code.Code() {
			return o.value, true
		}
	}
	return nil, false
}
