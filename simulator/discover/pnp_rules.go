package discover

import (
	"net/netip"
	"slices"
	"strings"
)

// rule is one that a responder may break, or a freedom that it may take, without
// losing the phone. Its id is stable: reports name it.
type rule struct {
	id     string
	text   string // where it stands, and what it says
	broken func(*received) bool
}

// received is one message of a responder, with what came before it.
type received struct {
	*sipMessage
	from      netip.AddrPort
	sub       *subscription
	answered  bool                  // somebody accepted the SUBSCRIBE already
	responses map[netip.Addr]string // To tag of each host's 2xx
	urls      int                   // lines of the body
}

// broken returns the rules that a message breaks.
func broken(rules []rule, r *received) []rule {
	var found []rule
	for _, x := range rules {
		if x.broken(r) {
			found = append(found, x)
		}
	}
	return found
}

// formRules hold for requests and responses.
var formRules = []rule{
	{"lf-only", "RFC 3261 §7: each line of the head MUST end with CR LF", func(r *received) bool { return r.lfOnly }},
	{"head-unterminated", "RFC 3261 §7: the empty line MUST be there even if the body is not",
		func(r *received) bool { return r.unterminated }},
	{"content-length-bad", "RFC 3261 §20.14: Content-Length is the body's size in bytes, a number",
		func(r *received) bool { return r.lengthBad }},
	{"content-length", "RFC 3261 §18.3: a packet that ends before its body does, as Content-Length has it, is an error",
		func(r *received) bool { return r.short > 0 }},
	{"content-length-extra", "RFC 3261 §18.3: bytes beyond the body, as Content-Length has it, are discarded",
		func(r *received) bool { return r.extra > 0 }},
}

// responseRules are for a 2xx to the SUBSCRIBE.
var responseRules = append(slices.Clone(formRules), []rule{
	{"response-via", "RFC 3261 §8.2.6.2: the Via of a response MUST equal that of the request", func(r *received) bool {
		via, _ := r.header("via")
		return !strings.Contains(via, r.sub.branch)
	}},
	{"response-from", "RFC 3261 §8.2.6.2: the From of a response MUST equal that of the request",
		func(r *received) bool { return r.tag("from") != r.sub.tag }},
	{"response-to-tag-missing", "RFC 3261 §8.2.6.2: the responder MUST add a tag to the To of its response",
		func(r *received) bool { return r.tag("to") == "" }},
	{"response-contact-missing", "RFC 3261 §12.1.1: the response that makes a dialog MUST have a Contact",
		func(r *received) bool { return !r.has("contact") }},
	{"response-expires-missing", "RFC 6665 §3.1.1: a 200-class response to SUBSCRIBE MUST have an Expires",
		func(r *received) bool { return !r.has("expires") }},
	{"response-expires", "RFC 6665 §3.1.1: the Expires of the response MUST NOT be longer than the SUBSCRIBE's, which is 0",
		func(r *received) bool {
			v, ok := r.header("expires")
			return ok && strings.Trim(v, "0") != ""
		}},
	{"response-202", "RFC 6665 §8.3.1: 202 is deprecated for SUBSCRIBE, the answer is 200",
		func(r *received) bool { return r.status == 202 }},
}...)

// notifyRules are for a NOTIFY.
var notifyRules = append(slices.Clone(formRules), []rule{
	{"request-uri", "RFC 3261 §12.2.1.1: without a route set the Request-URI is the remote target, which is the phone's Contact",
		func(r *received) bool {
			return !strings.EqualFold(strings.Trim(r.uri, "<>"), r.sub.contact())
		}},
	{"via-missing", "RFC 3261 §8.1.1: a request MUST have a Via", func(r *received) bool { return !r.has("via") }},
	{"via-reused", "RFC 3261 §8.1.1.7: a request's Via names its own sender, and its branch MUST be unique; this is the phone's own",
		func(r *received) bool {
			via, _ := r.header("via")
			return strings.Contains(via, r.sub.branch)
		}},
	{"via-branch", "RFC 3261 §8.1.1.7: a request's branch MUST begin with z9hG4bK", func(r *received) bool {
		via, ok := r.header("via")
		return ok && !strings.Contains(strings.ReplaceAll(via, " ", ""), "branch="+branchCookie)
	}},
	{"via-transport", "RFC 3261 §8.1.1.7: the Via names the transport that is used for the transaction, which is UDP",
		func(r *received) bool {
			via, ok := r.header("via")
			protocol, _, _ := strings.Cut(strings.TrimSpace(via), " ")
			return ok && !strings.EqualFold(protocol, "SIP/2.0/UDP") && strings.Count(protocol, "/") == 2
		}},
	{"from-to-reused", "RFC 3261 §12.2.1.1: From is the notifier and To the phone; here they are as in the SUBSCRIBE", (*received).reused},
	{"to-tag-missing", "RFC 3261 §12.2.1.1: the tag of To MUST be the phone's",
		func(r *received) bool { return !r.reused() && r.tag("to") == "" }},
	{"from-tag-missing", "RFC 3261 §8.1.1.3: From MUST have a tag", func(r *received) bool { return r.tag("from") == "" }},
	{"from-tag", "RFC 3261 §12.2.1.1: the tag of From MUST be the one that this host's 200 put into To", func(r *received) bool {
		tag, ok := r.responses[r.from.Addr()]
		return ok && tag != "" && !r.reused() && r.tag("from") != "" && r.tag("from") != tag
	}},
	{"cseq", "RFC 3261 §8.1.1.5: CSeq is a number below 2**31 and the method, NOTIFY", func(r *received) bool {
		number, method, ok := r.cseq()
		return !ok || method != "NOTIFY" || number >= 1<<31
	}},
	{"max-forwards-missing", "RFC 3261 §8.1.1.6: a request MUST have a Max-Forwards",
		func(r *received) bool { return !r.has("max-forwards") }},
	{"contact-missing", "RFC 3265 §7.1, table 1: a NOTIFY has a Contact", func(r *received) bool { return !r.has("contact") }},
	{"event-missing", "RFC 6665 §3.2.1: a NOTIFY names its event package in Event", func(r *received) bool { return !r.has("event") }},
	{"event", "RFC 6665 §3.2.1: the event package MUST be the SUBSCRIBE's, ua-profile", func(r *received) bool {
		return r.has("event") && !strings.EqualFold(r.word("event"), "ua-profile")
	}},
	{"subscription-state-missing", "RFC 6665 §4.2.2: a NOTIFY MUST have a Subscription-State",
		func(r *received) bool { return !r.has("subscription-state") }},
	{"subscription-state", "RFC 6665 §4.4.3: a SUBSCRIBE with Expires 0 polls; the NOTIFY it brings has the state terminated",
		func(r *received) bool {
			return r.has("subscription-state") && !strings.EqualFold(r.word("subscription-state"), "terminated")
		}},
	{"content-type-missing", "RFC 3261 §20.15: Content-Type MUST be there if the body is not empty", func(r *received) bool {
		return len(r.body) > 0 && !r.has("content-type")
	}},
	{"content-type", "RFC 6665 §3.1.3: the body has one of the formats of the SUBSCRIBE's Accept, application/url",
		func(r *received) bool {
			return len(r.body) > 0 && r.has("content-type") && !strings.EqualFold(r.word("content-type"), "application/url")
		}},
	{"body-multiple-urls", "application/url is one URL; the phone took the first line", func(r *received) bool { return r.urls > 1 }},
}...)

// oddityRules are freedoms that RFCs give, and that not every phone takes well.
var oddityRules = []rule{
	{"notify-before-200", "legal: RFC 6665 §4.1.2.4, a subscriber MUST be prepared for a NOTIFY before the SUBSCRIBE's answer",
		func(r *received) bool { return !r.answered }},
	{"compact-headers", "legal: RFC 3261 §7.3.3, a header may have its compact name", func(r *received) bool { return r.compact }},
	{"content-length-missing", "legal over UDP: RFC 3261 §20.14, without Content-Length the body goes to the end of the packet",
		func(r *received) bool { return r.lengthMissed }},
	{"other-address", "legal: a NOTIFY may come from another host or port than the SUBSCRIBE went to", func(r *received) bool {
		_, answered := r.responses[r.from.Addr()]
		return r.from.Port() != defaultSIPPort || len(r.responses) > 0 && !answered
	}},
}

// reused reports whether From carries the phone's own tag: the responder sent the
// SUBSCRIBE's From and To back unchanged.
func (r *received) reused() bool { return r.tag("from") == r.sub.tag }

// word is the first word of a header, before its parameters.
func (r *received) word(name string) string {
	v, _ := r.header(name)
	v, _, _ = strings.Cut(v, ";")
	return strings.TrimSpace(v)
}
