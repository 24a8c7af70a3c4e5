package phone_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// triggerKinds tell what became of triggers.
var triggerKinds = []trace.Kind{
	trace.PhoneOn, trace.PassStart, trace.PassDone, trace.TriggerKept, trace.TriggerMerged, trace.TriggerIgnored, trace.RebootStart,
}

// What comes during a pass is served once, when it is over: ten thousand triggers are
// one pass.
func TestTriggerFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		l := office.live(t, phone.Options{})
		l.at(20 * time.Millisecond)
		for range 10_000 {
			l.Trigger(device.CheckSync)
		}
		if s := l.Status(); s.State != phone.StateProvisioning || s.Kept != device.CheckSync {
			t.Errorf("status %+v", s)
		}
		l.at(time.Second)
		if s := l.Status(); s.State != phone.StateResting || s.Kept != "" || s.Passes != 2 || !s.NextInterval.Equal(l.start.Add(time.Hour)) {
			t.Errorf("status %+v", s)
		}
		l.off()
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.000 pass.start power-on",
			"00:00:00.020 trigger.kept check-sync",
			"00:00:00.040 pass.done provisioned",
			"00:00:00.040 trigger.merged check-sync | (9999)",
			"00:00:00.040 pass.start check-sync",
			"00:00:00.080 pass.done unchanged",
		}, l.story(triggerKinds...))
	})
}

// A reboot among the triggers that wait serves them all.
func TestRebootServesKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		l := office.live(t, phone.Options{})
		l.at(20 * time.Millisecond)
		l.Trigger(device.SaveApply)
		l.Trigger(device.CheckSyncReboot)
		l.Trigger(device.CheckSync)
		l.at(10 * time.Second)
		l.Trigger(device.CheckSync) // goes down: hears nothing
		l.Trigger(device.SaveApply)
		if s := l.Status(); s.State != phone.StateRebooting || s.Reboots != 1 || !s.NextInterval.IsZero() {
			t.Errorf("status %+v", s)
		}
		l.at(time.Minute)
		l.off()
		l.Trigger(device.CheckSync)
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.000 pass.start power-on",
			"00:00:00.020 trigger.kept save-and-apply",
			"00:00:00.020 trigger.kept check-sync-reboot",
			"00:00:00.040 pass.done provisioned",
			"00:00:00.040 trigger.merged check-sync-reboot | (2)",
			"00:00:00.040 reboot.start check-sync with reboot=true",
			"00:00:10.000 trigger.ignored check-sync | the phone is rebooting",
			"00:00:30.040 phone.on V0.5.15",
			"00:00:30.040 pass.start power-on",
			"00:00:30.080 pass.done unchanged",
			"00:01:00.000 trigger.ignored check-sync | the phone is off",
		}, l.story(triggerKinds...))
	})
}

// An interval that is over while another trigger waits is served with it.
func TestIntervalDuringPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice() // without a server: 12 s for each pass
		l := office.live(t, phone.Options{Repeat: 20 * time.Second})
		l.at(15 * time.Second)
		l.Trigger(device.CheckSync)
		l.at(16 * time.Second)
		l.Trigger(device.SaveApply)
		l.at(39*time.Second + time.Millisecond)
		l.off()
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.000 pass.start power-on",
			"00:00:12.000 pass.done no-answer | failed",
			"00:00:15.000 pass.start check-sync",
			"00:00:16.000 trigger.kept save-and-apply",
			"00:00:27.000 pass.done no-answer | failed",
			"00:00:27.000 trigger.merged save-and-apply | (1)",
			"00:00:27.000 pass.start save-and-apply",
			"00:00:39.000 pass.done no-answer | failed",
		}, l.story(triggerKinds...))
	})
}

// The end of a life in mid-pass leaves what the phone held.
func TestOffInMidPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		l := office.live(t, phone.Options{})
		l.at(20 * time.Millisecond)
		l.off()
		if last, n := l.Last(), l.Settings().Len(); last.Outcome != device.Failed || n != 0 {
			t.Errorf("%s, %d settings", last.Outcome, n)
		}
		if s := l.Status(); s.State != phone.StateOff {
			t.Errorf("status %+v", s)
		}
	})
}

func TestOneLifeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newOffice().live(t, phone.Options{})
		synctest.Wait()
		if err := l.Run(t.Context()); err == nil {
			t.Error("a phone has power twice")
		}
		l.off()
	})
}
