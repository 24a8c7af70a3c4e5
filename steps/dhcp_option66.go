package steps

import (
	"bytes"
	"context"
	"slices"
	"unicode"

	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

func itHas66(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	if t.lease != nil || len(t.text()) > 0 {
		return nil
	}
	return violated("option 66 in the ACK", "%s", t.what())
}

// bothHave66 judges the second of two phones where the first was told a server.
func bothHave66(ctx context.Context) error {
	w := of(ctx)
	first, second := w.talks.dhcp, w.talks.others[0]
	if err := first.needsServer(); err != nil {
		return err
	}
	if second.ack() == nil || second.lease != nil || len(second.text()) > 0 {
		return nil // whether a second phone is given an address, other rules say
	}
	return violated("option 66 in the ACK for every phone", "phone %s was told a server, phone %s was not: %s",
		first.mac, second.mac, second.what())
}

// text is the ACK's option 66 as it came, in the options field.
func (t *dhcpTalk) text() []byte {
	v, _ := value(t.ack(), dhcpv4.OptionTFTPServerName)
	return bytes.Trim(v, "\x00 ")
}

// option66IsText forgives NULs at the end: "the receiver of such options MUST be
// prepared to delete trailing nulls if they exist" (RFC 2132 §2).
func option66IsText(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	for _, raw := range slices.Concat(t.of(dhcpv4.MessageTypeOffer), t.of(dhcpv4.MessageTypeAck)) {
		v, _ := value(raw, dhcpv4.OptionTFTPServerName)
		v = bytes.TrimRight(v, "\x00")
		if i := bytes.IndexFunc(v, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }); i >= 0 {
			return violated("text of one line", "option 66 of the %s is %q", kindOf(raw), v)
		}
	}
	return nil
}

func option66IsUsable(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	if t.lease == nil {
		return blocked("option 66 is not there, or is no text (see FIP-DHCP-003 and FIP-DHCP-015): %s", t.what())
	}
	u, err := config.ParseURL(t.offer.URL, device.MAC{}, true)
	switch {
	case err != nil:
		return violated("a host name, an address or a URL", "%v", err)
	case u.Scheme == "file":
		return violated("a URL of one of the four protocols", "%s leads to no server", t.offer.URL)
	}
	return nil
}

func offerHas66(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	if t.lease == nil || t.lease.Option == 0 {
		return blocked("not even the ACK has it (see FIP-DHCP-003)")
	}
	for _, raw := range t.of(dhcpv4.MessageTypeOffer) {
		_, at := value(raw, dhcpv4.OptionTFTPServerName)
		if _, overloaded := value(raw, dhcpv4.OptionOptionOverload); !at && !overloaded {
			return violated("option 66 in the OFFER, as in the ACK", "it has none")
		}
	}
	return nil
}
