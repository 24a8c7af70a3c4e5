package steps

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// pnpSteps are those about SIP PnP.
func pnpSteps(sc catalogue) {
	sc.When(`^a phone subscribes$`, aPhoneSubscribes)
	sc.When(`^a phone subscribes again$`, aPhoneSubscribesAgain)
	sc.When(`^a phone subscribes, and ((?:its|the first) .+)$`, subscribesWithLoss)
	sc.When(`^many phones subscribe at once$`, phonesSubscribe)
	sc.Given(`^the server got messages that are not SIP$`, theServerGotMalformed)
	sc.When(`^a phone subscribes to an event that no server has$`, subscribesToUnknown)
	sc.Then(`^a NOTIFY comes$`, aNotifyComes)
	sc.Then(`^the SUBSCRIBE is accepted$`, theSubscribeIsAccepted)
	sc.Then(`^the NOTIFY tells a URL$`, theNotifyTellsURL)
	sc.Then(`^the phone can use that URL$`, thePhoneCanUseIt)
	sc.Then(`^there is nothing around that URL$`, nothingAroundURL)
	sc.Then(`^all that comes is SIP$`, allThatComesIsSIP)
	sc.Then(`^the answer carries the Call-ID of the SUBSCRIBE$`, theAnswerHasCallID)
	sc.Then(`^the answer carries the CSeq of the SUBSCRIBE$`, theAnswerHasCSeq)
	sc.Then(`^the NOTIFY carries the Call-ID of the SUBSCRIBE$`, theNotifyHasCallID)
	sc.Then(`^the NOTIFY carries no other tag in To than the phone's$`, theNotifyHasToTag)
	sc.Then(`^the NOTIFY comes again$`, theNotifyComesAgain)
	sc.Then(`^it comes as it was$`, itComesAsItWas)
	sc.Then(`^the NOTIFY that was answered does not come again$`, answeredNotifyStays)
	sc.Then(`^both answers carry the same tag$`, bothAnswersSameTag)
	sc.Then(`^the phone is told a URL all the same$`, toldAllTheSame)
	sc.Then(`^each of them is told a URL$`, eachIsToldURL)
	sc.Then(`^the answer is 489$`, theAnswerIs489)
	for _, s := range pnpForms {
		sc.Then("^"+regexp.QuoteMeta(s.sentence)+"$", s.judge)
	}
}

// pnpForm is a sentence about the form of a message, and the deviations that break it.
// Package discover tells them by stable ids, with the RFC's sentence.
type pnpForm struct {
	sentence string
	notify   bool // of a NOTIFY; else of the answer to a SUBSCRIBE
	ids      []string
}

var pnpForms = []pnpForm{
	{"the answer carries the Via of the SUBSCRIBE", false, []string{"response-via"}},
	{"the answer carries the From of the SUBSCRIBE", false, []string{"response-from"}},
	{"the answer has a tag in To", false, []string{"response-to-tag-missing"}},
	{"the answer has a Contact", false, []string{"response-contact-missing"}},
	{"the answer has an Expires that is no longer than was asked for", false, []string{"response-expires-missing", "response-expires"}},
	{"the answer is 200", false, []string{"response-202"}},
	{"the NOTIFY tells one URL", true, []string{"body-multiple-urls"}},
	{"From and To of the NOTIFY are those of the server and of the phone", true, []string{"from-to-reused"}},
	{"the NOTIFY has a tag in To", true, []string{"to-tag-missing"}},
	{"the NOTIFY carries in From the tag that the server gave itself", true, []string{"from-tag", "from-tag-missing"}},
	{"the NOTIFY has a Via of the server's own", true, []string{"via-missing", "via-reused", "via-branch", "via-transport"}},
	{"the NOTIFY is addressed to the phone's Contact", true, []string{"request-uri"}},
	{"the NOTIFY has a CSeq of its own", true, []string{"cseq"}},
	{"the NOTIFY has Max-Forwards", true, []string{"max-forwards-missing"}},
	{"the NOTIFY has a Contact", true, []string{"contact-missing"}},
	{"the NOTIFY is of the event that was subscribed to", true, []string{"event-missing", "event"}},
	{"the NOTIFY has a Subscription-State", true, []string{"subscription-state-missing"}},
	{"the NOTIFY ends the subscription", true, []string{"subscription-state"}},
	{"the NOTIFY has the type that the phone accepts", true, []string{"content-type-missing", "content-type"}},
	{"Content-Length is right", true, []string{"content-length-bad", "content-length", "content-length-extra"}},
	{"all lines end with CR LF", true, []string{"lf-only"}},
	{"an empty line ends each head", true, []string{unterminated}},
}

// unterminated is the deviation that leaves open where a head ends.
const unterminated = "head-unterminated"

// judge finds fault with a message that deviates.
func (f pnpForm) judge(ctx context.Context) error {
	t := of(ctx).talks.pnp
	need := t.needsAnswer
	if f.notify {
		need = t.needsNotify
	}
	if err := need(); err != nil {
		return err
	}
	if len(t.all(trace.PnPDeviation, unterminated)) > 0 && !slices.Contains(f.ids, unterminated) {
		return blocked("head and body run into each other (see FIP-PNP-035)")
	}
	for _, id := range f.ids {
		if found := t.all(trace.PnPDeviation, id); len(found) > 0 {
			return violated(f.sentence, "it is not so (%s): %s", id, found[0].Detail)
		}
	}
	return nil
}

func aPhoneSubscribes(ctx context.Context) error {
	w := of(ctx)
	t, err := w.ordinaryPnP(ctx)
	if err == nil {
		w.hear(t)
	}
	return err
}

// aNotifyComes judges only whether one comes: whether the phone can make anything of
// it, other rules say.
func aNotifyComes(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.notified()) > 0 || len(t.came("NOTIFY")) > 0 {
		return nil
	}
	if malformed := t.all(trace.PnPIgnored, "malformed"); len(malformed) > 0 {
		return blocked("something else came (see FIP-PNP-007): %s", malformed[0].Detail)
	}
	return violated("a NOTIFY", "%s", t.what())
}

func theSubscribeIsAccepted(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.accepted()) > 0 {
		return nil
	}
	for _, name := range []string{"malformed", "foreign", "cseq"} {
		if odd := t.all(trace.PnPIgnored, name); len(odd) > 0 && len(t.came("SIP/2.0 2"))+len(t.all(trace.PnPIgnored, "malformed")) > 0 {
			return blocked("an answer came that is none (see FIP-PNP-007, FIP-PNP-012, FIP-PNP-013): %s", odd[0].Detail)
		}
	}
	if refused := t.all(trace.PnPResponse, ""); len(refused) > 0 {
		return violated("200", "the server answers %s %s", refused[0].Name, refused[0].Detail)
	}
	return violated("200", "no answer to the SUBSCRIBE came within the phone's time")
}

func theNotifyTellsURL(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if err := t.needsNotify(); err != nil {
		return err
	}
	if joined := t.all(trace.PnPDeviation, unterminated); t.err != nil && len(joined) > 0 {
		return blocked("head and body run into each other (see FIP-PNP-035)")
	}
	if useless := t.all(trace.PnPIgnored, "no-url"); t.err != nil && len(useless) > 0 {
		return violated("a NOTIFY with a URL", "it is %s", useless[0].Detail)
	}
	return nil
}

func thePhoneCanUseIt(ctx context.Context) error {
	w := of(ctx)
	t := w.talks.pnp
	if t.err != nil {
		return blocked("no URL was told: %s", t.what())
	}
	u, err := config.ParseURL(t.offer.URL, device.MAC{}, true)
	switch {
	case err != nil:
		return violated("a URL", "%v", err)
	case u.Scheme == "file":
		return violated("a URL of one of the four protocols", "%s leads to no server", t.offer.URL)
	}
	return nil
}

// nothingAroundURL looks at the bytes: phones cut white space, as far as is known.
func nothingAroundURL(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if t.err != nil {
		return blocked("no URL was told: %s", t.what())
	}
	for _, m := range t.came("NOTIFY") {
		_, body, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
		if rest := strings.TrimSpace(strings.Trim(body, "\x00")); len(rest) > 0 && rest != body && !strings.ContainsAny(rest, "\r\n") {
			return violated("a body that is the URL and nothing else", "the body is %q", body)
		}
	}
	return nil
}

func allThatComesIsSIP(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if odd := t.all(trace.PnPIgnored, "malformed"); len(odd) > 0 {
		return violated("SIP messages", "%s", odd[0].Detail)
	}
	if len(t.accepted()) == 0 && len(t.notified()) == 0 && len(t.came("")) == 0 {
		return blocked("nothing came: %s", t.what())
	}
	return nil
}

// A message with another Call-ID, tag or CSeq is nobody's: it counts as such only where
// no proper one came beside it.

func theAnswerHasCallID(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.all(trace.PnPResponse, "")) > 0 {
		return nil
	}
	for _, m := range t.came("SIP/2.0") {
		if id := header(m.Raw, "call-id", "i"); id != header(t.messages[0].Raw, "call-id") {
			return violated("the Call-ID of the SUBSCRIBE in its answer", "it is %q", id)
		}
	}
	return t.needsAnswer()
}

func theAnswerHasCSeq(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if odd := t.all(trace.PnPIgnored, "cseq"); len(odd) > 0 && len(t.accepted()) == 0 {
		return violated("the CSeq of the SUBSCRIBE in its answer", "%s came", odd[0].Detail)
	}
	for _, m := range t.came("SIP/2.0 2") {
		if want, got := header(t.messages[0].Raw, "cseq"), header(m.Raw, "cseq"); len(t.accepted()) > 0 && !sameFields(want, got) {
			return violated("CSeq: "+want, "it is %q", got)
		}
	}
	return t.needsAnswer()
}

// sameFields compares but for the number of blanks.
func sameFields(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

func theNotifyHasCallID(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if len(t.notified()) > 0 {
		return nil
	}
	for _, m := range t.came("NOTIFY") {
		if id := header(m.Raw, "call-id", "i"); id != header(t.messages[0].Raw, "call-id") {
			return violated("the Call-ID of the SUBSCRIBE in the NOTIFY", "it is %q", id)
		}
	}
	return blocked("no NOTIFY came (see FIP-PNP-001): %s", t.what())
}

func theNotifyHasToTag(ctx context.Context) error {
	t := of(ctx).talks.pnp
	if odd := t.all(trace.PnPIgnored, "tag"); len(odd) > 0 {
		return violated("the tag of the phone's From in the NOTIFY's To", "%s came", odd[0].Detail)
	}
	return t.needsNotify()
}
