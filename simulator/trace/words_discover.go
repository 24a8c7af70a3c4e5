package trace

import (
	"fmt"
	"strings"
)

// discoverWords are those of finding the server; false for an event of another kind.
func discoverWords(e Event) (string, Tone, bool) {
	again := ""
	if e.Attempt > 1 {
		again = fmt.Sprintf(" again, the %s time", ordinal(e.Attempt))
	}
	switch e.Kind {
	case PnPSubscribe:
		return fmt.Sprintf("-> pnp SUBSCRIBE to %s%s%s", e.Peer, again, parenthesis(e.Detail)), plain, true
	case PnPResponse:
		return fmt.Sprintf("<- pnp %s from %s", joined(e.Name, e.Detail), e.Peer), faint, true
	case PnPNotify:
		return fmt.Sprintf("<- pnp NOTIFY from %s%s: %s", e.Peer, again, joined(e.URL, e.Detail)), good, true
	case PnPAnswer:
		return fmt.Sprintf("-> pnp %s to %s", joined(e.Name, e.Detail), e.Peer), faint, true
	case PnPIgnored:
		return "<- pnp message passed over: " + joined(e.Detail, ""), odd, true
	case PnPDeviation:
		return fmt.Sprintf("   pnp: forgiven: %s: %s", e.Name, e.Detail), odd, true
	case PnPOddity:
		return fmt.Sprintf("   pnp: legal, but unusual: %s: %s", e.Name, e.Detail), faint, true
	case DHCPDiscover, DHCPRequest, DHCPRenew, DHCPRelease:
		return fmt.Sprintf("-> dhcp %s%s%s", dhcpWord(e.Kind), again, parenthesis(e.Detail)), plain, true
	case DHCPOffer, DHCPAck:
		return fmt.Sprintf("<- dhcp %s: %s", dhcpWord(e.Kind), e.Detail), good, true
	case DHCPNak:
		return fmt.Sprintf("<- dhcp NAK from %s: %s", e.Peer, e.Detail), bad, true
	case DHCPIgnored:
		return "<- dhcp message passed over: " + e.Detail, odd, true
	}
	return "", plain, false
}

// dhcpWord is a message type as RFC 2131 writes it.
func dhcpWord(k Kind) string {
	if k == DHCPRenew {
		return "REQUEST to renew"
	}
	return strings.ToUpper(strings.TrimPrefix(string(k), "dhcp."))
}

// joined joins what there is of two texts.
func joined(a, b string) string { return strings.TrimSpace(a + " " + b) }
