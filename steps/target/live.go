package target

import (
	"context"
	"errors"
	"io/fs"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
)

// Live is a server in use. Nothing is published on it, and it is treated gently.
type Live struct {
	site
	scenarios.Pool // the phones that the file lists
}

func newLive(file *scenarios.TargetFile, o Options) *Live {
	l := &Live{site: newSite(file, o)}
	if len(file.Phones) > 0 {
		l.add(scenarios.Phones)
	}
	for _, p := range file.Phones {
		l.Add(scenarios.Enrolled{Phone: p, Bases: l.urls})
	}
	if o.Intrusive {
		l.add(scenarios.Intrusive)
	}
	return l
}

// Publish implements scenarios.Target: nothing can be published here.
func (l *Live) Publish(context.Context, fs.FS) (*scenarios.Publication, error) {
	return nil, errNoPublishing
}

// Probe implements scenarios.Prober.
func (l *Live) Probe(ctx context.Context, scheme string) error {
	mac := device.DefaultMAC
	if len(l.file.Phones) > 0 {
		mac = l.file.Phones[0].Identity.MAC
	}
	return l.probePhone(ctx, scheme, mac)
}

// probePhone asks for the files of a phone until one is there. That none is, is an
// answer too.
func (s *site) probePhone(ctx context.Context, scheme string, mac device.MAC) error {
	base := scenarios.BaseOf(s.urls, scheme)
	if base == nil {
		return nil
	}
	files, err := s.fetcher()
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }() // the answer is here already
	for _, name := range []string{mac.BootName(), device.CommonBoot, mac.CfgName(), device.CommonCfg} {
		_, err = files.Fetch(ctx, fetch.Request{URL: config.Join(base, name), Name: name})
		if !errors.Is(err, fetch.ErrNotFound) {
			return err
		}
	}
	return err
}

// Reset implements scenarios.Target: there is nothing to take away.
func (l *Live) Reset(context.Context) error { return nil }

// Close implements io.Closer.
func (l *Live) Close() error { return nil }
