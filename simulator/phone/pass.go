package phone

import (
	"context"
	"net/url"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// Pass is the report of one provisioning pass.
type Pass struct {
	Number    uint64 // from 1
	Trigger   device.Trigger
	Start     time.Time
	Took      time.Duration
	Outcome   device.Outcome
	Err       error            // why it failed or found nothing
	Source    string           // the way that named the server: pnp, dhcp, static
	Server    string           // the server's URL, without user info
	Files     []File           // in the order in which they were merged
	Findings  []config.Finding // what the phone suffers silently
	Changed   []config.Change  // settings whose value is another than before, sorted by key
	Reboot    []string         // keys of those of Changed that need a reboot
	Resources []Resource
	Firmware  string // the version that the phone will run after a reboot; empty: the same
}

// File is one boot or cfg file that the pass used.
type File struct {
	Name  string
	URL   string // without user info
	Bytes int64
	Merge config.Merged // what its settings did; zero for a boot file
}

// pass is a provisioning pass in the making.
type pass struct {
	phone     *Phone
	id        device.Identity
	behaviour device.Behaviour
	trace     *trace.Stream
	files     *fetch.Schemes

	server   *url.URL         // a folder, with or without its final slash, or one cfg file
	oneFile  bool             // which of them
	found    bool             // some boot or cfg file was there
	held     *config.Settings // what the phone held before
	settings *config.Settings // what it will hold
	merged   []*config.Cfg    // the files of this pass
	skipped  error            // the latest failure that on_failure=skip passed over
	report   Pass
}

// run is the guide's flow chart (Guide, "Auto Provisioning Process"; the order of the
// files is that of its DHCP capture).
func (s *pass) run(ctx context.Context) error {
	// "Obtaining the Provisioning Server Address"
	if err := s.findServer(ctx); err != nil {
		return err
	}

	// "Downloading Boot, Configuration and Resource Files"
	err := s.openFetcher()
	if err != nil {
		return err
	}
	if s.oneFile {
		err = s.cfgFile(ctx, fileName(s.server), s.server)
	} else {
		err = s.folder(ctx)
	}
	if err != nil {
		return err
	}
	if !s.found {
		return s.nothingFound()
	}

	// "Resolving and Updating Configurations"
	if err := s.apply(ctx); err != nil {
		return err
	}
	s.fetchResources(ctx)
	s.noteReboot()
	return nil
}

// folder fetches what a folder holds for this phone: the boot file and what it
// includes; without a boot file, the common cfg file and the one for this phone.
func (s *pass) folder(ctx context.Context) error {
	// The guide's DHCP capture asks for the MAC alone before anything else.
	if s.probesBareMAC() {
		name := s.id.MAC.String()
		if err := s.cfgFile(ctx, name, config.Join(s.server, name)); err != nil {
			return err
		}
		if s.found && s.behaviour.BareHit == "stop" {
			return nil
		}
	}
	// "The MAC-Oriented boot file is only effective for the specific phone"; the
	// common one is asked for only where that is missing.
	for _, name := range []string{s.id.MAC.BootName(), device.CommonBoot} {
		boot, base, err := s.bootFile(ctx, name)
		if err != nil {
			return err
		}
		if boot != nil {
			return s.includes(ctx, boot, base)
		}
	}
	for _, name := range []string{device.CommonCfg, s.id.MAC.CfgName()} {
		if err := s.cfgFile(ctx, name, config.Join(s.server, name)); err != nil {
			return err
		}
	}
	return nil
}

// probesBareMAC obeys the option probe_bare_mac.
func (s *pass) probesBareMAC() bool {
	switch s.behaviour.ProbeBareMAC {
	case "always":
		return true
	case "never":
		return false
	default:
		return s.report.Source == discover.SourceDHCP
	}
}

// includes fetches the cfg files of a boot file: "downloaded in the order listed (top
// to bottom)"; "the parameters in the newly downloaded configuration files will
// override the duplicate parameters in files downloaded earlier" (Guide, "Editing
// Common Boot File").
func (s *pass) includes(ctx context.Context, boot *config.Boot, base *url.URL) error {
	if n, most := len(boot.Includes), s.behaviour.MaxIncludes; n > most {
		return &Error{trace.TooManyIncludes, tooManyIncludes(boot.Name, n, most)}
	}
	for _, include := range boot.Includes {
		target, err := config.Resolve(base, s.expand(include.Ref))
		if err != nil {
			s.findInclude(boot, include, IncludeRefused, err.Error())
			continue
		}
		before := len(s.report.Files)
		if err := s.cfgFile(ctx, s.includeName(include), target); err != nil {
			return err
		}
		if len(s.report.Files) > before {
			continue
		}
		if s.behaviour.IncludeMissing == "abort" {
			return missingInclude(boot.Name, include, target)
		}
		s.findInclude(boot, include, IncludeMissing, "the included file "+trace.URL(target)+" is missing: the phone goes on without it")
	}
	return nil
}
