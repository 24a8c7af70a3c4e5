package faulty

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/fipsim/fipsim/simulator/device"
)

// pnpFaults are about SIP PnP. Their server serves files over HTTP, and rightly.
func pnpFaults() []spec {
	pnp := func(name string, clause Clause, rule, doc string, f pnpFault) spec {
		return spec{name, "pnp", clause, rule, doc, func(b *behaviour) { b.pnp = f }}
	}
	answer := func(name, rule, doc string, change func(*sipText, *pnpCall)) spec {
		return pnp(name, LenientPnP, rule, doc, pnpFault{answer: change})
	}
	notify := func(name, rule, doc string, change func(*sipText, *pnpCall)) spec {
		return pnp(name, LenientPnP, rule, doc, pnpFault{notify: change})
	}
	faults := []spec{
		pnp("no-notify", LenientPnP, "FIP-PNP-001", "the SUBSCRIBE is accepted, and no NOTIFY follows", pnpFault{noNotify: true}),
		pnp("wrong-port", LenientPnP, "FIP-PNP-001", "everything goes to port 5060 of the phone, whatever its Via and Contact say",
			pnpFault{to: func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), 5060) }}),
		pnp("no-answer", LenientPnP, "FIP-PNP-002", "a NOTIFY without the 200 before it", pnpFault{noAnswer: true}),
		pnp("any-event", LenientPnP, "FIP-PNP-047", "every SUBSCRIBE is taken for one to ua-profile", pnpFault{anyEvent: true}),
		pnp("once", Lost, "FIP-PNP-040", "a NOTIFY is sent once: scripts", pnpFault{once: true}),
		pnp("fresh", LenientPnP, "FIP-PNP-041", "a NOTIFY that is sent again has another branch and CSeq", pnpFault{fresh: true}),
		pnp("endless", LenientPnP, "FIP-PNP-042", "a NOTIFY is sent seven times, answered or not", pnpFault{endless: true}),
		pnp("deaf", Lost, "FIP-PNP-043", "a Call-ID that was seen is not answered again", pnpFault{deaf: true}),
		pnp("fresh-tag", LenientPnP, "FIP-PNP-044", "each arrival of a SUBSCRIBE makes another dialog", pnpFault{freshTag: true}),
		pnp("cancels", Duplicated, "FIP-PNP-045", "a second SUBSCRIBE with Expires 0 is taken for the end of the first",
			pnpFault{cancels: true}),
		pnp("one-at-a-time", OneAtATime, "FIP-PNP-046", "other phones' SUBSCRIBEs are lost until a NOTIFY was answered, or given up",
			pnpFault{oneAtATime: true, endless: true}),
		pnp("dies", AfterMalformed, "FIP-PNP-048", "the loop ends with the first message that can't be read", pnpFault{dies: true}),
		pnp("other-port", WrongServer, "FIP-PNP-050", "the URL names the default port, and the server listens at another",
			pnpFault{url: defaultPort}),
		pnp("no-path", WrongServer, "FIP-PNP-051", "the URL's path is lost: only host and port are put together", pnpFault{url: noPath}),
		{"first-url", "pnp", WrongServer, "FIP-PNP-052", "every phone is told what the first one was told",
			func(b *behaviour) { b.pnp.url = firstOfAll() }},
		{"stale-url", "pnp", WrongServer, "FIP-PNP-053", "a phone is told what it was told first, though that has changed",
			func(b *behaviour) { b.pnp.url = firstOfPhone() }},
		pnp("own-url", WrongServer, "FIP-PNP-054",
			"phones with accounts are told the root, where their files were before: a table that nobody keeps",
			pnpFault{url: ownNoPath}),
	}
	faults = append(faults, pnpAnswerFaults(answer)...)
	faults = append(faults, pnpNotifyFaults(notify)...)
	return append(faults, pnpHeadFaults(notify)...)
}

// pnpAnswerFaults are about the 200.
func pnpAnswerFaults(fault func(name, rule, doc string, change func(*sipText, *pnpCall)) spec) []spec {
	return []spec{
		fault("answer-not-sip", "FIP-PNP-007", "the status line has no number", func(m *sipText, _ *pnpCall) { m.start = "SIP/2.0 OK" }),
		fault("answer-via", "FIP-PNP-010", "the answer has a Via of the server's own",
			func(m *sipText, c *pnpCall) { m.set("Via", "SIP/2.0/UDP "+c.own+";branch=z9hG4bKown") }),
		fault("answer-from", "FIP-PNP-011", "the answer's From has lost its tag",
			func(m *sipText, c *pnpCall) { m.set("From", "<"+address(m.get("From"))+">") }),
		fault("answer-call-id", "FIP-PNP-012", "the answer has a Call-ID of the server's own", func(m *sipText, _ *pnpCall) {
			m.set("Call-ID",
				"1@server")
		}),
		fault("answer-cseq", "FIP-PNP-013", "the answer counts on: CSeq 2", func(m *sipText, _ *pnpCall) { m.set("CSeq", "2 SUBSCRIBE") }),
		fault("answer-cseq-method", "FIP-PNP-013", "the answer's CSeq is of NOTIFY", func(m *sipText, _ *pnpCall) {
			m.set("CSeq",
				"1 NOTIFY")
		}),
		fault("answer-no-contact", "FIP-PNP-015", "the answer has no Contact", func(m *sipText, _ *pnpCall) { m.drop("Contact") }),
		fault("answer-no-expires", "FIP-PNP-016", "the answer has no Expires", func(m *sipText, _ *pnpCall) { m.drop("Expires") }),
		fault("answer-long-expires", "FIP-PNP-016", "the answer grants an hour where 0 was asked for",
			func(m *sipText, _ *pnpCall) { m.set("Expires", "3600") }),
		fault("answer-202", "FIP-PNP-017", "the answer is 202 Accepted, as it was before RFC 6665",
			func(m *sipText, _ *pnpCall) { m.start = "SIP/2.0 202 Accepted" }),
		fault("answer-no-tag", "FIP-PNP-014", "the SUBSCRIBE's To comes back as it was",
			func(m *sipText, c *pnpCall) { m.set("To", c.request.head["to"]) }),
	}
}

// pnpNotifyFaults are about the NOTIFY's body.
func pnpNotifyFaults(fault func(name, rule, doc string, change func(*sipText, *pnpCall)) spec) []spec {
	return []spec{
		fault("empty", "FIP-PNP-003", "the NOTIFY has no body: the URL was not configured", func(m *sipText, _ *pnpCall) { m.body = "" }),
		fault("xml", "FIP-PNP-004", "the body is a profile in XML, with the URL in it",
			func(m *sipText, c *pnpCall) { m.body = "<profile><url>" + c.url + "</url></profile>" }),
		fault("quoted", "FIP-PNP-004", "quotation marks stand around the URL", func(m *sipText, c *pnpCall) { m.body = `"` + c.url + `"` }),
		fault("two-urls", "FIP-PNP-005", "a second URL stands on a second line",
			func(m *sipText, c *pnpCall) { m.body = c.url + "\r\n" + c.url + "backup/" }),
		fault("nul", "FIP-PNP-006", "a NUL ends the URL, as in C", func(m *sipText, c *pnpCall) { m.body = c.url + "\x00" }),
		fault("line-end", "FIP-PNP-006", "a line end follows the URL", func(m *sipText, c *pnpCall) { m.body = c.url + "\r\n" }),
		fault("notify-not-sip", "FIP-PNP-007", "a header line has no name", func(m *sipText, _ *pnpCall) { m.set("X-Server Name", "1") }),
	}
}

// pnpHeadFaults are about the NOTIFY's headers.
func pnpHeadFaults(fault func(name, rule, doc string, change func(*sipText, *pnpCall)) spec) []spec {
	set := func(name, value string) func(*sipText, *pnpCall) {
		return func(m *sipText, _ *pnpCall) { m.set(name, value) }
	}
	drop := func(name string) func(*sipText, *pnpCall) { return func(m *sipText, _ *pnpCall) { m.drop(name) } }
	return []spec{
		fault("call-id", "FIP-PNP-020", "the NOTIFY has a Call-ID of its own: it is sent as a request outside of a dialog", set("Call-ID",
			"n1@server")),
		fault("to-tag", "FIP-PNP-021", "To has a tag that the server made up",
			func(m *sipText, c *pnpCall) { m.set("To", "<"+address(m.get("To"))+">;tag=made-up") }),
		fault("no-to-tag", "FIP-PNP-036", "To has no tag", func(m *sipText, c *pnpCall) { m.set("To", "<"+address(m.get("To"))+">") }),
		fault("from-tag", "FIP-PNP-022", "From has another tag than the answer's To", func(m *sipText, c *pnpCall) {
			m.set("From",
				c.request.head["to"]+";tag=other")
		}),
		fault("no-from-tag", "FIP-PNP-022", "From has no tag", func(m *sipText, c *pnpCall) { m.set("From", c.request.head["to"]) }),
		fault("from-to", "FIP-PNP-023", "From and To are the SUBSCRIBE's: a template is filled in",
			func(m *sipText, c *pnpCall) {
				m.set("From", c.request.head["from"])
				m.set("To", c.request.head["to"]+";tag="+c.tag)
			}),
		fault("via", "FIP-PNP-024", "the SUBSCRIBE's Via comes back", func(m *sipText, c *pnpCall) { m.set("Via", c.request.head["via"]) }),
		fault("branch", "FIP-PNP-024", "the branch lacks the magic cookie: RFC 2543", func(m *sipText, c *pnpCall) {
			m.set("Via",
				"SIP/2.0/UDP "+c.own+";branch=1")
		}),
		fault("via-tcp", "FIP-PNP-024", "the Via says TCP, as where the server serves trunks",
			func(m *sipText, c *pnpCall) { m.set("Via", "SIP/2.0/TCP "+c.own+";branch=z9hG4bK-of-tcp") }),
		fault("request-uri", "FIP-PNP-025", "the NOTIFY is addressed to the group, as the SUBSCRIBE was",
			func(m *sipText, c *pnpCall) { m.start = "NOTIFY " + address(c.request.head["to"]) + " SIP/2.0" }),
		fault("cseq", "FIP-PNP-026", "CSeq is of SUBSCRIBE still", set("CSeq", "1 SUBSCRIBE")),
		fault("max-forwards", "FIP-PNP-027", "the NOTIFY has no Max-Forwards", drop("Max-Forwards")),
		fault("contact", "FIP-PNP-028", "the NOTIFY has no Contact", drop("Contact")),
		fault("event", "FIP-PNP-029", "the event is sync-profile", set("Event", "sync-profile")),
		fault("no-event", "FIP-PNP-029", "the NOTIFY has no Event", drop("Event")),
		fault("state", "FIP-PNP-030", "the NOTIFY has no Subscription-State: RFC 2543 knew none", drop("Subscription-State")),
		fault("active", "FIP-PNP-031", "the subscription stays active for an hour", set("Subscription-State", "active;expires=3600")),
		fault("type", "FIP-PNP-032", "the body is text/plain", set("Content-Type", "text/plain")),
		fault("no-type", "FIP-PNP-032", "the body has no type", drop("Content-Type")),
		fault("length-long", "FIP-PNP-033", "Content-Length counts a line end that is not there",
			func(m *sipText, c *pnpCall) { m.length = "400" }),
		fault("length-none", "FIP-PNP-033", "Content-Length is empty", func(m *sipText, c *pnpCall) { m.length = " " }),
		fault("length-short", "FIP-PNP-033", "Content-Length is fixed, and too short for this URL",
			func(m *sipText, c *pnpCall) { m.length = "12" }),
		fault("lf", "FIP-PNP-034", "lines end with LF: a template of a Unix editor", func(m *sipText, c *pnpCall) { m.eol = "\n" }),
		fault("joined", "FIP-PNP-035", "no empty line stands before the body", func(m *sipText, c *pnpCall) { m.joined = true }),
	}
}

// defaultPort is a URL without its port.
func defaultPort(s *Server, _ device.MAC, right string) string {
	for _, u := range s.urls {
		right = strings.Replace(right, ":"+u.Port()+"/", "/", 1)
	}
	return right
}

// noPath is a URL without its path.
func noPath(_ *Server, _ device.MAC, right string) string {
	scheme, rest, _ := strings.Cut(right, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/"
}

// ownNoPath is a URL without its path for phones that the server knows.
func ownNoPath(s *Server, phone device.MAC, right string) string {
	if phone[3]&0xf0 != 0xd0 { // the range of rosters (scenarios.Roster)
		return right
	}
	return noPath(s, phone, right)
}

// firstOfAll tells everybody the first URL that is no root.
func firstOfAll() func(*Server, device.MAC, string) string {
	var mu sync.Mutex
	first := ""
	return func(s *Server, _ device.MAC, right string) string {
		mu.Lock()
		defer mu.Unlock()
		if noPath(s, device.MAC{}, right) == right {
			return right
		}
		if first == "" {
			first = right
		}
		return first
	}
}

// firstOfPhone tells each phone its first URL.
func firstOfPhone() func(*Server, device.MAC, string) string {
	var told latest
	return func(_ *Server, phone device.MAC, right string) string {
		return string(told.first(phone.String(), []byte(right)))
	}
}
