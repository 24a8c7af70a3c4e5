package phone_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

var rebootKinds = []trace.Kind{trace.PhoneOn, trace.RebootNeeded, trace.RebootStart, trace.RebootLoop}

// A server that changes a setting that needs a reboot at every pass gets three reboots,
// and is reported. Something else that needs a reboot is still obeyed, and a pass
// without such a change ends the row.
func TestRebootLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		asked := 0
		office.render("y000000000000.cfg", func() string {
			asked++
			return fmt.Sprintf("static.network.vlan.id=%d\n", asked)
		})
		office.serve(serverA, "none", "")
		l := office.live(t, phone.Options{})
		l.at(10 * time.Hour)
		if got := l.Status(); got.Reboots != 3 || !cmp.Equal(got.RebootLoop, []string{"static.network.vlan.id"}) {
			t.Errorf("status %+v", got)
		}
		office.serve(serverA, "0021f2000001.cfg", "static.network.ip_address_mode=1\n")
		l.at(20 * time.Hour)
		office.render("y000000000000.cfg", func() string { return "static.network.vlan.id=1\n" })
		l.at(22 * time.Hour) // quiet again, but for one change
		office.render("y000000000000.cfg", func() string { return "static.network.vlan.id=2\n" })
		l.at(24 * time.Hour)
		l.off()
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.040 reboot.start static.network.vlan.id",
			"00:00:30.040 phone.on V0.5.15",
			"00:00:30.080 reboot.start static.network.vlan.id",
			"00:01:00.080 phone.on V0.5.15",
			"00:01:00.120 reboot.start static.network.vlan.id",
			"00:01:30.120 phone.on V0.5.15",
			"00:01:30.160 reboot.loop static.network.vlan.id",
			"10:01:30.160 reboot.start static.network.ip_address_mode, static.network.vlan.id",
			"10:02:00.160 phone.on V0.5.15",
			"10:02:00.200 reboot.loop static.network.ip_address_mode, static.network.vlan.id",
			"22:02:00.200 reboot.start static.network.vlan.id",
			"22:02:30.200 phone.on V0.5.15",
		}, l.story(trace.PhoneOn, trace.RebootStart, trace.RebootLoop))
	})
}

// Nor does a server that makes up a new setting at every pass.
func TestRebootLoopOfNewSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		asked := 0
		office.render("y000000000000.cfg", func() string {
			asked++
			return fmt.Sprintf("static.network.x%d=1\n", asked)
		})
		office.serve(serverA, "none", "")
		l := office.live(t, phone.Options{})
		l.at(48 * time.Hour)
		l.off()
		if s := l.Status(); s.Reboots != 10 || len(s.RebootLoop) != 10 {
			t.Errorf("%d reboots for %d settings", s.Reboots, len(s.RebootLoop))
		}
	})
}

// A firmware URL of another version is fetched once; after the reboot the phone says
// that version, also when it gets power again later.
func TestFirmware(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg",
			"static.firmware.url=tftp://192.0.2.10/FIP14G-FVUI_V0.5.32.3_202105111814_RC.bin\n")
		office.serve(serverA, "FIP14G-FVUI_V0.5.32.3_202105111814_RC.bin", "\x7fELF")
		flash, err := phone.OpenFolder(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		l := office.live(t, phone.Options{Flash: flash})
		l.at(5 * time.Second)
		if s := l.Status(); s.Firmware != "V0.5.15" || s.NewFirmware != "V0.5.32.3" || l.Identity().Firmware != "V0.5.15" {
			t.Errorf("before the reboot: %+v", s)
		}
		l.at(3 * time.Hour)
		l.off()
		kinds := append([]trace.Kind{trace.FirmwareNew, trace.FirmwareCurrent, trace.ResourceDone, trace.ResourceFailed}, rebootKinds...)
		same(t, "story", []string{
			"00:00:00.000 phone.on V0.5.15",
			"00:00:00.050 firmware.new V0.5.32.3 | runs after a reboot; now it is V0.5.15",
			"00:00:00.050 resource.done static.firmware.url | tftp://192.0.2.10/FIP14G-FVUI_V0.5.32.3_202105111814_RC.bin | (4)",
			"00:00:00.050 reboot.needed static.firmware.url",
			"00:00:00.050 reboot.start static.firmware.url",
			"00:00:30.050 phone.on V0.5.32.3",
			"00:00:30.090 firmware.current V0.5.32.3 | it runs already",
			"01:00:30.090 firmware.current V0.5.32.3 | it runs already",
			"02:00:30.090 firmware.current V0.5.32.3 | it runs already",
		}, l.story(kinds...))
		again, err := phone.New(phone.Options{Flash: flash})
		if err != nil || again.Identity().Firmware != "V0.5.32.3" {
			t.Errorf("made again from the same flash: %v, %v", again.Identity(), err)
		}
	})
}

// What is no other version is no upgrade.
func TestFirmwareNot(t *testing.T) {
	tests := []struct{ name, cfg, set, want string }{
		{"the version that runs", "static.firmware.url=tftp://192.0.2.10/FIP_V0.5.15.bin", "", "firmware.current V0.5.15 | it runs already"},
		{"no version", "firmware.url=tftp://192.0.2.10/latest.bin", "", "resource.done firmware.url | tftp://192.0.2.10/latest.bin | (4)"},
		{"missing", "firmware.url=tftp://192.0.2.10/V0.9.bin", "",
			"resource.failed firmware.url | tftp://192.0.2.10/V0.9.bin | not-found"},
		{"empty", "firmware.url=tftp://192.0.2.10/V0.8.bin", "", "resource.failed firmware.url | tftp://192.0.2.10/V0.8.bin | bad-content"},
		{"switched off", "firmware.url=tftp://192.0.2.10/V0.7.bin", "firmware_url=fetch",
			"resource.done firmware.url | tftp://192.0.2.10/V0.7.bin | (4)"},
		{"two names: the later one", "static.firmware.url=tftp://192.0.2.10/V0.7.bin\nfirmware.url=tftp://192.0.2.10/V0.5.15.bin", "",
			"firmware.current V0.5.15"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			office := newOffice()
			office.serve(serverA, "y000000000000.cfg", tt.cfg+"\n")
			office.serve(serverA, "latest.bin", "\x7fELF")
			office.serve(serverA, "V0.7.bin", "\x7fELF")
			office.serve(serverA, "V0.8.bin", "")
			var set []string
			if tt.set != "" {
				set = append(set, tt.set)
			}
			l := office.live(t, phone.Options{}, set...)
			l.at(time.Minute)
			l.off()
			story := l.story(trace.FirmwareNew, trace.FirmwareCurrent, trace.ResourceDone, trace.ResourceFailed, trace.RebootStart)
			if len(story) != 1 || !strings.Contains(story[0], tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, story, tt.want)
			}
			if got := l.Identity().Firmware; got != device.DefaultFirmware {
				t.Errorf("%s: the phone says %s", tt.name, got)
			}
		})
	}
}

// diary is an Attachment that writes down what it is told.
type diary struct {
	start time.Time
	lines []string
	fail  error
	stuck bool
}

func (d *diary) write(what string) {
	d.lines = append(d.lines, clock(time.Since(d.start))+" "+what)
}

func (d *diary) PowerOn(_ context.Context, p *phone.Phone) error {
	label, _ := p.Settings().Get("account.1.label")
	d.write("on " + label)
	return d.fail
}

func (d *diary) SettingsChanged(p *phone.Phone) {
	label, _ := p.Settings().Get("account.1.label")
	d.write("changed " + label)
}

func (d *diary) PowerOff(ctx context.Context) {
	if d.stuck {
		<-ctx.Done()
	}
	d.write("off")
}

// What is attached has power after the power-on pass, sees settings that change, and
// loses power with the phone, which waits five seconds for it and no longer.
func TestAttachment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "account.1.label=A\n")
		d := &diary{start: time.Now(), stuck: true}
		l := office.live(t, phone.Options{Attach: []phone.Attachment{d}})
		l.at(time.Minute)
		office.serve(serverA, "y000000000000.cfg", "account.1.label=B\n")
		l.Trigger(device.CheckSync)
		l.at(2 * time.Minute)
		l.Trigger(device.CheckSync) // nothing changes
		l.at(3 * time.Minute)
		l.Trigger(device.CheckSyncReboot)
		l.at(4 * time.Minute)
		l.off()
		same(t, "diary", []string{
			"00:00:00.040 on A", "00:01:00.040 changed B", "00:03:05.000 off", "00:03:35.040 on B", "00:04:05.000 off",
		}, d.lines)
	})
}

// What cannot start ends the life, and takes power from what started before it.
func TestAttachmentFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		office := newOffice()
		office.serve(serverA, "y000000000000.cfg", "a.b=1\n")
		one, two := &diary{start: time.Now()}, &diary{start: time.Now(), fail: errors.New("address in use")}
		l := office.live(t, phone.Options{Attach: []phone.Attachment{one, two}})
		if err := <-l.done; !errors.Is(err, two.fail) {
			t.Errorf("Run: %v", err)
		}
		l.cancel()
		same(t, "first", []string{"00:00:00.040 on", "00:00:00.040 off"}, trimmed(one.lines))
		same(t, "second", []string{"00:00:00.040 on"}, trimmed(two.lines))
	})
}

func trimmed(lines []string) []string {
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}
