package steps

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// dhcpForm is a sentence about every reply, and what breaks it.
type dhcpForm struct {
	sentence string
	broken   func(t *dhcpTalk, raw []byte) string // what is wrong; empty: nothing
}

var dhcpForms = []dhcpForm{
	{"every answer carries the transaction ID of the phone", func(t *dhcpTalk, raw []byte) string {
		if slices.ContainsFunc(t.sent, func(sent []byte) bool { return xidOf(sent) == xidOf(raw) }) {
			return ""
		}
		return fmt.Sprintf("the transaction ID is 0x%08x", xidOf(raw))
	}},
	{"every answer carries the hardware address of the phone", func(t *dhcpTalk, raw []byte) string {
		if mac, _ := chaddr(raw); mac != t.mac {
			return "the hardware address is " + mac.String()
		}
		if ours := t.sent[0]; raw[bootpHtype] != ours[bootpHtype] || raw[bootpHlen] != ours[bootpHlen] {
			return fmt.Sprintf("the hardware address is of type %d and has %d bytes, where the phone's is of type %d and has %d",
				raw[bootpHtype], raw[bootpHlen], ours[bootpHtype], ours[bootpHlen])
		}
		return ""
	}},
	{"every answer is marked as a reply", func(_ *dhcpTalk, raw []byte) string {
		if raw[0] != byte(dhcpv4.OpcodeBootReply) {
			return fmt.Sprintf("op is %d", raw[0])
		}
		return ""
	}},
	{"every answer has a message type", func(_ *dhcpTalk, raw []byte) string {
		if kindOf(raw) == dhcpv4.MessageTypeNone {
			return "it has no option 53"
		}
		return ""
	}},
	{"every answer names the server", func(_ *dhcpTalk, raw []byte) string {
		if id, ok := value(raw, dhcpv4.OptionServerIdentifier); !ok || len(id) != 4 || bytes.Equal(id, make([]byte, 4)) {
			return fmt.Sprintf("option 54 is %x", id)
		}
		return ""
	}},
	{"every answer says for how long", func(_ *dhcpTalk, raw []byte) string {
		lease, ok := value(raw, dhcpv4.OptionIPAddressLeaseTime)
		if kind := kindOf(raw); kind == dhcpv4.MessageTypeNak || ok && len(lease) == 4 && binary.BigEndian.Uint32(lease) > 0 {
			return ""
		}
		return fmt.Sprintf("option 51 is %x", lease)
	}},
	{"every answer carries the relay agent's address", func(t *dhcpTalk, raw []byte) string {
		if relay := addrAt(t.sent[0], bootpGiaddr); addrAt(raw, bootpGiaddr) != relay {
			return fmt.Sprintf("giaddr is %s, the relay agent's address %s", addrAt(raw, bootpGiaddr), relay)
		}
		return ""
	}},
	{"the options of every answer end with the End option", func(_ *dhcpTalk, raw []byte) string {
		all := optionsOf(raw)
		if len(all) == 0 || all[len(all)-1].code != dhcpv4.OptionEnd.Code() {
			return "they end without it"
		}
		for _, f := range overloaded(raw) {
			if !f.ended {
				return "those in the field " + f.name + " end without it"
			}
		}
		return ""
	}},
	{"every answer begins its options with the magic cookie", func(_ *dhcpTalk, raw []byte) string {
		if cookie := raw[bootpOptions-4 : bootpOptions]; !bytes.Equal(cookie, magicCookie) {
			return fmt.Sprintf("it is %d", cookie)
		}
		return ""
	}},
	{"every option is as long as its kind demands", func(_ *dhcpTalk, raw []byte) string {
		for _, o := range optionsOf(raw) {
			if unit := optionUnits[o.code]; !unit.fits(len(o.value)) {
				return fmt.Sprintf("option %d has %d bytes, not %s: %x", o.code, len(o.value), unit, o.value)
			}
		}
		return ""
	}},
	{"no option stands twice in an answer", func(_ *dhcpTalk, raw []byte) string {
		seen := make(map[byte]bool)
		for _, o := range optionsOf(raw) {
			// A value of more than 255 bytes has to be split (RFC 3396).
			if seen[o.code] && len(o.value) < 255 {
				return fmt.Sprintf("option %d does", o.code)
			}
			seen[o.code] = len(o.value) < 255
		}
		return ""
	}},
}

// magicCookie stands before the options (RFC 2131 §3).
var magicCookie = []byte{99, 130, 83, 99}

// optionUnit is of what an option's value is made.
type optionUnit struct {
	of   int  // bytes
	list bool // one or more
}

// fits reports whether a value may have n bytes; the zero unit is any.
func (u optionUnit) fits(n int) bool {
	return u.of == 0 || n == u.of || u.list && n > 0 && n%u.of == 0
}

// String says how long such an option is.
func (u optionUnit) String() string {
	if u.list {
		return fmt.Sprintf("a multiple of %d", u.of)
	}
	return fmt.Sprint(u.of)
}

// optionUnits are those of options that a phone asks for or that go with every lease
// (RFC 2132 §3.3 to §3.8, §5.3, §8.3, §9.11, §9.12). Of options 51 and 54, other rules
// tell.
var optionUnits = map[byte]optionUnit{
	dhcpv4.OptionSubnetMask.Code():         {4, false},
	dhcpv4.OptionRouter.Code():             {4, true},
	dhcpv4.OptionDomainNameServer.Code():   {4, true},
	dhcpv4.OptionBroadcastAddress.Code():   {4, false},
	dhcpv4.OptionNTPServers.Code():         {4, true},
	dhcpv4.OptionRenewTimeValue.Code():     {4, false},
	dhcpv4.OptionRebindingTimeValue.Code(): {4, false},
}

// judge looks at every reply.
func (f dhcpForm) judge(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsReply(); err != nil {
		return err
	}
	for _, raw := range t.replies {
		if wrong := f.broken(t, raw); wrong != "" {
			return violated(f.sentence, "of the %s %s", kindOf(raw), wrong)
		}
	}
	return nil
}
