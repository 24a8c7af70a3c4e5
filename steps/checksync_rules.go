package steps

import (
	"bytes"
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func aNotifyReaches(ctx context.Context) error {
	if t := of(ctx).talks.sync; len(t.heard()) == 0 {
		return violated("a NOTIFY at the address where the phone listens", "none came")
	}
	return nil
}

// needsSync returns an obstacle where no NOTIFY came.
func (t *syncTalk) needsSync() error {
	if len(t.heard()) == 0 {
		return blocked("no NOTIFY reached the phone (see FIP-TRIG-010)")
	}
	return nil
}

// checkSyncEvent is what the guide wants to see: "contains the header "Event:
// check-sync"".
var checkSyncEvent = regexp.MustCompile(`(?i)^check-sync\s*(;|$)`)

func (t *syncTalk) isCheckSync() bool {
	return checkSyncEvent.MatchString(header(t.heard()[0].raw, "event", "o"))
}

func itsEventIsCheckSync(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsSync(); err != nil {
		return err
	}
	if first := t.heard()[0]; !t.isCheckSync() {
		return violated("Event: check-sync", "the phone was sent Event: %q", header(first.raw, "event", "o"))
	}
	return nil
}

func lostNotifyComesAgain(ctx context.Context) error {
	t := of(ctx).talks.sync
	if t.lost == 0 {
		return blocked("no NOTIFY reached the phone (see FIP-TRIG-010)")
	}
	if len(t.heard()) == 0 {
		return violated("the NOTIFY that was lost, again", "it did not come again")
	}
	return nil
}

// notifyComesAsItWas judges the NOTIFY that is sent again because no answer came.
func notifyComesAsItWas(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsSync(); err != nil {
		return err
	}
	all := t.heard()
	if len(all) < 2 {
		return blocked("the NOTIFY did not come again (see FIP-TRIG-015)")
	}
	for _, name := range []string{"via", "call-id", "cseq"} {
		short := map[string]string{"via": "v", "call-id": "i"}[name]
		if a, b := header(all[0].raw, name, short), header(all[1].raw, name, short); a != b {
			return violated("the same NOTIFY again", "%s was %q, and is %q then: to a phone that is another one", name, a, b)
		}
	}
	return nil
}

func notifyComesOnce(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsSync(); err != nil {
		return err
	}
	for _, n := range t.heard() {
		if n.answered {
			after := n.at.Sub(t.heard()[0].at).Round(time.Millisecond)
			return violated("no NOTIFY after the phone's 200", "a further one came %v after the first", after)
		}
	}
	return nil
}

// needsEvent returns an obstacle where what came is no check-sync.
func (t *syncTalk) needsEvent() error {
	if err := t.needsSync(); err != nil {
		return err
	}
	if !t.isCheckSync() {
		return blocked("what came is no check-sync (see FIP-TRIG-011)")
	}
	return nil
}

// theNotifiedHolds judges what a phone that was told to provision was given.
func theNotifiedHolds(ctx context.Context, key, want, wrong string) error {
	if err := of(ctx).talks.sync.needsEvent(); err != nil {
		return err
	}
	return itHoldsAndNot(ctx, key, want, wrong)
}

// theRebootedIsProvisioned judges a phone that was told to reboot.
func theRebootedIsProvisioned(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsEvent(); err != nil {
		return err
	}
	if !t.moved {
		return blocked("the phone was not told to reboot (see FIP-TRIG-013)")
	}
	return itIsProvisionedFromThere(ctx)
}

func thePhoneReboots(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsEvent(); err != nil {
		return err
	}
	if !t.moved {
		return violated("reboot=true in the Event header", "it is %q", header(t.heard()[0].raw, "event", "o"))
	}
	return nil
}

func thePhoneDoesNotReboot(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsEvent(); err != nil {
		return err
	}
	if t.moved {
		return violated("no reboot=true in the Event header", "it is %q", header(t.heard()[0].raw, "event", "o"))
	}
	return nil
}

// requestIsWhole: "A valid SIP request formulated by a UAC MUST, at a minimum, contain
// the following header fields: To, From, CSeq, Call-ID, Max-Forwards, and Via" (RFC 3261
// §8.1.1).
func requestIsWhole(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsSync(); err != nil {
		return err
	}
	raw := t.heard()[0].raw
	short := map[string]string{"To": "t", "From": "f", "Call-ID": "i", "Via": "v"}
	for _, name := range []string{"To", "From", "CSeq", "Call-ID", "Max-Forwards", "Via"} {
		if header(raw, name, short[name]) == "" {
			return violated("To, From, CSeq, Call-ID, Max-Forwards and Via in the NOTIFY", "%s is missing", name)
		}
	}
	switch {
	case !strings.Contains(header(raw, "from", "f"), "tag="):
		return violated("a tag in From", "From is %q", header(raw, "from", "f"))
	case !strings.Contains(header(raw, "via", "v"), "branch=z9hG4bK"):
		return violated("a branch that begins with z9hG4bK in Via", "Via is %q", header(raw, "via", "v"))
	case !strings.HasSuffix(header(raw, "cseq"), " NOTIFY"):
		return violated("a number and NOTIFY in CSeq", "CSeq is %q", header(raw, "cseq"))
	}
	return nil
}

// requestIsFramed judges line ends and Content-Length.
func requestIsFramed(ctx context.Context) error {
	t := of(ctx).talks.sync
	if err := t.needsSync(); err != nil {
		return err
	}
	raw := t.heard()[0].raw
	head, body, whole := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !whole || bytes.Contains(bytes.ReplaceAll(head, []byte("\r\n"), nil), []byte("\n")) {
		return violated("lines that end with CR LF, and an empty line after the head", "they don't")
	}
	if text := header(raw, "content-length", "l"); text != "" {
		if n, err := strconv.Atoi(text); err != nil || n != len(body) {
			return violated("the body's length in Content-Length", "it is %q, and %d bytes follow the head", text, len(body))
		}
	}
	return nil
}
