package phone_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/phone"
)

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
