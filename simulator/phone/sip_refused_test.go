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
