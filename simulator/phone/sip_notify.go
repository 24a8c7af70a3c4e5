package phone

import (
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// checkSync is the event that makes a phone provision (Guide, "SIP NOTIFY Message").
const checkSync = "check-sync"

// allowEvents tells the events that the phone knows (RFC 6665 §8.2.2).
const allowEvents = "Allow-Events: " + checkSync

// notify answers a NOTIFY outside of a dialog. "The IP phone will perform auto
// provisioning when receiving a SIP NOTIFY message which contains the header "Event:
// check-sync"" (Guide, "SIP NOTIFY Message"). RFC 6665 knows no NOTIFY without a
// subscription; check-sync is older, and sent without one by everybody. Phone.Trigger
// obeys the setting sip.notify_reboot_enable; whatever that is, the answer is 200.
func (c *sipCore) notify(r *sipRequest, rules *sipRules) (sipReply, sipAction) {
	if rules.registrars != nil && !rules.registrars[r.from.Addr()] {
		return sipReply{403, "Forbidden", nil}, sipAction{}
	}
	if rules.digest {
		if challenges := c.authorize(r, rules); challenges != nil {
			return sipReply{401, "Unauthorized", challenges}, sipAction{}
		}
	}
	events := r.all("event")
	if len(events) > 1 {
		return sipReply{400, "More Than One Event", nil}, sipAction{}
	}
	known, reboot := parseEvent(r.first("event"))
	if !known {
		return sipReply{489, "Bad Event", []string{allowEvents}}, sipAction{}
	}
	trigger := device.CheckSync
	if reboot {
		trigger = device.CheckSyncReboot
	}
	return sipReply{200, "OK", nil}, sipAction{
		trigger: trigger,
		events:  []trace.Event{{Kind: trace.NotifyCheckSync, Name: string(trigger), Peer: r.from}},
	}
}

// parseEvent reads an Event header: whether it is check-sync, and whether it has the
// parameter reboot=true ("the parameter "reboot = true"", same place), in any case and
// with spaces anywhere between the words.
func parseEvent(value string) (known, reboot bool) {
	name, params, _ := strings.Cut(value, ";")
	known = strings.EqualFold(strings.TrimSpace(name), checkSync)
	for param := range strings.SplitSeq(params, ";") {
		key, set, _ := strings.Cut(param, "=")
		set = strings.Trim(strings.TrimSpace(set), `"`)
		if strings.EqualFold(strings.TrimSpace(key), "reboot") && strings.EqualFold(set, "true") {
			reboot = true
		}
	}
	return known, reboot
}
