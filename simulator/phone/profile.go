package phone

import (
	"fmt"
	"strconv"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
)

// defaultRepeat is "The default interval is 3600 seconds" (Guide, "Repeatedly").
const defaultRepeat = 3600 * time.Second

// maxRepeat is the longest interval that the phone takes, a year: what is longer is a
// slip of somebody's pen.
const maxRepeat = 365 * 24 * time.Hour

// BadLifeSetting is a setting about the phone's life, such as the interval, whose
// value makes no sense; the phone lives by the default.
const BadLifeSetting config.Kind = "bad-value"

// The settings that say how the phone lives. Each goes by two names, with and
// without "static." before it: both generations are in the field.
const (
	repeatEnable  = staticPrefix + "auto_provision.repeat.enable"
	repeatMinutes = staticPrefix + "auto_provision.repeat.minutes"
	powerOnEnable = staticPrefix + "auto_provision.power_on"
	pnpEnable     = staticPrefix + "auto_provision.pnp_enable"
	dhcpEnable    = staticPrefix + "auto_provision.dhcp_option.enable"
	notifyReboot  = staticPrefix + "sip.notify_reboot_enable"

	serverURL      = staticPrefix + "auto_provision.server.url"
	serverUser     = staticPrefix + "auto_provision.server.username"
	serverPassword = staticPrefix + "auto_provision.server.password"

	staticPrefix = "static."
)

// either returns the setting that was made last of a name with "static." before it and
// the same without.
func either(s *config.Settings, name string) (config.Setting, bool) {
	return s.Either(name, name[len(staticPrefix):])
}

// The values of sip.notify_reboot_enable (grade C).
const (
	notifyAsItSays = "0" // reboot=true decides (Guide, "SIP NOTIFY Message")
	notifyReboots  = "1" // every check-sync reboots
	notifyIgnored  = "2" // no check-sync does anything
)

// profile is how the phone lives, as its settings have it.
type profile struct {
	repeat    time.Duration     // between interval passes; 0: none
	repeatOff string            // why there are none
	powerOn   bool              // a pass at power-on
	off       map[string]string // ways of finding the server that are switched off, and by which setting
	notify    string            // what a check-sync does
}

// readProfile reads how the phone lives. Its findings are about values that make no
// sense; the phone then lives by the default.
func readProfile(s *config.Settings) (profile, []config.Finding) {
	r := &profileReader{settings: s}
	p := profile{off: make(map[string]string), repeat: r.minutes()}
	if by, off := r.switchedOff(repeatEnable); off {
		p.repeat, p.repeatOff = 0, by
	}
	_, off := r.switchedOff(powerOnEnable)
	p.powerOn = !off
	for way, name := range map[string]string{discover.SourcePnP: pnpEnable, discover.SourceDHCP: dhcpEnable} {
		if by, off := r.switchedOff(name); off {
			p.off[way] = by
		}
	}
	p.notify = r.word(notifyReboot, notifyAsItSays, notifyReboots, notifyIgnored)
	return p, r.findings
}

// sameWays reports whether p and o ask the same ways of finding the server.
func (p profile) sameWays(o profile) bool {
	return len(p.off) == len(o.off) && p.off[discover.SourcePnP] == o.off[discover.SourcePnP] &&
		p.off[discover.SourceDHCP] == o.off[discover.SourceDHCP]
}

// profileReader reads single settings and notes what makes no sense.
type profileReader struct {
	settings *config.Settings
	findings []config.Finding
}

// switchedOff reports whether a switch, which is on by default, is off, and by which
// line.
func (r *profileReader) switchedOff(name string) (by string, off bool) {
	if r.word(name, "1", "0") != "0" {
		return "", false
	}
	s, _ := either(r.settings, name)
	return fmt.Sprintf("%s=0 of %s:%d", s.Key, s.File, s.Line), true
}

// word reads a setting that is one of a few words, the first of which is the default.
func (r *profileReader) word(name string, def string, others ...string) string {
	s, ok := either(r.settings, name)
	if !ok || s.Value == def {
		return def
	}
	for _, w := range others {
		if s.Value == w {
			return w
		}
	}
	r.find(s, fmt.Sprintf("%s is none of the values that it may have: the phone takes %s", s.Key, def))
	return def
}

// minutes reads how often the phone provisions.
func (r *profileReader) minutes() time.Duration {
	s, ok := either(r.settings, repeatMinutes)
	if !ok {
		return defaultRepeat
	}
	n, err := strconv.ParseInt(s.Value, 10, 64)
	if err != nil || n < 1 || n > int64(maxRepeat/time.Minute) {
		r.find(s, fmt.Sprintf("%s is not a number of minutes from 1 to %d: the phone goes on with %d",
			s.Key, maxRepeat/time.Minute, defaultRepeat/time.Minute))
		return defaultRepeat
	}
	return time.Duration(n) * time.Minute
}

func (r *profileReader) find(s config.Setting, text string) {
	r.findings = append(r.findings, config.Finding{File: s.File, Line: s.Line, Kind: BadLifeSetting, Text: text, Count: 1})
}

// checkSync is what a check-sync does to a phone with these settings; empty: nothing.
func (p profile) checkSync(why device.Trigger) device.Trigger {
	switch p.notify {
	case notifyReboots:
		return device.CheckSyncReboot
	case notifyIgnored:
		return ""
	default:
		return why
	}
}
