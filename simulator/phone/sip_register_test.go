package phone_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

// An account's life: it registers with the provisioned password, refreshes before the
// registration expires, hears a check-sync through it, registers anew with what that
// brought, and unregisters when the phone goes off.
func TestRegisterLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(challenges(401, "auth1001", "p#w=1", "MD5", accepts()))
		l, side := office.calls(t, account("account.1.display_name=Front \"desk\""))
		l.at(130 * time.Second)
		if got, want := states(side), "1 sip:1001@192.0.2.30 registered"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		reg.behave(challenges(401, "auth1001", "new", "SHA-256", accepts()))
		office.serve(serverA, "0021f2000001.cfg", account("account.1.password=new"))
		reg.notify("check-sync", 1)
		l.at(150 * time.Second)
		l.off()
		golden(t, "register.golden", l.registerStory())
		if diff := cmp.Diff([]string{"60", "60", "60", "60", "60", "60", "0"}, reg.asked("Expires")); diff != "" {
			t.Errorf("Expires (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int{200}, reg.answered()); diff != "" {
			t.Errorf("answers to the NOTIFY (-want +got):\n%s", diff)
		}
		if side.Registrations() != nil || side.Addr().IsValid() {
			t.Errorf("without power: %v at %s", side.Registrations(), side.Addr())
		}
	})
}

// The REGISTER is what RFC 3261 §10.2 and the settings say.
func TestRegisterRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		office.net.AddHost("proxy.example", registrarAt.Addr())
		l, _ := office.calls(t, account("account.1.display_name=Front \"desk\"", "account.1.user_name=10 01@x", "account.1.sip_server_host=pbx.example",
			"account.1.sip_server_port=5080", "account.1.outbound_proxy_enable=1", "account.1.outbound_host=proxy.example"))
		l.at(time.Second)
		l.off()
		reg.mu.Lock()
		defer reg.mu.Unlock()
		r := reg.requests[0]
		via := r.Via()
		branch, _ := via.Params.Get("branch")
		tag, _ := r.From().Params.Get("tag")
		want := strings.ReplaceAll(fmt.Sprintf(`REGISTER sip:pbx.example:5080 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;branch=%s;rport
Max-Forwards: 70
Route: <sip:proxy.example:5060;lr>
From: "Front \"desk\"" <sip:10%%2001%%40x@pbx.example>;tag=%s
To: "Front \"desk\"" <sip:10%%2001%%40x@pbx.example>
Call-ID: %s
CSeq: 1 REGISTER
Contact: <sip:10%%2001%%40x@192.0.2.1:5060>
Expires: 60
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY
User-Agent: Flyingvoice FIP14G V0.5.15 00:21:F2:00:00:01
Content-Length: 0

`, branch, tag, r.CallID().Value()), "\n", "\r\n")
		if diff := cmp.Diff(want, r.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if len(branch) < 16 || !strings.HasPrefix(branch, "z9hG4bK") || tag == "" {
			t.Errorf("branch %q, tag %q", branch, tag)
		}
	})
}

// A registrar that never answers is asked on the schedule of RFC 3261 §17.1.2.2, and
// keeps neither the phone's passes nor its going off.
func TestRegisterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.register(func(*sip.Request) []string { return nil })
		l, side := office.calls(t, account())
		l.at(65 * time.Second)
		if got := states(side); got != "1 sip:1001@192.0.2.30 failed" {
			t.Error(got)
		}
		start := time.Now()
		l.off()
		if took := time.Since(start); took != 0 {
			t.Errorf("going off took %v", took)
		}
		golden(t, "register-silence.golden", l.registerStory())
	})
}

// A registrar that falls silent when the phone goes off does not keep it for long.
func TestUnregisterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		l, _ := office.calls(t, account())
		l.at(time.Second)
		reg.behave(func(*sip.Request) []string { return nil })
		start := time.Now()
		l.off()
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("going off took %v, want 4 s", took)
		}
	})
}

// Accounts that did not change are left alone; what is switched off unregisters, what
// is new registers, what the model has not never does.
func TestRegisterChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		second := strings.ReplaceAll(account(), "account.1.", "account.2.")
		second = strings.ReplaceAll(second, "1001", "1002")
		ninth := strings.ReplaceAll(account(), "account.1.", "account.9.")
		l, side := office.calls(t, account("account.1.sip_server.1.expires=3600")+"account.3.user_name=1003\n"+ninth)
		l.at(time.Second)
		if got, want := states(side), "1 sip:1001@192.0.2.30 registered, 3 sip:1003@ off"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		office.serve(serverA, "0021f2000001.cfg", second)
		reg.notify("check-sync", 1)
		l.at(2 * time.Second)
		if got, want := states(side), "1 sip:1001@192.0.2.30 registered, 2 sip:1002@192.0.2.30 registered, 3 sip:1003@ off"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		office.serve(serverA, "0021f2000001.cfg", "account.1.enable=0\n")
		reg.notify("check-sync", 2)
		l.at(3 * time.Second)
		if got, want := states(side), "1 sip:1001@192.0.2.30 off, 2 sip:1002@192.0.2.30 registered, 3 sip:1003@ off"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		l.off()
		if diff := cmp.Diff([]string{"3600", "60", "0", "0"}, reg.asked("Expires")); diff != "" {
			t.Errorf("Expires (-want +got):\n%s", diff)
		}
	})
}

// Over TCP the connection stays, a check-sync arrives through it, and a connection that
// ends is replaced.
func TestRegisterTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		l, side := office.calls(t, account("account.1.transport=1", "account.1.sip_server.1.expires=3600"))
		l.at(90 * time.Second)
		reg.notify("check-sync", 1)
		l.at(91 * time.Second)
		if got := fmt.Sprintf("%v, %d passes", reg.answered(), l.Status().Passes); got != "[200], 2 passes" {
			t.Error(got)
		}
		office.net.HandleTCP(registrarAt, nil) // the next connection is refused
		reg.hangUp()
		l.at(91*time.Second + 500*time.Millisecond)
		if got := states(side); got != "1 sip:1001@192.0.2.30 registering" {
			t.Error(got)
		}
		l.at(93 * time.Second)
		if got := states(side); got != "1 sip:1001@192.0.2.30 failed" {
			t.Error(got)
		}
		l.off()
	})
}
