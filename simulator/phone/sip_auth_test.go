package phone

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/fipsim/fipsim/simulator/device"
)

// guarded is a core whose NOTIFYs need the password of account 1001 or 1002.
func guarded() *sipCore {
	core := new(sipCore)
	core.rules.Store(&sipRules{digest: true, realm: "pbx.example", passwords: map[string]string{"1001": "p#w=1", "1002": "other"}})
	return core
}

var notifyNumber int

// answering makes a NOTIFY that answers a challenge in the 401 given.
func answering(t *testing.T, challenged []byte, which int, user, password string, edit func(*digest.Credentials)) []byte {
	t.Helper()
	message, err := sip.ParseMessage(challenged)
	if err != nil {
		t.Fatal(err)
	}
	offers := message.GetHeaders("www-authenticate")
	if len(offers) != 2 {
		t.Fatalf("%d challenges in\n%s", len(offers), challenged)
	}
	challenge, err := digest.ParseChallenge(offers[which].Value())
	if err != nil {
		t.Fatal(err)
	}
	c, err := digest.Digest(challenge, digest.Options{Method: "NOTIFY", URI: "sip:1001@192.0.2.1:5060", Username: user, Password: password, Count: 1})
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(c)
	}
	notifyNumber++
	return sipMessage("NOTIFY", "Event: check-sync;reboot=true", "Authorization: "+c.String(), fmt.Sprintf("CSeq: %d NOTIFY", 100+notifyNumber))
}

// With notify_auth=digest only who knows an account's password is obeyed, once.
func TestNotifyAuthentication(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := guarded()
		challenged, action := core.answerRequest(sipMessage("NOTIFY", "Event: check-sync"), sipSender)
		if statusOf(challenged) != "401 Unauthorized" || action.trigger != "" {
			t.Fatalf("%+v\n%s", action, challenged)
		}
		answer, action := core.answerRequest(answering(t, challenged, 0, "1001", "p#w=1", nil), sipSender)
		if statusOf(answer) != "200 OK" || action.trigger != device.CheckSyncReboot {
			t.Errorf("the right password: %+v\n%s", action, answer)
		}
		// The same nonce with the same count was used by the first answer.
		answer, action = core.answerRequest(answering(t, challenged, 1, "1002", "other", nil), sipSender)
		if action.trigger != "" || !bytes.Contains(answer, []byte("stale=true")) {
			t.Errorf("a count that was used already: %+v\n%s", action, answer)
		}
		fresh, _ := core.answerRequest(sipMessage("NOTIFY", "Event: check-sync", "CSeq: 9 NOTIFY"), sipSender)
		for name, raw := range map[string][]byte{
			"wrong password": answering(t, fresh, 0, "1001", "guess", nil),
			"unknown user":   answering(t, fresh, 0, "admin", "p#w=1", nil),
			"no user":        answering(t, fresh, 0, "", "", nil),
			"changed URI":    answering(t, fresh, 0, "1001", "p#w=1", func(c *digest.Credentials) { c.URI = "sip:1002@192.0.2.1" }),
			"other realm":    answering(t, fresh, 0, "1001", "p#w=1", func(c *digest.Credentials) { c.Realm = "x" }),
			"own nonce":      answering(t, fresh, 0, "1001", "p#w=1", func(c *digest.Credentials) { c.Nonce = "AAAA" }),
			"SHA-512":        answering(t, fresh, 0, "1001", "p#w=1", func(c *digest.Credentials) { c.Algorithm = "SHA-512" }),
			"Basic":          sipMessage("NOTIFY", "Event: check-sync", "Authorization: Basic MTAwMTpwI3c9MQ==", "CSeq: 8 NOTIFY"),
		} {
			if answer, action := core.answerRequest(raw, sipSender); statusOf(answer) != "401 Unauthorized" || action.trigger != "" {
				t.Errorf("%s: %+v\n%s", name, action, answer)
			}
		}
		if answer, action := core.answerRequest(answering(t, fresh, 1, "1002", "other", nil), sipSender); action.trigger == "" {
			t.Errorf("SHA-256: %s", answer)
		}
		time.Sleep(nonceLife + 1)
		if answer, _ := core.answerRequest(answering(t, fresh, 0, "1001", "p#w=1", nil), sipSender); !bytes.Contains(answer, []byte("stale=true")) {
			t.Errorf("an old nonce: %s", answer)
		}
		if answer, _ := core.answerRequest(sipMessage("OPTIONS"), sipSender); statusOf(answer) != "200 OK" {
			t.Errorf("OPTIONS needs no password: %s", answer)
		}
	})
}

// With notify_from=registrar others are refused.
func TestNotifyFrom(t *testing.T) {
	t.Parallel()
	core := new(sipCore)
	core.rules.Store(&sipRules{registrars: map[netip.Addr]bool{sipSender.Addr(): true}})
	raw := sipMessage("NOTIFY", "Event: check-sync")
	if answer, action := core.answerRequest(raw, netip.MustParseAddrPort("198.51.100.1:5060")); statusOf(answer) != "403 Forbidden" || action.trigger != "" {
		t.Errorf("a stranger: %+v\n%s", action, answer)
	}
	if answer, action := core.answerRequest(raw, sipSender); action.trigger != device.CheckSync {
		t.Errorf("the registrar: %+v\n%s", action, answer)
	}
}
