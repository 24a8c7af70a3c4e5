package phone_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
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

// A wrong password is shown as such, tried again later and later, and is nowhere to be
// read.
func TestRegisterWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.register(challenges(401, "auth1001", "right", "MD5", accepts()))
		l, side := office.calls(t, account())
		l.at(2 * time.Minute)
		r := side.Registrations()[0]
		want := phone.Registration{Account: 1, AOR: "sip:1001@192.0.2.30", Server: "192.0.2.30:5060", State: phone.RegistrationFailed,
			Detail: `the registrar refuses user "auth1001" with the password of account 1 (401 Unauthorized, Digest MD5, realm "pbx.example")`}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		l.off()
		golden(t, "register-wrong.golden", l.registerStory())
		for _, e := range l.events.Events() {
			if text := fmt.Sprintf("%+v", e); strings.Contains(text, "p#w=1") || e.Kind == trace.RegisterFailed && e.Fault != trace.Unauthorized {
				t.Error(text)
			}
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

// What registrars answer, and what the phone makes of it.
func TestRegisterAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer func(*sip.Request) []string
		cfg    []string
		state  string
		fault  trace.Code
		detail string
		left   time.Duration // until it expires
	}{
		{"SHA-256", challenges(401, "auth1001", "p#w=1", "SHA-256", accepts()), nil, "registered", "", "", time.Minute},
		{"407", challenges(407, "auth1001", "p#w=1", "MD5", accepts()), nil, "registered", "", "", time.Minute},
		{"407 and 401", challenges(407, "auth1001", "p#w=1", "MD5", challenges(401, "auth1001", "p#w=1", "MD5", accepts())), nil, "registered", "", "", time.Minute},
		{"less time", accepts(40), nil, "registered", "", "", 40 * time.Second},
		{"an hour by default", accepts(), []string{"account.1.sip_server.1.expires=0"}, "registered", "", "", time.Hour},
		{"no Contact", func(*sip.Request) []string { return []string{"200 OK", "Expires: 50"} }, nil, "registered", "", "", 50 * time.Second},
		{"nothing at all", func(*sip.Request) []string { return []string{"200 OK"} }, nil, "registered", "", "", time.Minute},
		{"Contacts of others", func(r *sip.Request) []string {
			return []string{"200 OK", `Contact: "a, <b>" <sip:1001@192.0.2.7:5060;x=1,2>;expires=9, <sip:1001@192.0.2.1:5060>;q=0.5;Expires="45"`}
		}, nil, "registered", "", "", 45 * time.Second},
		{"no time", func(*sip.Request) []string { return []string{"200 OK", "Expires: 0"} }, nil, "failed", trace.ServerError, "grants no time", 0},
		{"423", func(r *sip.Request) []string {
			if e := r.GetHeader("Expires").Value(); e == "60" {
				return []string{"423 Interval Too Brief", "Min-Expires: 600"}
			}
			return accepts()(r)
		}, nil, "registered", "", "", 10 * time.Minute},
		{"423 for ever", func(*sip.Request) []string { return []string{"423 Interval Too Brief", "Min-Expires: 4294967295"} }, nil, "failed", trace.ServerError, "423", 0},
		{"403", func(*sip.Request) []string { return []string{"403 Forbidden"} }, nil, "failed", trace.Forbidden, "403 Forbidden", 0},
		{"404", func(*sip.Request) []string { return []string{"404 Not Found"} }, nil, "failed", trace.NotFound, "404 Not Found", 0},
		{"302", func(*sip.Request) []string { return []string{"302 Moved Temporarily"} }, nil, "failed", trace.Redirects, "302", 0},
		{"500", func(*sip.Request) []string { return []string{"500 Server Internal Error"} }, nil, "failed", trace.ServerError, "500", 0},
		{"another name", challenges(401, "auth1001", "p#w=1", "MD5", accepts()), []string{"account.1.auth_name=x"}, "failed", trace.Unauthorized, `refuses user "x"`, 0},
		{"Basic", func(*sip.Request) []string { return []string{"401 Unauthorized", "WWW-Authenticate: Basic realm=x"} }, nil, "failed", trace.Unauthorized, "Basic): a phone knows Digest", 0},
		{"401 without a challenge", func(*sip.Request) []string { return []string{"401 Unauthorized"} }, nil, "failed", trace.Unauthorized, "no challenge", 0},
		{"always stale", func(*sip.Request) []string {
			return []string{"401 Unauthorized", `WWW-Authenticate: Digest realm="x", nonce="1", stale=true`}
		}, nil, "failed", trace.Unauthorized, "refuses user", 0},
		{"unknown host", accepts(), []string{"account.1.sip_server_host=nobody.invalid"}, "failed", trace.UnknownHost, "no host is called nobody.invalid", 0},
		{"a URL as host", accepts(), []string{"account.1.sip_server_host=sip:pbx"}, "failed", trace.BadContent, "account.1.sip_server_host is neither", 0},
		{"TCP", accepts(), []string{"account.1.transport=1"}, "registered", "", "", time.Minute},
		{"TCP refused", accepts(), []string{"account.1.transport=1", "account.1.sip_server_port=5099"}, "failed", trace.Refused, "refused", 0},
		{"DNS means UDP", accepts(), []string{"account.1.transport=3", "account.1.sip_server_port=0"}, "registered", "", "", time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				office := newOffice()
				office.register(test.answer)
				l, side := office.calls(t, account(test.cfg...))
				l.at(20 * time.Second)
				r := side.Registrations()[0]
				left := (expiresIn(side, 1) + 20*time.Second).Round(time.Second)
				if r.State != test.state || !strings.Contains(r.Detail, test.detail) || test.left > 0 && left != test.left {
					t.Errorf("%+v, for %s", r, left)
				}
				for _, e := range l.events.Events() {
					if e.Kind == trace.RegisterFailed && e.Fault != test.fault {
						t.Errorf("fault %q, want %q", e.Fault, test.fault)
					}
				}
				l.off()
			})
		})
	}
}

// A registrar that asks for a password that the phone was not given.
func TestRegisterWithoutPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(challenges(401, "auth1001", "", "MD5", accepts()))
		l, side := office.calls(t, "account.1.enable=1\naccount.1.user_name=1001\naccount.1.sip_server_host=192.0.2.30\naccount.2.enable=1\n")
		l.at(time.Second)
		want := "the registrar asks for credentials (401 Unauthorized, Digest MD5, realm \"pbx.example\"), and account.1.password is not set"
		if got := side.Registrations()[0].Detail; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if got := side.Registrations()[1]; got.State != "failed" || !strings.Contains(got.Detail, "has no SIP server") {
			t.Errorf("%+v", got)
		}
		if n := len(reg.asked("Expires")); n != 1 {
			t.Errorf("%d requests, want one", n)
		}
		l.off()
	})
}

// "The UAC SHOULD NOT retry before Retry-After" (RFC 3261 §21.5.4).
func TestRegisterRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(func(*sip.Request) []string {
			return []string{"503 Service Unavailable", "Retry-After: 600 (maintenance)"}
		})
		l, _ := office.calls(t, account())
		l.at(599 * time.Second)
		if n := len(reg.asked("Expires")); n != 1 {
			t.Errorf("%d requests before Retry-After", n)
		}
		reg.behave(accepts())
		l.at(601 * time.Second)
		if n := len(reg.asked("Expires")); n != 2 {
			t.Errorf("%d requests after it", n)
		}
		l.off()
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

// The option notify_from takes NOTIFYs from registrars alone.
func TestNotifyFromRegistrar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		l, side := office.calls(t, account(), "notify_from=registrar")
		l.at(time.Second)
		reg.notify("check-sync", 1)
		l.at(2 * time.Second)
		if l.Status().Passes != 2 || side.Counts().CheckSync != 1 {
			t.Errorf("%d passes, %+v", l.Status().Passes, side.Counts())
		}
		l.off()
	})
}

// sip.notify_reboot_enable: 0 as the guide says, 1 always reboots, 2 never reacts; the
// answer is 200 all the same.
func TestCheckSyncObeysSetting(t *testing.T) {
	for value, want := range map[string]string{"0": "2 passes, 0 reboots", "1": "2 passes, 1 reboots", "2": "1 passes, 0 reboots"} {
		t.Run(value, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				office := newOffice()
				reg := office.register(accepts())
				l, _ := office.calls(t, account("sip.notify_reboot_enable="+value))
				l.at(time.Second)
				reg.notify("check-sync", 1)
				l.at(50 * time.Second)
				got := fmt.Sprintf("%v, %d passes, %d reboots", reg.answered(), l.Status().Passes, l.Status().Reboots)
				if want := "[200], " + want; got != want {
					t.Errorf("%s; want %s", got, want)
				}
				l.off()
			})
		})
	}
}

// Without a port of its own the phone listens where sip.listen_port says, and moves
// there when that changes.
func TestSIPListenPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		reg := office.register(accepts())
		office.serve(serverA, "0021f2000001.cfg", account())
		side := phone.NewSIP(phone.SIPOptions{Listen: "192.0.2.1"})
		l := office.live(t, phone.Options{Attach: []phone.Attachment{side}})
		l.at(time.Second)
		if side.Addr() != phoneAt {
			t.Errorf("at %s, want port 5060", side.Addr())
		}
		office.serve(serverA, "0021f2000001.cfg", account("sip.listen_port=5062"))
		reg.notify("check-sync", 1)
		l.at(2 * time.Second)
		if got := side.Addr().String(); got != "192.0.2.1:5062" {
			t.Errorf("at %s, want port 5062", got)
		}
		l.off()
		want := []string{"<sip:1001@192.0.2.1:5060>", "<sip:1001@192.0.2.1:5060>", "<sip:1001@192.0.2.1:5062>", "<sip:1001@192.0.2.1:5062>"}
		if diff := cmp.Diff(want, reg.asked("Contact")); diff != "" {
			t.Errorf("Contact (-want +got):\n%s", diff)
		}
	})
}
