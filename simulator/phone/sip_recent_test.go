package phone

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// A request that comes again within 32 s gets the same answer again, and acts once.
func TestSIPAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core := new(sipCore)
		raw := sipMessage("NOTIFY", "Event: check-sync")
		first, action := core.answerRequest(raw, sipSender)
		if action.trigger != device.CheckSync || action.again {
			t.Fatalf("first: %+v", action)
		}
		time.Sleep(sipTimerJ - time.Millisecond)
		second, action := core.answerRequest(raw, sipSender)
		if !action.again || action.trigger != "" || len(action.events) != 0 || !bytes.Equal(first, second) {
			t.Errorf("again: %+v\n%s\n%s", action, first, second)
		}
		for name, other := range map[string][]byte{
			"branch":  sipMessage("NOTIFY", "Event: check-sync", "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK2"),
			"CSeq":    sipMessage("NOTIFY", "Event: check-sync", "CSeq: 2 NOTIFY"),
			"Call-ID": sipMessage("NOTIFY", "Event: check-sync", "Call-ID: b"),
		} {
			if _, action := core.answerRequest(other, sipSender); action.trigger != device.CheckSync {
				t.Errorf("another %s is another request: %+v", name, action)
			}
		}
		time.Sleep(time.Millisecond)
		if _, action := core.answerRequest(raw, sipSender); action.trigger != device.CheckSync {
			t.Errorf("after timer J it is a new request: %+v", action)
		}
		// A CANCEL finds the INVITE that was answered, and changes nothing.
		core.answerRequest(sipMessage("INVITE", "CSeq: 5 INVITE"), sipSender)
		if answer, _ := core.answerRequest(sipMessage("CANCEL", "CSeq: 5 CANCEL"), sipSender); statusOf(answer) != "200 OK" {
			t.Errorf("CANCEL: %s", answer)
		}
	})
}

// What is remembered of a flood is bounded.
func TestSIPFloodIsForgotten(t *testing.T) {
	t.Parallel()
	core := new(sipCore)
	for i := range 10000 {
		core.answerRequest(sipMessage("NOTIFY", "Event: check-sync", fmt.Sprintf("Call-ID: %d", i)), sipSender)
	}
	if n := len(core.recent.entries); n != sipRemembered {
		t.Errorf("%d answers are remembered, want %d", n, sipRemembered)
	}
}
