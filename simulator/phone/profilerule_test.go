package phone_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// What somebody types into Profile Rule is kept in flash, even during a pass, and the
// next pass asks that server. Passwords show nowhere.
func TestProfileRule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "account.1.label=A\n")
		office.serve(serverB, "y000000000000.cfg", "account.1.label=B\n")
		l := office.live(t, phone.Options{})
		if got := l.ProfileRule(); got != "tftp://192.0.2.10/" {
			t.Errorf("rule %q", got)
		}
		l.at(20 * time.Millisecond) // the power-on pass is under way
		if err := l.SetProfileRule(" ftp://me:Pr0v!s1on@192.0.2.20/x "); err != nil {
			t.Error(err)
		}
		if err := l.SetProfileRule(l.ProfileRule()); err != nil || l.ProfileRule() != "ftp://********@192.0.2.20/x" {
			t.Errorf("rule %q, %v", l.ProfileRule(), err)
		}
		l.at(time.Second)
		if err := l.SetProfileRule("tftp://192.0.2.20/"); err != nil {
			t.Error(err)
		}
		l.Trigger(device.SaveApply)
		l.at(2 * time.Second)
		if s, _ := l.Settings().Lookup("static.auto_provision.server.url"); s.Value != "tftp://192.0.2.20/" || s.File != "web page" {
			t.Errorf("held %+v", s)
		}
		for _, bad := range []string{"gopher://x/", "http://", "tftp://a b/", "file:///etc/", "http://u:Pr0v!s1on@/"} {
			if err := l.SetProfileRule(bad); err == nil || strings.Contains(err.Error(), "Pr0v") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if err := l.SetProfileRule(""); err != nil || l.ProfileRule() != "tftp://192.0.2.10/" {
			t.Errorf("without a rule of its own the phone has the one that it was made with: %q, %v", l.ProfileRule(), err)
		}
		l.off()
		same(t, "sources", []string{
			"00:00:00.000 source.found static | tftp://192.0.2.10/ | set in the phone",
			"00:00:01.000 source.found static | tftp://192.0.2.20/ | static.auto_provision.server.url of web page:1",
		}, l.story(trace.SourceFound))
		if text := strings.Join(l.story(), "\n"); strings.Contains(text, "Pr0v") {
			t.Error("a password shows in the events")
		}
	})
}

// A factory reset breaks off the pass, empties flash and reboots.
func TestFactoryReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "account.1.label=A\n")
		flash, err := phone.OpenFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		l := office.live(t, phone.Options{Flash: flash})
		l.at(time.Minute)
		office.unplug(serverA)
		l.Trigger(device.CheckSync)
		l.at(time.Minute + time.Second)
		if err := l.FactoryReset(); err != nil {
			t.Error(err)
		}
		if n := l.Settings().Len(); n != 0 {
			t.Errorf("%d settings are left", n)
		}
		if held, err := flash.Load(); err != nil || held.Settings.Len() != 0 {
			t.Errorf("flash holds %d settings, %v", held.Settings.Len(), err)
		}
		l.at(2 * time.Minute)
		l.off()
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15", "00:00:00.000 pass.start power-on", "00:00:00.040 pass.done provisioned",
			"00:01:00.000 pass.start check-sync", "00:01:01.000 pass.done cancelled | failed", "00:01:01.000 factory.reset",
			"00:01:01.000 reboot.start factory reset", "00:01:31.000 phone.on V0.5.15", "00:01:31.000 pass.start power-on",
			"00:01:43.000 pass.done no-answer | failed",
		}, l.story(trace.PhoneOn, trace.PassStart, trace.PassDone, trace.FactoryReset, trace.RebootStart))
	})
}

// brokenFlash fails to store.
type brokenFlash struct{ phone.Memory }

var errWornOut = errors.New("worn out")

func (*brokenFlash) Store(phone.State) error { return errWornOut }
func (*brokenFlash) Clear(phone.State) error { return errWornOut }

func TestFlashFails(t *testing.T) {
	p, err := phone.New(phone.Options{Flash: new(brokenFlash)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.FactoryReset(); !errors.Is(err, errWornOut) {
		t.Errorf("FactoryReset: %v", err)
	}
	if err := p.SetProfileRule("tftp://192.0.2.1/"); !errors.Is(err, errWornOut) || p.ProfileRule() != "" {
		t.Errorf("SetProfileRule: %v; rule %q", err, p.ProfileRule())
	}
}
