package phone

import (
	"context"
	"fmt"
	"regexp"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// FirmwareUnnamed is a firmware URL whose file name tells no version.
const FirmwareUnnamed config.Kind = "firmware-unnamed"

// firmwareURL is the setting that names a firmware, with or without "static.".
const firmwareURL = staticPrefix + "firmware.url"

// versionInName finds V0.5.32.3 in FIP14G-FVUI_V0.5.32.3_202105111814_RC.bin.
var versionInName = regexp.MustCompile(`(?:^|[^0-9A-Za-z])([Vv][0-9]+(?:\.[0-9]+)+)`)

// firmwareVersion is the version that a firmware's file name tells; empty where it
// tells none.
func firmwareVersion(name string) string {
	found := versionInName.FindStringSubmatch(name)
	if found == nil {
		return ""
	}
	return "V" + found[1][1:]
}

// wantsFirmware reports whether the phone fetches the firmware that a setting names:
// one whose version it has already it does not (option firmware_url).
func (s *pass) wantsFirmware(wanted config.Resource) (version string, fetch bool) {
	if now, _ := either(s.settings, firmwareURL); now.Key != wanted.Key {
		return "", false // the other name of the setting was set later
	}
	if s.behaviour.FirmwareURL == "fetch" {
		return "", true
	}
	at, err := config.ParseURL(wanted.URL, s.id.MAC, s.behaviour.Macros == "on")
	if err != nil {
		return "", true // fetchResource says what is wrong with it
	}
	version = firmwareVersion(fileName(at))
	switch version {
	case "":
		s.find(config.Finding{File: wanted.File, Line: wanted.Line, Kind: FirmwareUnnamed, Count: 1,
			Text: fmt.Sprintf("the file name of %s tells no version such as V0.5.15: the phone fetches it and stays at %s",
				wanted.Key, s.id.Firmware)})
	case s.id.Firmware:
		s.trace.Record(trace.Event{Kind: trace.FirmwareCurrent, Name: version, Detail: "it runs already"})
		return version, false
	case s.phone.firmwareInFlash():
		s.trace.Record(trace.Event{Kind: trace.FirmwareCurrent, Name: version, Detail: "it is in flash already, and runs after a reboot"})
		return version, false
	}
	return version, true
}

// fetchFirmware fetches a firmware and keeps it for after the reboot.
func (s *pass) fetchFirmware(ctx context.Context, wanted config.Resource) (Resource, bool) {
	version, fetch := s.wantsFirmware(wanted)
	if !fetch {
		return Resource{}, false
	}
	r := s.fetchResource(ctx, wanted)
	if r.Err != nil || version == "" {
		return r, true
	}
	if r.Bytes == 0 {
		r.Err = &Error{trace.BadContent, r.URL + " is empty"}
		return r, true
	}
	if err := s.phone.keepFirmware(version); err != nil {
		r.Err = &Error{trace.LocalFailure, fmt.Sprintf("flash: %v", err)}
		return r, true
	}
	s.report.Firmware = version
	s.trace.Record(trace.Event{Kind: trace.FirmwareNew, Name: version, Detail: "runs after a reboot; now it is " + s.id.Firmware})
	return r, true
}

// firmwareInFlash is the version that the phone runs after its next boot.
func (p *Phone) firmwareInFlash() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flash.Firmware
}

// keepFirmware writes a firmware to flash, of which the version is all that a simulated
// phone needs.
func (p *Phone) keepFirmware(version string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.flash
	state.Firmware = version
	if err := p.options.Flash.Store(state); err != nil {
		return err
	}
	p.flash = state
	return nil
}
