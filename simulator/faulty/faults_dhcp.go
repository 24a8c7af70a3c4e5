package faulty

import (
	"bytes"
	"slices"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// dhcpFaults are about DHCP. Their server serves files over HTTP, and rightly.
func dhcpFaults() []spec {
	return slices.Concat(dhcpMessageFaults(), dhcpFieldFaults(), dhcpServiceFaults())
}

// of applies a change to replies of some types only.
func of(change func(*dhcpText), kinds ...byte) func(*dhcpText, dhcpRequest) {
	return func(m *dhcpText, _ dhcpRequest) {
		for _, k := range kinds {
			if m.kind == k {
				change(m)
			}
		}
	}
}

// dhcpFieldFaults are about the fields before the options.
func dhcpFieldFaults() []spec {
	return []spec{
		{"hlen", "dhcp", LenientDHCP, "FIP-DHCP-005", "the length of the hardware address is 0", func(b *behaviour) {
			b.dhcp.change = of(func(m *dhcpText) { m.head[2] = 0 }, dhcpOffer, dhcpACK)
		}},
		{"overload-no-end", "dhcp", LenientDHCP, "FIP-DHCP-010", "the sname field holds an option, and no End after it",
			func(b *behaviour) { b.dhcp.change = of(endless, dhcpOffer, dhcpACK) }},
	}
}

// endless puts an option into the sname field that fills it.
func endless(m *dhcpText) {
	copy(m.head[44:108], append([]byte{12, 62}, bytes.Repeat([]byte("n"), 62)...))
	m.set(52, []byte{2})
}

// dhcpMessageFaults are about the form of replies.
func dhcpMessageFaults() []spec {
	fault := func(name, rule, doc string, change func(*dhcpText), kinds ...byte) spec {
		return spec{name, "dhcp", LenientDHCP, rule, doc, func(b *behaviour) { b.dhcp.change = of(change, kinds...) }}
	}
	text := func(name, rule, doc string, value func(string) []byte) spec {
		return spec{name, "dhcp", LenientDHCP, rule, doc, func(b *behaviour) { b.dhcp.option66 = value }}
	}
	head := func(at int, value ...byte) func(*dhcpText) { return func(m *dhcpText) { copy(m.head[at:], value) } }
	drop := func(code byte) func(*dhcpText) { return func(m *dhcpText) { m.drop(code) } }
	set := func(code byte, value ...byte) func(*dhcpText) { return func(m *dhcpText) { m.set(code, value) } }
	return []spec{
		fault("no-66", "FIP-DHCP-003", "option 66 is not configured for relayed networks", drop(66), dhcpOffer, dhcpACK),
		fault("no-66-ack", "FIP-DHCP-003", "option 66 is in the OFFER only", drop(66), dhcpACK),
		fault("xid", "FIP-DHCP-004", "the transaction ID is in the other byte order",
			func(m *dhcpText) {
				m.head[4], m.head[5], m.head[6], m.head[7] = m.head[7], m.head[6], m.head[5], m.head[4]
			}, dhcpOffer, dhcpACK),
		fault("xid-ack", "FIP-DHCP-004", "the ACK has a transaction ID of its own", head(4, 1, 2, 3, 4), dhcpACK),
		fault("chaddr", "FIP-DHCP-005", "the hardware address is not copied", head(28, 0, 0, 0, 0, 0, 0), dhcpOffer, dhcpACK),
		fault("op", "FIP-DHCP-006", "the message goes back as a request", head(0, 1), dhcpOffer, dhcpACK),
		fault("bootp", "FIP-DHCP-007", "the answer is one of BOOTP: no message type", drop(53), dhcpOffer, dhcpACK),
		fault("server-id", "FIP-DHCP-008", "the OFFER names no server", drop(54), dhcpOffer),
		fault("server-id-ack", "FIP-DHCP-008", "the ACK names no server", drop(54), dhcpACK),
		fault("server-id-zero", "FIP-DHCP-008", "the server is 0.0.0.0: the address of a socket bound to all",
			set(54, 0, 0, 0, 0), dhcpOffer, dhcpACK),
		fault("no-lease", "FIP-DHCP-009", "addresses are given for ever, and no time is told", drop(51), dhcpOffer, dhcpACK),
		fault("lease-zero", "FIP-DHCP-009", "the lease is 0 seconds", set(51, 0, 0, 0, 0), dhcpACK),
		fault("no-end", "FIP-DHCP-010", "the options end where the message ends", func(m *dhcpText) { m.noEnd = true }, dhcpOffer, dhcpACK),
		fault("offer-of-nothing", "FIP-DHCP-001", "the OFFER has no address: only the ACK's is filled in", head(16, 0, 0, 0, 0), dhcpOffer),
		fault("cookie", "FIP-DHCP-018", "the magic cookie is in the other byte order", head(236, 99, 83, 130, 99), dhcpOffer, dhcpACK),
		fault("router-text", "FIP-DHCP-019", "the router is written as text", set(3, []byte("127.0.0.1")...), dhcpOffer, dhcpACK),
		fault("mask-length", "FIP-DHCP-019", "the subnet mask is the length of a prefix", set(1, 24), dhcpACK),
		fault("other-address", "FIP-DHCP-011", "the ACK is for the address after the one that was offered",
			func(m *dhcpText) { m.head[19]++ }, dhcpACK),
		fault("times", "FIP-DHCP-012", "the time to renew is after the end of the lease: it is in milliseconds",
			set(58, 0, 0x1b, 0x77, 0x40), dhcpACK),
		fault("times-equal", "FIP-DHCP-012", "the time to rebind is that to renew", set(59, seconds(1800)...), dhcpACK),
		fault("giaddr", "FIP-DHCP-013", "giaddr is not copied", head(24, 0, 0, 0, 0), dhcpOffer, dhcpACK),
		fault("66-twice", "FIP-DHCP-014", "option 66 stands twice: of the pool and of the server",
			func(m *dhcpText) { m.options = append(m.options, dhcpLine{66, []byte("192.0.2.9")}) }, dhcpOffer, dhcpACK),
		text("66-line-end", "FIP-DHCP-015", "a line end follows the text: it was read from a file",
			func(t string) []byte { return []byte(t + "\n") }),
		text("66-binary", "FIP-DHCP-015", "option 66 is an address in four bytes, as option 150 is",
			func(string) []byte { return []byte{127, 0, 0, 1} }),
		text("66-quoted", "FIP-DHCP-016", "quotation marks stand around the text", func(t string) []byte { return []byte(`"` + t + `"`) }),
		text("66-name", "FIP-DHCP-016", "a name and its meaning stand in it: url=http://…",
			func(t string) []byte { return []byte("provisioning url: " + t) }),
		fault("66-late", "FIP-DHCP-017", "option 66 is in the ACK only", drop(66), dhcpOffer),
		text("66-cut", "FIP-DHCP-044", "option 66 is cut to the size of the sname field",
			func(t string) []byte { return []byte(t[:min(len(t), 64)]) }),
	}
}

// dhcpServiceFaults are about what is answered, and with which address.
func dhcpServiceFaults() []spec {
	fault := func(name string, clause Clause, rule, doc string, f dhcpFault) spec {
		return spec{name, "dhcp", clause, rule, doc, func(b *behaviour) { b.dhcp = f }}
	}
	answers := func(name string, clause Clause, rule, doc string, which func(r dhcpRequest, times int) bool) spec {
		return fault(name, clause, rule, doc, dhcpFault{answers: which})
	}
	renews := func(r dhcpRequest) bool { return r.kind == dhcpRequests && !r.client.IsUnspecified() }
	return []spec{
		answers("silence", LenientDHCP, "FIP-DHCP-001", "no OFFER comes: the pool is for another network",
			func(r dhcpRequest, _ int) bool { return r.kind != dhcpDiscover }),
		answers("no-ack", LenientDHCP, "FIP-DHCP-002", "no ACK comes", func(r dhcpRequest, _ int) bool { return r.kind != dhcpRequests }),
		fault("nak", LenientDHCP, "FIP-DHCP-002", "what was offered is refused",
			dhcpFault{refuses: func(r dhcpRequest) bool { return r.server.IsValid() }}),
		answers("deaf-discover", Lost, "FIP-DHCP-020", "a DISCOVER that comes again is taken for a duplicate",
			func(r dhcpRequest, times int) bool { return r.kind != dhcpDiscover || times == 1 }),
		answers("deaf-request", Lost, "FIP-DHCP-021", "a REQUEST that comes again is taken for a duplicate, whatever its transaction",
			func(r dhcpRequest, times int) bool { return r.kind != dhcpRequests || times == 1 }),
		answers("no-renewal", LenientDHCP, "FIP-DHCP-022", "a REQUEST without option 50 is not understood",
			func(r dhcpRequest, _ int) bool { return !renews(r) }),
		fault("renewal-refused", LenientDHCP, "FIP-DHCP-022", "a REQUEST without option 54 is refused", dhcpFault{refuses: renews}),
		fault("renewal-66", LenientDHCP, "FIP-DHCP-023", "a renewal has the address's options only",
			dhcpFault{change: func(m *dhcpText, r dhcpRequest) {
				if renews(r) {
					m.drop(66)
				}
			}}),
		fault("fresh", LenientDHCP, "FIP-DHCP-024", "each DISCOVER is offered the next address", dhcpFault{fresh: true}),
		fault("same", LenientDHCP, "FIP-DHCP-025", "everybody is given the same address", dhcpFault{same: true}),
		fault("grants", LenientDHCP, "FIP-DHCP-026", "what a phone claims is its", dhcpFault{grants: true}),
		fault("no-nak", LenientDHCP, "FIP-DHCP-027", "nothing is ever refused, only not answered", dhcpFault{silentNAK: true}),
		fault("any-server", LenientDHCP, "FIP-DHCP-028", "option 54 of a REQUEST is not looked at", dhcpFault{anyServer: true}),
		fault("66-first-phone", LenientDHCP, "FIP-DHCP-031",
			"the list of options is used up by the first phone: a pointer that is not set back",
			dhcpFault{change: firstPhoneOnly(66)}),
		fault("one-at-a-time", OneAtATime, "FIP-DHCP-029", "each address is pinged for a second before it is offered, one after the other",
			dhcpFault{pings: time.Second}),
		fault("dies", AfterMalformed, "FIP-DHCP-030", "the loop ends with the first message that can't be read", dhcpFault{dies: true}),
		fault("other-port", WrongServer, "FIP-DHCP-040", "the URL names the default port, and the server listens at another",
			dhcpFault{url: defaultPort}),
		fault("no-path", WrongServer, "FIP-DHCP-041", "option 66 has the host only", dhcpFault{url: noPath}),
		{"first-url", "dhcp", WrongServer, "FIP-DHCP-042", "every phone is told what the first one was told",
			func(b *behaviour) { b.dhcp.url = firstOfAll() }},
		{"stale-url", "dhcp", WrongServer, "FIP-DHCP-043", "a phone is told what it was told first, though that has changed",
			func(b *behaviour) { b.dhcp.url = firstOfPhone() }},
		fault("own-url", WrongServer, "FIP-DHCP-045", "phones with a reservation are told the root, where their files were before",
			dhcpFault{url: ownNoPath}),
	}
}

// firstPhoneOnly keeps an option from all phones but the first.
func firstPhoneOnly(code byte) func(*dhcpText, dhcpRequest) {
	var first device.MAC // of the one goroutine that answers
	return func(m *dhcpText, r dhcpRequest) {
		if first == (device.MAC{}) {
			first = r.phone
		}
		if r.phone != first {
			m.drop(code)
		}
	}
}
