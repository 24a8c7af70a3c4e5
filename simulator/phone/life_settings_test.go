package phone_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// passes are when passes began, and why.
func (l *living) passes() []string { return l.story(trace.PassStart) }

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// What a phone downloads says how often it asks again. A value that makes no sense is
// one finding, and the phone goes on with the guide's 3600 s.
func TestRepeat(t *testing.T) {
	const everyHour, everyQuarter = "01:00:00", "00:15:00"
	tests := []struct {
		cfg     string
		second  string // when the second pass begins; empty: never
		finding string
	}{
		{"", everyHour, ""},
		{"static.auto_provision.repeat.minutes=15", everyQuarter, ""},
		{"auto_provision.repeat.minutes=15", everyQuarter, ""},
		{"static.auto_provision.repeat.minutes=90\nauto_provision.repeat.minutes=15", everyQuarter, ""},
		{"static.auto_provision.repeat.enable=1\nstatic.auto_provision.repeat.minutes=15", everyQuarter, ""},
		{"static.auto_provision.repeat.enable=0\nstatic.auto_provision.repeat.minutes=15", "", ""},
		{"auto_provision.repeat.enable=0", "", ""},
		{"static.auto_provision.repeat.enable=", everyHour, ""},
		{"static.auto_provision.repeat.enable=yes", everyHour, "y000000000000.cfg:1: static.auto_provision.repeat.enable is none of the values"},
		{"a=1\nstatic.auto_provision.repeat.minutes=0", everyHour, "y000000000000.cfg:2: static.auto_provision.repeat.minutes is not a number of minutes from 1 to 525600"},
		{"static.auto_provision.repeat.minutes=-1", everyHour, "not a number of minutes"},
		{"static.auto_provision.repeat.minutes=1000000000000", everyHour, "not a number of minutes"},
		{"static.auto_provision.repeat.minutes=99999999999999999999999", everyHour, "not a number of minutes"},
		{"static.auto_provision.repeat.minutes=ten", everyHour, "not a number of minutes"},
	}
	for _, tt := range tests {
		t.Run(tt.cfg, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				office := newOffice()
				office.serve(serverA, "y000000000000.cfg", tt.cfg+"\n")
				l := office.live(t, phone.Options{})
				l.at(100 * time.Minute)
				found := l.Last().Findings
				l.off()
				second := ""
				if p := l.passes(); len(p) > 1 {
					second = p[1][:len("00:00:00")]
				}
				if second != tt.second {
					t.Errorf("the second pass is at %q, want %q\n%s", second, tt.second, strings.Join(l.story(), "\n"))
				}
				if tt.finding == "" && len(found) > 0 || tt.finding != "" && (len(found) != 1 || !strings.Contains(found[0].String(), tt.finding)) {
					t.Errorf("findings %v, want %q", found, tt.finding)
				}
			})
		})
	}
}

// Options.Repeat counts more than the settings.
func TestRepeatOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "static.auto_provision.repeat.enable=0\n")
		l := office.live(t, phone.Options{Repeat: 10 * time.Second})
		l.at(25 * time.Second)
		l.off()
		same(t, "passes", []string{
			"00:00:00.000 pass.start power-on", "00:00:10.000 pass.start interval", "00:00:20.000 pass.start interval",
		}, l.passes())
	})
}

// A pass that takes longer than the interval is followed by one pass, not by those that
// were missed.
func TestSlowPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice() // without a server: 12 s for each pass
		l := office.live(t, phone.Options{Repeat: 5 * time.Second})
		l.at(40 * time.Second)
		l.off()
		same(t, "passes", []string{
			"00:00:00.000 pass.start power-on", "00:00:12.000 pass.start interval", "00:00:24.000 pass.start interval",
			"00:00:36.000 pass.start interval",
		}, l.passes())
	})
}

// A phone that is told of another server asks that one next time, whichever way it had
// found the first; and from there it is told the credentials too.
func TestToldServer(t *testing.T) {
	for _, name := range []string{"static.auto_provision.server.url", "auto_provision.server.url"} {
		synctest.Test(t, func(t *testing.T) {
			office := newOffice()
			office.serve(serverA, "y000000000000.cfg", fmt.Sprintf("account.1.label=A\n%s=tftp://%s/\n", name, serverB))
			office.serve(serverB, "y000000000000.cfg", "account.1.label=B\n")
			l := office.live(t, phone.Options{Finders: map[string]discover.Finder{"dhcp": discover.Injected{Value: serverA.String()}}})
			l.at(time.Hour + time.Minute)
			same(t, name, []string{
				"00:00:00.000 source.found dhcp | tftp://192.0.2.10/ | option 66 given by hand",
				"01:00:00.000 source.found static | tftp://192.0.2.20/ | " + name + " of y000000000000.cfg:2",
			}, l.story(trace.SourceFound))
			if got, _ := l.Settings().Get("account.1.label"); got != "B" {
				t.Errorf("label %q", got)
			}
			l.off()
		})
	}
}

// A URL that no phone could use, or that would read this machine's own files, changes
// nothing but findings.
func TestToldNonsense(t *testing.T) {
	for _, told := range []string{"file:///etc/", "gopher://x/", "http://"} {
		synctest.Test(t, func(t *testing.T) {
			office := newOffice()
			office.serve(serverA, "y000000000000.cfg", "static.auto_provision.server.url="+told+"\n")
			l := office.live(t, phone.Options{})
			l.at(time.Hour + time.Minute)
			if got := l.Last(); got.Outcome != device.Unchanged || got.Server != "tftp://192.0.2.10/" || len(got.Findings) != 1 {
				t.Errorf("%s: %+v", told, got)
			}
			l.off()
		})
	}
}

// The ways of finding the server can be switched off, and then nobody is asked; so can
// the pass at power-on.
func TestSwitches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "auto_provision.pnp_enable=0\nstatic.auto_provision.power_on=0\n")
		l := office.live(t, phone.Options{Finders: map[string]discover.Finder{
			"pnp":    discover.Static{URL: serverA.String()}, // whatever it is: it is asked or not
			"static": discover.Static{URL: serverA.String()},
		}})
		l.at(time.Minute)
		l.Trigger(device.CheckSync) // the switch came: the phone looks for its server again
		l.at(2 * time.Minute)
		l.Trigger(device.CheckSyncReboot)
		l.at(3 * time.Hour)
		l.off()
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.000 pass.start power-on",
			"00:00:00.000 source.found static | tftp://192.0.2.10/ | set in the phone",
			"00:01:00.000 pass.start check-sync",
			"00:01:00.000 source.off pnp | auto_provision.pnp_enable=0 of y000000000000.cfg:1",
			"00:01:00.000 source.found static | tftp://192.0.2.10/ | set in the phone",
			"00:02:00.000 reboot.start check-sync with reboot=true",
			"00:02:30.000 phone.on V0.5.15",
			"01:02:30.000 pass.start interval",
			"01:02:30.000 source.off pnp | auto_provision.pnp_enable=0 of y000000000000.cfg:1",
			"01:02:30.000 source.found static | tftp://192.0.2.10/ | set in the phone",
			"02:02:30.000 pass.start interval",
			"02:02:30.000 source.found static | tftp://192.0.2.10/ | known since an earlier pass",
		}, l.story(trace.PhoneOn, trace.PassStart, trace.SourceOff, trace.SourceFound, trace.RebootStart))
	})
}

// rediscover=always looks for the server at every pass.
func TestRediscover(t *testing.T) {
	for set, want := range map[string]int{"rediscover=power-on": 1, "rediscover=always": 3} {
		synctest.Test(t, func(t *testing.T) {
			office := newOffice()
			office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
			asked := new(counting)
			l := office.live(t, phone.Options{Finders: map[string]discover.Finder{"pnp": asked}}, set)
			l.at(2*time.Hour + time.Minute)
			l.off()
			if asked.n != want {
				t.Errorf("%s: the server was looked for %d times, want %d", set, asked.n, want)
			}
		})
	}
}

// counting finds server A and counts how often.
type counting struct{ n int }

func (c *counting) Find(ctx context.Context, id device.Identity) (discover.Offer, error) {
	c.n++
	return discover.Static{URL: serverA.String()}.Find(ctx, id)
}

// sip.notify_reboot_enable: 0 as reboot= says, 1 always reboot, 2 never react.
func TestNotifyRebootEnable(t *testing.T) {
	const on, pass = "phone.on V0.5.15", "pass.start "
	tests := []struct {
		value string
		why   device.Trigger
		want  []string // after the power-on pass
	}{
		{"", device.CheckSync, []string{pass + "check-sync"}},
		{"0", device.CheckSync, []string{pass + "check-sync"}},
		{"0", device.CheckSyncReboot, []string{on, pass + "power-on"}},
		{"1", device.CheckSync, []string{on, pass + "power-on"}},
		{"1", device.CheckSyncReboot, []string{on, pass + "power-on"}},
		{"2", device.CheckSync, []string{"trigger.ignored check-sync | sip.notify_reboot_enable=2"}},
		{"2", device.CheckSyncReboot, []string{"trigger.ignored check-sync-reboot | sip.notify_reboot_enable=2"}},
		{"3", device.CheckSync, []string{pass + "check-sync"}}, // no such value: a finding
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			office := newOffice()
			office.serve(serverA, "y000000000000.cfg", "sip.notify_reboot_enable="+tt.value+"\n")
			l := office.live(t, phone.Options{})
			l.at(time.Minute)
			l.Trigger(tt.why)
			l.at(2 * time.Minute)
			l.off()
			got := l.story(trace.PhoneOn, trace.PassStart, trace.TriggerIgnored)[2:]
			for i := range got {
				_, got[i], _ = strings.Cut(got[i], " ")
			}
			same(t, tt.value+" "+string(tt.why), tt.want, got)
		})
	}
}
