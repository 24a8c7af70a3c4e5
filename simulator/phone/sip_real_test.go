package phone_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/testbed"
	"github.com/fipsim/fipsim/simulator/trace"
)

// inField gives a phone power on the testbed's phone side, provisioned by cfg from
// disk, where publishing anew is republish(cfg).
func inField(t *testing.T, tb *testbed.Testbed, cfg string, set ...string) (l *living, side *phone.SIP, republish func(string)) {
	t.Helper()
	t.TempDir() // so that the folders are removed when the phone is off
	served := make(chan string, 1)
	served <- cfg
	side = phone.NewSIP(phone.SIPOptions{Listen: "0.0.0.0:5060"})
	l = &living{t: t, events: new(trace.Recorder), start: time.Now(), done: make(chan error, 1)}
	o := phone.Options{
		Network: tb.Phone.Network(), Trace: trace.NewStream(device.DefaultMAC, l.events), Attach: []phone.Attachment{side},
		Finders: map[string]discover.Finder{"static": rendered{t, served}},
	}
	for _, option := range append(set, "rediscover=always", "reboot_time=50ms") {
		key, value, _ := strings.Cut(option, "=")
		if err := o.Behaviour.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if l.Phone, err = phone.New(o); err != nil {
		t.Fatal(err)
	}
	l.on()
	t.Cleanup(l.off)
	return l, side, func(cfg string) {
		<-served
		served <- cfg
	}
}

// rendered is a way to a folder that holds what was served last.
type rendered struct {
	t      *testing.T
	served chan string
}

func (r rendered) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	cfg := <-r.served
	r.served <- cfg
	return discover.Static{URL: publish(r.t, tree{"0021f2000001.cfg": cfg})}.Find(ctx, id)
}

// wait waits for the n-th event of a kind, from 1.
func (l *living) wait(n int, kind trace.Kind, detail string) trace.Event {
	l.t.Helper()
	e, err := l.events.Wait(l.lives, func(e trace.Event) bool {
		if e.Kind == kind && strings.Contains(e.Name+" "+e.Detail, detail) {
			n--
		}
		return n == 0
	})
	if err != nil {
		l.t.Fatalf("%s %s: %v\n%s", kind, detail, err, strings.Join(l.story(), "\n"))
	}
	return e
}

// kamailio registers what was provisioned, over UDP and TCP, with MD5 and SHA-256; its
// check-sync arrives over that registration and brings new settings, with which the
// phone registers anew; with reboot=true the phone unregisters, and comes back.
func TestKamailio(t *testing.T) {
	tests := []struct{ name, algorithm, transport, contact string }{
		{"UDP", "MD5", "0", "sip:1001@10.66.1.1:5060"},
		{"TCP", "MD5", "1", "sip:1001@10.66.1.1:5060;transport=tcp"},
		{"SHA-256", "SHA-256", "0", "sip:1001@10.66.1.1:5060"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tb := testbed.New(t, testbed.RegistrarNeeds)
			registrar := tb.StartRegistrar(test.algorithm)
			cfg := func(user string) string {
				return fmt.Sprintf("account.1.enable=1\naccount.1.sip_server_host=%s\naccount.1.user_name=%s\naccount.1.auth_name=auth\n"+
					"account.1.password=%s\naccount.1.transport=%s\naccount.1.sip_server.1.expires=600\n", registrar.Addr, user, testbed.Password, test.transport)
			}
			l, side, republish := inField(t, tb, cfg("1001"))
			l.wait(1, trace.RegisterDone, "1001")
			if got := registrar.Contact("1001"); got != test.contact {
				t.Errorf("kamailio knows 1001 at %q, want %q", got, test.contact)
			}
			if got := expiresIn(side, 1).Minutes(); got < 9 || got > 10 {
				t.Errorf("registered for %v minutes, want 10", got)
			}
			republish(cfg("1002"))
			if got := registrar.Notify("1001", "check-sync;reboot=false"); got != 200 {
				t.Errorf("kamailio says %d of the NOTIFY", got)
			}
			l.wait(1, trace.RegisterDone, "1002")
			if got := registrar.Contact("1001"); got != "" {
				t.Errorf("kamailio still knows 1001 at %q", got)
			}
			if got := registrar.Notify("1002", "talk"); got != 489 {
				t.Errorf("kamailio says %d of another event", got)
			}
			if got := registrar.Notify("1002", "Check-Sync ; Reboot = TRUE"); got != 200 {
				t.Errorf("kamailio says %d of the NOTIFY", got)
			}
			l.wait(1, trace.RegisterOff, "1002")
			l.wait(2, trace.RegisterDone, "1002")
			if got := l.Status(); got.Reboots != 1 || got.Passes != 3 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A wrong password is shown as such.
func TestKamailioWrongPassword(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, testbed.RegistrarNeeds)
	registrar := tb.StartRegistrar("MD5")
	l, side, republish := inField(t, tb, fmt.Sprintf("account.1.enable=1\naccount.1.sip_server_host=%s\naccount.1.user_name=1001\n"+
		"account.1.password=wrong!\n", registrar.Addr))
	e := l.wait(1, trace.RegisterFailed, "")
	want := phone.Registration{Account: 1, AOR: "sip:1001@" + registrar.Addr.String(), Server: registrar.Addr.String() + ":5060", State: phone.RegistrationFailed,
		Detail: `the registrar refuses user "1001" with the password of account 1 (401 Unauthorized, Digest MD5, realm "pbx.example")`}
	if diff := cmp.Diff(want, side.Registrations()[0]); diff != "" || e.Fault != trace.Unauthorized {
		t.Errorf("fault %s (-want +got):\n%s", e.Fault, diff)
	}
	if all := strings.Join(l.story(), "\n"); strings.Contains(all, "wrong!") {
		t.Errorf("the password is in\n%s", all)
	}
	republish(fmt.Sprintf("account.1.password=%s\n", testbed.Password))
	l.Trigger(device.SaveApply)
	l.wait(1, trace.RegisterDone, "")
}

// SIPp sends twelve spellings of check-sync, over UDP and over TCP; half of them are
// not to be obeyed.
func TestSIPpCheckSync(t *testing.T) {
	t.Parallel()
	tests := []struct{ scenario, event string }{
		{"obeyed", "Event: check-sync"},
		{"obeyed", "Event: check-sync;reboot=false"},
		{"obeyed", "EVENT: CHECK-SYNC"},
		{"obeyed", "o: check-sync"},
		{"obeyed", "Event: Check-Sync ; Reboot = TRUE"},
		{"obeyed", "o:check-sync;reboot=true"},
		{"bad-event", "Event: checksync"},
		{"bad-event", "Event: check-sync2;reboot=true"},
		{"bad-event", "Event: resync"},
		{"bad-event", "X-Event: check-sync"},
		{"bad-event", "Event: check.sync;reboot=true"},
		{"in-dialog", "Event: check-sync;reboot=true"},
	}
	tb := testbed.New(t, testbed.SIPpNeeds)
	l, side, _ := inField(t, tb, "account.1.label=x\n")
	passes, reboots := 1, 0
	for i, test := range tests {
		l.wait(passes, trace.IntervalNext, "")
		l.wait(reboots+1, trace.SIPListening, "")
		tb.PlaySIPp("testdata/sipp/"+test.scenario+".xml", phoneAtField, i%2 == 1, "event", test.event)
		if test.scenario != "obeyed" {
			continue
		}
		passes++
		if strings.Contains(strings.ToLower(test.event), "true") {
			reboots++
		}
	}
	l.wait(passes, trace.IntervalNext, "")
	if got := l.Status(); got.Passes != uint64(passes) || got.Reboots != reboots || side.Counts().CheckSync != 6 {
		t.Errorf("%d passes, %d reboots, %+v; want %d, %d", got.Passes, got.Reboots, side.Counts(), passes, reboots)
	}
}

// With notify_auth=digest SIPp must know the password.
func TestSIPpChallenged(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, testbed.SIPpNeeds)
	l, side, _ := inField(t, tb, fmt.Sprintf("account.1.enable=1\naccount.1.sip_server_host=%s\naccount.1.user_name=1001\n"+
		"account.1.auth_name=auth1001\naccount.1.password=secret\n", tb.Server.Addr), "notify_auth=digest")
	l.wait(1, trace.SIPListening, "")
	tb.PlaySIPp("testdata/sipp/wrong-password.xml", phoneAtField, false)
	if got := side.Counts().CheckSync; got != 0 {
		t.Errorf("%d NOTIFYs obeyed with a wrong password", got)
	}
	tb.PlaySIPp("testdata/sipp/challenged.xml", phoneAtField, false)
	l.wait(1, trace.PassStart, "check-sync")
}
