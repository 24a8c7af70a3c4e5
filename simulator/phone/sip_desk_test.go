package phone

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

// notifyFor is a check-sync for a user of one address.
func notifyFor(user, callID, event string) []byte {
	return []byte(strings.ReplaceAll(fmt.Sprintf(`NOTIFY sip:%s@192.0.2.1:5060 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK%s
Max-Forwards: 70
From: <sip:pbx@192.0.2.9>;tag=1
To: <sip:%[1]s@192.0.2.1>
Call-ID: %[2]s
CSeq: 1 NOTIFY
Event: %[3]s
Subscription-State: active
Content-Length: 0

`, user, callID, event), "\n", "\r\n"))
}

// held makes settings of a cfg file.
func held(t *testing.T, body string) *config.Settings {
	t.Helper()
	cfg, err := config.ParseCfg("x.cfg", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	s := new(config.Settings)
	s.Merge(cfg)
	return s
}

// Who is asked is told by the user of the Request-URI; each answers as its settings have it.
func TestSIPDesk(t *testing.T) {
	sender := netip.MustParseAddrPort("192.0.2.9:5060")
	phones := map[string]*SIPHolder{
		"alice":  {Settings: new(config.Settings)},
		"bob":    {Settings: held(t, "sip.notify_reboot_enable=1\n")},
		"carol":  {Settings: held(t, "sip.notify_reboot_enable=2\n")},
		"dave":   {Settings: new(config.Settings), Off: true},
		"erin":   {Settings: held(t, "account.1.enable=1\naccount.1.auth_name=erin\naccount.1.password=x\n"), Behaviour: device.Behaviour{NotifyAuth: "digest"}},
		"frank":  {Settings: new(config.Settings), Behaviour: device.Behaviour{NotifyFrom: "registrar"}},
		"grace!": {Settings: new(config.Settings)},
	}
	for name, c := range map[string]struct {
		user, event string
		status      string
		trigger     device.Trigger
		unknown     bool
	}{
		"as it says":             {"alice", "check-sync", "200 OK", device.CheckSync, false},
		"with reboot":            {"alice", "check-sync;reboot=true", "200 OK", device.CheckSyncReboot, false},
		"another event":          {"alice", "message-summary", "489 Bad Event", "", false},
		"always reboots":         {"bob", "check-sync", "200 OK", device.CheckSyncReboot, false},
		"never reacts":           {"carol", "check-sync", "200 OK", "", false},
		"has no power":           {"dave", "check-sync", "", "", false},
		"wants a password":       {"erin", "check-sync", "401 Unauthorized", "", false},
		"wants its registrar":    {"frank", "check-sync", "403 Forbidden", "", false},
		"a name that is escaped": {"grace!:secret", "check-sync", "200 OK", device.CheckSync, false},
		"nobody":                 {"mallory", "check-sync", "404 Not Found", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := NewSIPDesk()
			find := func(user string) *SIPHolder {
				h := phones[user]
				if h == nil {
					return nil
				}
				full := *h
				full.Identity, full.Behaviour = h.Identity.WithDefaults(), h.Behaviour.WithDefaults()
				return &full
			}
			a := d.Answer(notifyFor(c.user, "1", c.event), sender, find)
			if c.status == "" {
				if a.Bytes != nil || a.Trigger != "" {
					t.Errorf("%q, %s", a.Bytes, a.Trigger)
				}
				return
			}
			if !strings.HasPrefix(string(a.Bytes), "SIP/2.0 "+c.status+"\r\n") || a.Trigger != c.trigger || a.Unknown != c.unknown || a.To != sender {
				t.Errorf("%q to %s, trigger %q; want %s, %q", a.Bytes, a.To, a.Trigger, c.status, c.trigger)
			}
			again := d.Answer(notifyFor(c.user, "1", c.event), sender, find)
			if !again.Again || again.Trigger != "" || !bytes.Equal(again.Bytes, a.Bytes) {
				t.Errorf("sent again: %q, trigger %q", again.Bytes, again.Trigger)
			}
		})
	}
}

// A phone says behind a desk what it says from a SIP side of its own.
func TestSIPDeskAnswersAlike(t *testing.T) {
	sender := netip.MustParseAddrPort("192.0.2.9:5060")
	id, b := device.Identity{}.WithDefaults(), device.Behaviour{}.WithDefaults()
	var own sipCore
	own.rules.Store(newSIPRules(id, b, new(config.Settings)))
	desk := NewSIPDesk()
	for _, event := range []string{"check-sync", "check-sync ; Reboot = TRUE", "dialog", ""} {
		want, action := own.answerRequest(notifyFor("alice", event, event), sender)
		got := desk.Answer(notifyFor("alice", event, event), sender, func(string) *SIPHolder {
			return &SIPHolder{Identity: id, Behaviour: b, Settings: new(config.Settings)}
		})
		plain := func(b []byte) string { // but for the tag, which is chance
			head, tail, _ := strings.Cut(string(b), ";tag=")
			if to := strings.Index(tail, ";tag="); to >= 0 {
				tail = tail[:to] + tail[to+15:]
			}
			return head + tail
		}
		if plain(want) != plain(got.Bytes) || action.trigger != got.Trigger || len(action.events) != len(got.Events) {
			t.Errorf("%s: %q and %q, want %q and %q", event, got.Bytes, got.Trigger, want, action.trigger)
		}
	}
}

// What is no request is dropped, and an answer to nobody is not answered.
func TestSIPDeskNoise(t *testing.T) {
	var d SIPDesk
	nobody := func(string) *SIPHolder { return nil }
	if a := d.Answer([]byte("noise"), netip.AddrPort{}, nobody); a.Bytes != nil || a.Dropped == nil {
		t.Errorf("%+v", a)
	}
	if a := d.Answer([]byte("SIP/2.0 200 OK\r\n\r\n"), netip.AddrPort{}, nobody); a.Bytes != nil {
		t.Errorf("%+v", a)
	}
	for uri, want := range map[string]string{
		"sip:bob@h": "bob", "<sip:bob:pw@h;x=y>": "bob", "sip:h": "", "sips:a.b@[::1]:5061": "a.b", "": "", "tel:12": "",
	} {
		if got := uriUser(uri); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}

// The memory for answers is bounded, and the latest are known.
func TestSIPRecentIsBounded(t *testing.T) {
	now := time.Now()
	r := sipRecent{most: 100}
	for i := range 1000 {
		r.keep(fmt.Sprint(i%900), []byte{byte(i)}, now)
	}
	if len(r.entries) != 100 || len(r.at) != 100 {
		t.Errorf("%d entries, %d keys", len(r.entries), len(r.at))
	}
	if got := r.find("99", now); len(got) != 1 || got[0] != byte(999%256) {
		t.Errorf("the latest answer is %v", got)
	}
	if r.find("500", now) != nil || r.find("99", now.Add(sipTimerJ)) != nil {
		t.Error("an answer that is too old is found")
	}
}
