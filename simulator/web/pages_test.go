package web

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
)

// The settings page finds by name, value and file, and shows where a value comes from
// and what it has overridden.
func TestSettingsSearch(t *testing.T) {
	p := &fakePhone{settings: settingsOf(t,
		[2]string{"y000000000000.cfg", "lang.gui=English\nfeatures.dnd=0\n"},
		[2]string{"0021f2000001.cfg", "\nlang.gui=German\nlinekey.1.label=Zentrale\n"})}
	for _, c := range []struct {
		query, found string
		want         []string // keys
	}{
		{"", "3 settings held.", []string{"features.dnd", "lang.gui", "linekey.1.label"}},
		{"q=lang", "1 of 3 settings match.", []string{"lang.gui"}},
		{"q=LANG+german", "1 of 3 settings match.", []string{"lang.gui"}},
		{"q=zentrale", "1 of 3 settings match.", []string{"linekey.1.label"}},
		{"q=0021f2000001.cfg", "2 of 3 settings match.", []string{"lang.gui", "linekey.1.label"}},
		{"q=.cfg:2", "2 of 3 settings match.", []string{"features.dnd", "lang.gui"}},
		{"q=nothing", "0 of 3 settings match.", nil},
		{"overridden=1", "1 of 3 settings match.", []string{"lang.gui"}},
		{"q=dnd&overridden=1", "0 of 3 settings match.", nil},
	} {
		t.Run(c.query, func(t *testing.T) {
			body := get(t, p, settingsPath+"?"+c.query)
			if !strings.Contains(body, c.found) {
				t.Errorf("not %q: %s", c.found, body)
			}
			var keys []string
			for _, m := range regexp.MustCompile(`<th scope="row"><code>([^<]*)</code>`).FindAllStringSubmatch(body, -1) {
				keys = append(keys, m[1])
			}
			if diff := cmp.Diff(c.want, keys); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	body := get(t, p, settingsPath+"?q=lang")
	for _, want := range []string{"0021f2000001.cfg:2", "German", "1 earlier", "y000000000000.cfg:1", "English", "overridden"} {
		if !strings.Contains(body, want) {
			t.Errorf("the history lacks %q: %s", want, body)
		}
	}
}

// A page stays small, however many settings there are.
func TestManySettings(t *testing.T) {
	p := &fakePhone{settings: settingsOf(t, [2]string{"big.cfg", strings.Repeat("x", 100) + "=" + strings.Repeat("y", 60_000) + "\n" +
		manyLines(5000)})}
	body := get(t, p, settingsPath)
	if !strings.Contains(body, "5001 settings held. The first 1000 are shown.") || len(body) > 1<<20 {
		t.Errorf("%d bytes", len(body))
	}
}

func manyLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("features.number." + strings.Repeat("9", i%7) + string(rune('a'+i%26)) + "_" + time.Duration(i).String() + "=1\n")
	}
	return b.String()
}

// What Profile Rule and Save & Apply do.
func TestSaveAndApply(t *testing.T) {
	const present = "ftp://me:sesame@10.0.0.1/"
	trigger := "trigger " + string(device.SaveApply)
	for _, c := range []struct {
		name, typed string
		status      int
		asked       []string
	}{
		{"another server", "tftp://10.20.0.92/", 303, []string{"rule tftp://10.20.0.92/", trigger}},
		{"with blanks around", "  tftp://10.20.0.92/\t", 303, []string{"rule tftp://10.20.0.92/", trigger}},
		{"as it was", "ftp://********@10.0.0.1/", 303, []string{trigger}},
		{"none", "", 303, []string{"rule ", trigger}},
		{"mask, but another server", "ftp://********@10.0.0.2/", 422, nil},
		{"mask, but another path", "ftp://********@10.0.0.1/sales/", 422, nil},
		{"typed again", "ftp://me:new@10.0.0.1/", 303, []string{"rule ftp://me:new@10.0.0.1/", trigger}},
		{"no URL of a phone", "gopher://10.0.0.1/", 422, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &fakePhone{rule: present, status: phone.Status{State: phone.StateResting}}
			w := ask(Options{Phone: p}, request(http.MethodPost, provisionPath, formOf("profile_rule", c.typed), nil))
			if w.Code != c.status {
				t.Errorf("status %d, want %d", w.Code, c.status)
			}
			if diff := cmp.Diff(c.asked, p.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if c.status == 422 && !strings.Contains(w.Body.String(), `aria-invalid="true"`) {
				t.Errorf("the field is not marked")
			}
			if c.status == 303 && w.Header().Get("Location") != provisionPath+"?done=saved" {
				t.Errorf("Location: %s", w.Header().Get("Location"))
			}
		})
	}
	if body := get(t, new(fakePhone), provisionPath+"?done=saved"); !strings.Contains(body, "Saved. The phone provisions itself now.") {
		t.Errorf("no word of it")
	}
}

// A phone that is off says when it will do what was asked.
func TestSaveWithoutPower(t *testing.T) {
	p := &fakePhone{status: phone.Status{State: phone.StateRebooting}}
	w := ask(Options{Phone: p}, request(http.MethodPost, provisionPath, formOf("profile_rule", ""), nil))
	if got := w.Header().Get("Location"); got != provisionPath+"?done=later" {
		t.Errorf("Location: %s", got)
	}
}

// A factory reset wants to be confirmed.
func TestFactoryReset(t *testing.T) {
	p := new(fakePhone)
	w := ask(Options{Phone: p}, request(http.MethodPost, resetPath, "", nil))
	if w.Code != http.StatusUnprocessableEntity || len(p.asked) > 0 {
		t.Errorf("status %d, asked %q", w.Code, p.asked)
	}
	w = ask(Options{Phone: p}, request(http.MethodPost, resetPath, formOf("sure", "yes"), nil))
	if diff := cmp.Diff([]string{"factory reset"}, p.asked); w.Code != http.StatusSeeOther || diff != "" {
		t.Errorf("status %d, asked (-want +got):\n%s", w.Code, diff)
	}
}

// The status page says what there is to say.
func TestStatus(t *testing.T) {
	next := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	p := &fakePhone{
		settings: settingsOf(t, [2]string{"a.cfg", "account.1.enable=1\naccount.1.user_name=1001\naccount.1.sip_server_host=10.0.0.9\n" +
			"account.2.enable=0\naccount.3.enable=1\n"}),
		status: phone.Status{
			State: phone.StateResting, NextInterval: next, Source: "pnp", Server: "http://10.0.0.1/", Passes: 3, Reboots: 1,
			RebootLoop: []string{"network.vlan"}, NewFirmware: "V0.6.24",
		},
		last: phone.Pass{
			Number: 3, Trigger: device.CheckSync, Outcome: device.Failed, Err: errors.New("connection refused"), Took: 4 * time.Second,
			Resources: []phone.Resource{{Key: "ringtone.url", Bytes: 12}},
		},
	}
	o := Options{Phone: p, Registrations: func() []phone.Registration {
		return []phone.Registration{{Account: 1, Server: "10.0.0.9:5060", State: phone.Registered, Expires: next}}
	}}
	body := ask(o, request(http.MethodGet, "/", "", nil)).Body.String()
	for _, want := range []string{
		"FIP14G", "00:21:F2:00:00:01", "V0.5.15", "resting", "http://10.0.0.1/", "found by SIP PnP", "2026-01-02 03:04:05",
		"3 passes, 1 reboot", "firmware V0.6.24", "network.vlan", "check-sync", "failed", "connection refused", "took 4s", "ringtone.url",
		"1001", "UDP 10.0.0.9:5060", "registered", `<th scope="row">3</th>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(body, `<th scope="row">2</th>`) {
		t.Errorf("account 2 is off, and shown")
	}
	if body := get(t, new(fakePhone), "/"); !strings.Contains(body, "There was none yet.") || !strings.Contains(body, "No account is enabled.") {
		t.Errorf("a phone without a pass: %s", body)
	}
}
