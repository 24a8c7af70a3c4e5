package web

import (
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// everyPage is every place that is shown.
var everyPage = []string{statusPath, settingsPath, settingsPath + "?q=e&overridden=1", timelinePath, provisionPath, resetPath}

// hostile is what a bad server may put anywhere: a script, a closed attribute, an escape
// sequence, a sign that turns the direction of writing, and a NUL.
const hostile = "\"'><script>alert(1)</script>\x1b[31m\u202e\x00"

// hostileCfg is the same in a cfg file, which has no NUL.
var hostileCfg = strings.TrimSuffix(hostile, "\x00")

// hostilePhone has hostile text in whatever comes from others.
func hostilePhone(t *testing.T) *fakePhone {
	return &fakePhone{
		id: device.Identity{Model: "FIP" + hostile, Firmware: "V" + hostile},
		settings: settingsOf(t,
			[2]string{"first" + hostile + ".cfg", "account.1.enable=1\nlang.gui=" + hostileCfg + "\naccount.1.label=" + hostileCfg + "\naccount.1.user_name=" + hostileCfg},
			[2]string{"second" + hostile + ".cfg", "lang.gui=<b>" + hostileCfg + "\naccount.1.sip_server_host=" + hostileCfg + "\nx" + hostileCfg + ".y=1"}),
		rule: "http://" + hostile,
		status: phone.Status{
			State: phone.StateResting, Server: hostile, Source: hostile, NewFirmware: hostile, RebootLoop: []string{hostile},
			Lease: netip.MustParsePrefix("10.0.0.2/24"), Since: time.Now(), NextInterval: time.Now(), Kept: "interval",
		},
		last: phone.Pass{
			Number: 1, Outcome: device.Failed, Err: errors.New(hostile), Source: hostile, Server: hostile,
			Files:     []phone.File{{Name: hostile, URL: hostile}},
			Changed:   []config.Change{{Key: "k" + hostile, Old: hostile, New: hostile, File: hostile, Line: 1}},
			Reboot:    []string{hostile},
			Findings:  []config.Finding{{File: hostile, Text: hostile, Count: 1}},
			Resources: []phone.Resource{{Key: hostile, URL: hostile, Err: errors.New(hostile)}, {Key: hostile, Entries: 2}},
		},
	}
}

// Nothing that a server sends becomes a part of the page, or steers a screen.
func TestHostileText(t *testing.T) {
	p := hostilePhone(t)
	timeline := new(Timeline)
	timeline.Record(trace.Event{Kind: trace.SourceFound, Name: hostile, URL: hostile, Detail: hostile})
	o := Options{Phone: p, Timeline: timeline, Registrations: func() []phone.Registration {
		return []phone.Registration{{Account: 1, State: phone.RegistrationFailed, Server: hostile, Detail: hostile, AOR: hostile}}
	}}
	scripts := regexp.MustCompile(`<script[^>]*>`)
	for _, path := range everyPage {
		body := ask(o, request(http.MethodGet, path, "", nil)).Body.String()
		if !strings.Contains(body, "&lt;script&gt;alert(1)") {
			t.Errorf("%s does not show what is tested", path)
		}
		if got := scripts.FindAllString(body, -1); len(got) != 1 || got[0] != `<script src="/assets/live.js" defer>` {
			t.Errorf("%s: scripts %q", path, got)
		}
		if i := strings.IndexAny(body, "\x00\x1b\u202e"); i >= 0 {
			t.Errorf("%s has a control character: %q", path, body[max(0, i-80):i+10])
		}
	}
}

// A redirect and a search cannot put text of others into the page either.
func TestHostileQuery(t *testing.T) {
	for _, path := range []string{provisionPath + "?done=" + "%3Cscript%3Ealert(1)", settingsPath + "?q=%22%3E%3Cscript%3Ealert(1)"} {
		if body := get(t, new(fakePhone), path); strings.Contains(body, "<script>") {
			t.Errorf("%s: script in the page", path)
		}
	}
}

// No page shows a secret, wherever it stands.
func TestSecretsAreMasked(t *testing.T) {
	p := &fakePhone{
		settings: settingsOf(t,
			[2]string{"a.cfg", "account.1.enable=1\naccount.1.password=sesame-1\nphonebook.url=http://me:sesame-2@10.0.0.1/x.xml"},
			[2]string{"b.cfg", "account.1.password=sesame-3\nlang.gui=German account.2.password=sesame-4\nphonebook.url=http://me:sesame-5@10.0.0.1/x.xml"}),
		rule: "ftp://me:sesame-6@10.0.0.1/",
		last: phone.Pass{Number: 1, Changed: []config.Change{
			{Key: "account.1.password", Old: "sesame-7", New: "sesame-8"},
			{Key: "phonebook.url", Old: "http://me:sesame-9@h/", New: "http://sesame-10@h/"},
		}},
	}
	for _, path := range append(everyPage, settingsPath+"?q=password") {
		body := get(t, p, path)
		if i := strings.Index(body, "sesame"); i >= 0 {
			t.Errorf("%s shows a secret: %q", path, body[max(0, i-60):i+20])
		}
		if path != timelinePath && path != resetPath && !strings.Contains(body, config.Mask) {
			t.Errorf("%s shows nothing masked, so this test shows nothing", path)
		}
	}
	// Searching tells nothing of it either.
	if body := get(t, p, settingsPath+"?q=sesame"); !strings.Contains(body, "0 of 4 settings match") {
		t.Errorf("a search finds a secret: %s", body)
	}
	// What is wrong is shown again without the password that was typed.
	w := ask(Options{Phone: p}, request(http.MethodPost, provisionPath, formOf("profile_rule", "gopher://me:sesame@h/"), nil))
	if w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), "sesame") {
		t.Errorf("status %d, or the password is shown", w.Code)
	}
}
