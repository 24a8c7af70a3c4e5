package steps

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// dhcpSteps are those about DHCP.
func dhcpSteps(sc catalogue) {
	sc.When(`^a phone asks for an address$`, aPhoneAsksForAddress)
	sc.When(`^a phone asks for an address anew$`, aPhoneAsksAnew)
	sc.Given(`^a phone has an address$`, aPhoneHasAddress)
	sc.When(`^a phone asks for an address, and the first (OFFER|ACK) is lost$`, asksWithLoss)
	sc.When(`^it renews its address$`, itRenews)
	sc.When(`^it asks for an address again$`, itAsksAgain)
	sc.When(`^another phone asks for an address$`, anotherAsks)
	sc.When(`^another phone claims that address$`, anotherClaims)
	sc.When(`^it claims an address of another network$`, itClaimsForeign)
	sc.When(`^a phone asks for an address, and chooses the offer of another server$`, choosesAnother)
	sc.When(`^many phones ask for an address at once$`, manyAsk)
	sc.Given(`^the server got messages that are not DHCP$`, theServerGotNoDHCP)
	sc.Given(`^the server tells a phone a URL of (\d+) bytes$`, theServerTellsLong)
	sc.When(`^that phone asks for an address$`, thatPhoneAsks)
	sc.Then(`^it is told that URL$`, itIsToldLong)
	sc.Then(`^it is offered one$`, itIsOffered)
	sc.Then(`^it is given one$`, itIsGiven)
	sc.Then(`^it is given one all the same$`, itIsGivenAllTheSame)
	sc.Then(`^it is told a server by option 66$`, itHas66)
	sc.Then(`^both are told a server by option 66$`, bothHave66)
	sc.Then(`^option 66 is text of one line$`, option66IsText)
	sc.Then(`^option 66 names a server that the phone can use$`, option66IsUsable)
	sc.Then(`^the OFFER has option 66 already$`, offerHas66)
	sc.Then(`^the lease is longer than the times to renew and to rebind it$`, leaseTimesInOrder)
	sc.Then(`^it is given that which it was offered$`, givenWhatWasOffered)
	sc.Then(`^it is renewed$`, itIsRenewed)
	sc.Then(`^the renewal still has option 66$`, renewalHas66)
	sc.Then(`^it is given the same address$`, sameAddress)
	sc.Then(`^they have different addresses$`, differentAddresses)
	sc.Then(`^it is not given to the other$`, notGivenToOther)
	sc.Then(`^it is refused$`, itIsRefused)
	sc.Then(`^it is given none$`, itIsGivenNone)
	sc.Then(`^each of them is given an address and told a server$`, eachIsGiven)
	for _, f := range dhcpForms {
		sc.Then("^"+f.sentence+"$", f.judge)
	}
}

func aPhoneAsksForAddress(ctx context.Context) error {
	w := of(ctx)
	t, err := w.ordinaryDHCP(ctx)
	if err == nil {
		w.listen(t)
	}
	return err
}

// itIsOffered judges silence. Why the phone does not take what comes, other rules say.
func itIsOffered(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	switch {
	case slices.ContainsFunc(t.of(dhcpv4.MessageTypeOffer), func(raw []byte) bool { return !addrAt(raw, bootpYiaddr).IsUnspecified() }):
		return nil
	case len(t.of(dhcpv4.MessageTypeOffer)) > 0:
		return violated("an OFFER of an address", "an OFFER came whose yiaddr is 0.0.0.0: %s", t.what())
	case len(t.replies) > 0:
		return blocked("what comes is no OFFER for the phone (see FIP-DHCP-004 to FIP-DHCP-007): %s", t.what())
	}
	return violated("an OFFER", "no answer came: %s", t.what())
}

func itIsGiven(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if t.ack() != nil {
		return nil
	}
	requested := slices.ContainsFunc(t.sent, func(raw []byte) bool { return kindOf(raw) == dhcpv4.MessageTypeRequest })
	switch naks := t.of(dhcpv4.MessageTypeNak); {
	case len(t.of(dhcpv4.MessageTypeAck)) > 0:
		return blocked("what comes is no ACK for the phone (see FIP-DHCP-004 to FIP-DHCP-006): %s", t.what())
	case !requested:
		return blocked("the phone took no OFFER (see FIP-DHCP-001 and following): %s", t.what())
	case len(naks) > 0:
		return violated("an ACK for what the server offered", "a NAK came: %s", t.what())
	}
	return violated("an ACK for what the server offered", "%s", t.what())
}

// itIsGivenAllTheSame judges where an ordinary phone is given an address.
func itIsGivenAllTheSame(ctx context.Context) error {
	if t := of(ctx).talks.dhcp; t.ack() == nil {
		return violated("an address, as before", "%s", t.what())
	}
	return nil
}

// leaseTimesInOrder judges the times that a server sends; those that it doesn't are the
// phone's to choose.
func leaseTimesInOrder(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	if err := t.needsAck(); err != nil {
		return err
	}
	var times []uint32
	var words []string
	ordered := []dhcpv4.OptionCode{dhcpv4.OptionRenewTimeValue, dhcpv4.OptionRebindingTimeValue, dhcpv4.OptionIPAddressLeaseTime}
	for _, code := range ordered {
		if v, ok := value(t.ack(), code); ok && len(v) == 4 {
			times = append(times, binary.BigEndian.Uint32(v))
			words = append(words, fmt.Sprintf("option %d is %d s", code.Code(), times[len(times)-1]))
		}
	}
	if len(times) > 0 && times[len(times)-1] == 0 {
		return blocked("the lease has no time (see FIP-DHCP-009)")
	}
	for i := 1; i < len(times); i++ {
		if times[i-1] >= times[i] && times[i] != forever {
			return violated("a time to renew before that to rebind, before the end of the lease", "%s", strings.Join(words, ", "))
		}
	}
	return nil
}

// forever is the time that never ends (RFC 2131 §3.3).
const forever = 0xffffffff

func givenWhatWasOffered(ctx context.Context) error {
	t := of(ctx).talks.dhcp
	acks := t.of(dhcpv4.MessageTypeAck)
	if len(acks) == 0 {
		return t.needsAck()
	}
	if !t.asOffered() {
		return violated("the address that was offered", "the ACK is for %s", addrAt(acks[len(acks)-1], bootpYiaddr))
	}
	return nil
}

// asOffered reports whether the latest ACK gives what an OFFER offered.
func (t *dhcpTalk) asOffered() bool {
	acks := t.of(dhcpv4.MessageTypeAck)
	return slices.ContainsFunc(t.of(dhcpv4.MessageTypeOffer), func(raw []byte) bool {
		return addrAt(raw, bootpYiaddr) == addrAt(acks[len(acks)-1], bootpYiaddr)
	})
}

// leaseOf is the address of a talk's lease.
func leaseOf(t *dhcpTalk) string {
	if ack := t.ack(); ack != nil {
		return addrAt(ack, bootpYiaddr).String()
	}
	return ""
}
