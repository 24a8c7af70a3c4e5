package discover

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// notifyWith is goodNotify with pairs of old and new text exchanged, each of which must
// be in it.
func notifyWith(t *testing.T, pairs ...string) string {
	t.Helper()
	return edit(t, goodNotify, pairs...)
}

func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the message has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// The phone is lenient: each of these is taken, answered 200, and reported by its id.
func TestForgivenNotify(t *testing.T) {
	tests := []struct {
		name       string
		pairs      []string
		deviations []string
		oddities   []string
	}{
		{name: "correct"},
		{"CSeq 2", []string{"CSeq: 1", "CSeq: 2"}, nil, nil},
		{"CSeq 3", []string{"CSeq: 1", "CSeq: 3"}, nil, nil},
		{"CSeq of the SUBSCRIBE", []string{"CSeq: 1 NOTIFY", "CSeq: 1 SUBSCRIBE"}, []string{"cseq"}, nil},
		{"CSeq too large", []string{"CSeq: 1 ", "CSeq: 2147483648 "}, []string{"cseq"}, nil},
		{"no CSeq", []string{"CSeq: 1 NOTIFY\n", ""}, []string{"cseq"}, nil},
		{"the phone's Via", []string{"SIP/2.0/UDP 192.0.2.183:5060;branch=z9hG4bKserver1", "{via}"}, []string{"via-reused"}, nil},
		{"a branch of RFC 2543", []string{"branch=z9hG4bKserver1", "branch=1"}, []string{"via-branch"}, nil},
		{"no branch", []string{";branch=z9hG4bKserver1", ""}, []string{"via-branch"}, nil},
		{"no Via", []string{"Via: SIP/2.0/UDP 192.0.2.183:5060;branch=z9hG4bKserver1\n", ""}, []string{"via-missing"}, nil},
		{"From and To as they were", []string{"From: {to};tag=server\nTo: {from}", "From: {from}\nTo: {to}"},
			[]string{"from-to-reused"}, nil},
		{"From and To as they were, with a To tag", []string{"From: {to};tag=server\nTo: {from}", "From: {from}\nTo: {to};tag=server"},
			[]string{"from-to-reused"}, nil},
		{"no To tag", []string{"To: {from}", "To: {to}"}, []string{"to-tag-missing"}, nil},
		{"no From tag", []string{"{to};tag=server", "{to}"}, []string{"from-tag-missing"}, nil},
		{"another From tag than the 200's", []string{"tag=server", "tag=other"}, []string{"from-tag"}, nil},
		{"Request-URI of the group", []string{"{contact}", "sip:MAC0021f2000001@224.0.1.75"}, []string{"request-uri"}, nil},
		{"no Max-Forwards", []string{"Max-Forwards: 70\n", ""}, []string{"max-forwards-missing"}, nil},
		{"no Contact", []string{"Contact: <sip:192.0.2.183:5060>\n", ""}, []string{"contact-missing"}, nil},
		{"no Event", []string{"Event: ua-profile\n", ""}, []string{"event-missing"}, nil},
		{"another Event", []string{"Event: ua-profile", "Event: check-sync"}, []string{"event"}, nil},
		{"Event with its parameters", []string{"Event: ua-profile", `Event: ua-profile;profile-type="device"`}, nil, nil},
		{"no Subscription-State", []string{"Subscription-State: terminated;reason=timeout\n", ""},
			[]string{"subscription-state-missing"}, nil},
		{"still active", []string{"terminated;reason=timeout", "active;expires=60"}, []string{"subscription-state"}, nil},
		{"no Content-Type", []string{"Content-Type: application/url\n", ""}, []string{"content-type-missing"}, nil},
		{"another Content-Type", []string{"application/url", "text/plain"}, []string{"content-type"}, nil},
		{"Content-Type with a parameter", []string{"application/url", "Application/URL;charset=utf-8"}, nil, nil},
		{"Content-Length too large", []string{"Content-Length: 19", "Content-Length: 40"}, []string{"content-length"}, nil},
		{"Content-Length no number", []string{"Content-Length: 19", "Content-Length: nineteen"}, []string{"content-length-bad"}, nil},
		{"no Content-Length", []string{"Content-Length: 19\n", ""}, nil, []string{"content-length-missing"}},
		{"more than Content-Length", []string{"tftp://192.0.2.183/", "tftp://192.0.2.183/\n"}, []string{"content-length-extra"}, nil},
		{"two URLs", []string{"Length: 19", "Length: 40", "tftp://192.0.2.183/", "tftp://192.0.2.183/\nhttp://192.0.2.184/"},
			[]string{"body-multiple-urls"}, nil},
		{"white space around", []string{"Length: 19", "Length: 28", "tftp://192.0.2.183/", "  \n\t tftp://192.0.2.183/ \n"}, nil, nil},
		{"a NUL at the end", []string{"Length: 19", "Length: 20", "tftp://192.0.2.183/", "tftp://192.0.2.183/\x00"}, nil, nil},
		{"folded header", []string{"Subscription-State: terminated", "Subscription-State:\n  terminated"}, nil, nil},
		{"odd case", []string{"Call-ID:", "call-id :", "Event: ua-profile", "EVENT: UA-Profile"}, nil, nil},
		{
			"compact headers", []string{"Via:", "v:", "From:", "f:", "To:", "t:", "Call-ID:", "i:", "Contact:", "m:", "Event:", "o:",
				"Content-Type:", "c:", "Content-Length:", "l:"},
			nil, []string{"compact-headers"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := notifyWith(t, test.pairs...)
			synctest.Test(t, func(t *testing.T) {
				m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
					say(responder, fill(sub, ok200))
					say(responder, fill(sub, text))
				})
				offer, events, err := find(t.Context(), t, PnP{Network: m})
				if err != nil || offer.URL != "tftp://192.0.2.183/" {
					t.Fatalf("offer %q, error %v", offer.URL, err)
				}
				if diff := cmp.Diff(test.deviations, names(events, trace.PnPDeviation)); diff != "" {
					t.Errorf("deviations (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.oddities, names(events, trace.PnPOddity)); diff != "" {
					t.Errorf("oddities (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{"200"}, names(events, trace.PnPAnswer)); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// LF-only lines, which a strict parser drops.
func TestLFOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, strings.ReplaceAll(fill(sub, ok200), "\r\n", "\n"))
			say(responder, strings.ReplaceAll(fill(sub, goodNotify), "\r\n", "\n"))
		})
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil || offer.URL != "tftp://192.0.2.183/" {
			t.Fatalf("offer %q, error %v", offer.URL, err)
		}
		if diff := cmp.Diff([]string{"lf-only", "lf-only"}, names(events, trace.PnPDeviation)); diff != "" {
			t.Errorf("deviations of the 200 and the NOTIFY (-want +got):\n%s", diff)
		}
	})
}

// A NOTIFY before the 200 is legal (RFC 6665 §4.1.2.4), and enough; without any 200 the
// phone goes on subscribing while it lingers.
func TestNotifyBefore200(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
			say(responder, fill(sub, goodNotify))
			time.AfterFunc(100*ms, func() { say(responder, fill(sub, ok200)) })
		})
		offer, events, err := find(t.Context(), t, PnP{Network: m})
		if err != nil || offer.URL != "tftp://192.0.2.183/" || offer.Took != 0 {
			t.Fatalf("offer %q after %v, error %v", offer.URL, offer.Took, err)
		}
		if diff := cmp.Diff([]string{"notify-before-200"}, names(events, trace.PnPOddity)); diff != "" {
			t.Errorf("oddities (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"200"}, names(events, trace.PnPResponse)); diff != "" {
			t.Errorf("responses while lingering (-want +got):\n%s", diff)
		}
	})
}

// What a 200 to the SUBSCRIBE may lack.
func TestForgivenResponse(t *testing.T) {
	tests := []struct {
		name  string
		pairs []string
		want  []string
	}{
		{"another Via", []string{"{via}", "SIP/2.0/UDP 192.0.2.183;branch=z9hG4bKx"}, []string{"response-via"}},
		{"another From", []string{"{from}", "{to};tag=x"}, []string{"response-from"}},
		{"no To tag", []string{";tag=server", ""}, []string{"response-to-tag-missing"}},
		{"no Contact", []string{"Contact: <sip:192.0.2.183:5060>\n", ""}, []string{"response-contact-missing"}},
		{"no Expires", []string{"Expires: 0\n", ""}, []string{"response-expires-missing"}},
		{"longer Expires", []string{"Expires: 0", "Expires: 3600"}, []string{"response-expires"}},
		{"202", []string{"200 OK", "202 Accepted"}, []string{"response-202"}},
		{"no empty line", []string{"Content-Length: 0\n\n", "Content-Length: 0\n"}, []string{"head-unterminated"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := edit(t, ok200, test.pairs...)
			synctest.Test(t, func(t *testing.T) {
				m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
					say(responder, fill(sub, text))
					say(responder, fill(sub, goodNotify))
				})
				_, events, err := find(t.Context(), t, PnP{Network: m})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, names(events, trace.PnPDeviation)); diff != "" {
					t.Errorf("deviations (-want +got):\n%s", diff)
				}
				if got := sendTimes(events); len(got) != 1 {
					t.Errorf("SUBSCRIBEs left at %v, want one", got)
				}
			})
		})
	}
}

// What holds no offer: the phone answers where RFC 3261 wants an answer, reports, and
// waits on until pnp_wait is over.
func TestUselessNotify(t *testing.T) {
	long := strings.Repeat("a", 64<<10-1000)
	tests := []struct {
		name    string
		pairs   []string
		ignored string   // the event's id
		answers []string // status codes
		detail  string   // in the error
	}{
		{"empty body", []string{"tftp://192.0.2.183/", "", "Length: 19", "Length: 0"}, "no-url", []string{"200"}, "has an empty body"},
		{"white body", []string{"tftp://192.0.2.183/", " \n\n", "Length: 19", "Length: 5"}, "no-url", []string{"200"}, "has an empty body"},
		{"64 KB body", []string{"tftp://192.0.2.183/", long, "Length: 19", "Length: 64536"},
			"no-url", []string{"200"}, "has a URL of more than 2048 bytes"},
		{"a body of bytes", []string{"tftp://192.0.2.183/", "\x01\x02\xff", "Length: 19", "Length: 3"},
			"no-url", []string{"200"}, "has a body that is not text"},
		{"another Call-ID", []string{"{call-id}", "x-{call-id}"}, "foreign", []string{"481"}, "1 other message ignored"},
		{"another To tag", []string{"To: {from}", "To: {to};tag=x"}, "tag", []string{"481"}, "1 other message ignored"},
		{"malformed start line", []string{" SIP/2.0\n", " SIP/2.0 \x00\n"}, "malformed", nil, "1 other message ignored"},
		{"no start line", []string{"NOTIFY {contact} SIP/2.0\n", ""}, "malformed", nil, "1 other message ignored"},
		{"a header without a colon", []string{"Max-Forwards: 70", "Max-Forwards 70"}, "malformed", nil, "1 other message ignored"},
		{"a header of 3000 bytes", []string{"Max-Forwards: 70", "Subject: " + long[:3000]}, "malformed", nil, "1 other message ignored"},
		{"a hundred headers", []string{"Max-Forwards: 70\n", strings.Repeat("X: y\n", maxHeaders)},
			"malformed", nil, "1 other message ignored"},
		{"an INVITE", []string{"NOTIFY {contact}", "INVITE {contact}"}, "method", nil, "1 other message ignored"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := notifyWith(t, test.pairs...)
			synctest.Test(t, func(t *testing.T) {
				m := scripted(func(_ int, sub *sipMessage, say func(netip.AddrPort, string)) {
					say(responder, fill(sub, ok200))
					say(responder, fill(sub, text))
				})
				start := time.Now()
				_, events, err := find(t.Context(), t, PnP{Network: m})
				if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), test.detail) {
					t.Errorf("error %v, want ErrNothing with %q", err, test.detail)
				}
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("the search took %v, want pnp_wait, 5 s", took)
				}
				if diff := cmp.Diff([]string{test.ignored}, names(events, trace.PnPIgnored)); diff != "" {
					t.Errorf("ignored (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(test.answers, names(events, trace.PnPAnswer)); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// An answer goes back to where its request came from; Via tells the sender what the
// phone saw (RFC 3261 §18.2.1, RFC 3581 §4).
func TestMarkVia(t *testing.T) {
	from := netip.MustParseAddrPort("192.0.2.183:7777")
	tests := []struct{ via, want string }{
		{"SIP/2.0/UDP 192.0.2.183:7777;branch=z9hG4bKa", "SIP/2.0/UDP 192.0.2.183:7777;branch=z9hG4bKa"},
		{"SIP/2.0/UDP pbx.example;branch=z9hG4bKa", "SIP/2.0/UDP pbx.example;branch=z9hG4bKa;received=192.0.2.183"},
		{"SIP/2.0/UDP 192.0.2.183;rport;branch=z9hG4bKa", "SIP/2.0/UDP 192.0.2.183;rport=7777;branch=z9hG4bKa;received=192.0.2.183"},
		{"SIP/2.0/UDP 10.0.0.1;branch=a, SIP/2.0/UDP 10.0.0.2;rport",
			"SIP/2.0/UDP 10.0.0.1;branch=a;received=192.0.2.183, SIP/2.0/UDP 10.0.0.2;rport"},
		{"", ";received=192.0.2.183"},
	}
	for _, test := range tests {
		if got := markVia(test.via, from); got != test.want {
			t.Errorf("markVia(%q) = %q, want %q", test.via, got, test.want)
		}
	}
}

func TestWithoutUserInfo(t *testing.T) {
	tests := []struct{ offered, want string }{
		{"tftp://192.0.2.1/", "tftp://192.0.2.1/"},
		{"ftp://user:p@ss@host/a@b", "ftp://host/a@b"},
		{"user:pass@host", "host"},
		{"host", "host"},
		{"http://h?x=a@b", "http://h?x=a@b"},
		{"", ""},
	}
	for _, test := range tests {
		if got := withoutUserInfo(test.offered); got != test.want {
			t.Errorf("withoutUserInfo(%q) = %q, want %q", test.offered, got, test.want)
		}
	}
}
