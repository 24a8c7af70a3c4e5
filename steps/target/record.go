package target

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// Record lets each phone that a live target lists provision, and writes what it ends
// with as its expect file, secrets hashed. It writes no file that is there already. It
// returns the files written. behaviour is that of all phones.
func Record(ctx context.Context, file *scenarios.TargetFile, o Options, behaviour device.Behaviour) ([]string, error) {
	if file.Kind != scenarios.KindLive {
		return nil, verdict.Usagef("--record is for targets of kind live; this one is %s", file.Kind)
	}
	for _, p := range file.Phones {
		if p.ExpectAt == "" {
			return nil, verdict.Usagef("%s: phone %s has no expect: name the file that is to be written", file.Name, p.Identity.MAC)
		}
		if _, err := os.Lstat(p.ExpectAt); err == nil {
			return nil, verdict.Usagef("--record: %s is there already: remove it first, if it is to be written anew", p.ExpectAt)
		}
	}
	var written []string
	for _, p := range file.Phones {
		if err := record(ctx, file, p, o, behaviour); err != nil {
			return written, err
		}
		written = append(written, p.ExpectAt)
	}
	return written, nil
}

// record writes the expect file of one phone, from the first URL.
func record(ctx context.Context, file *scenarios.TargetFile, p scenarios.Phone, o Options, behaviour device.Behaviour) error {
	one, err := phone.New(phone.Options{
		Identity: p.Identity, Behaviour: p.Behaviour.Over(behaviour), Network: o.Network,
		TLS:     fetch.TLS{CA: file.CA, Insecure: o.Insecure},
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: file.URLs[0].String()}},
	})
	if err != nil {
		return &verdict.Error{Err: err}
	}
	outcome, err := one.Provision(ctx, device.PowerOn)
	if !outcome.OK() {
		err = fmt.Errorf("--record: phone %s ended %s, so there is nothing to record: %w", p.Identity.MAC, outcome, err)
		return &verdict.Error{Err: err}
	}
	out, err := os.OpenFile(p.ExpectAt, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &verdict.Error{Err: err}
	}
	if err := errors.Join(scenarios.Record(out, one.Settings()), out.Close()); err != nil {
		return &verdict.Error{Err: err}
	}
	return nil
}
