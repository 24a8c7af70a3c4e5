package main

import (
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// options reads the flags and the files that they name.
func (c *loadCmd) options() (o fleet.Options, err error) {
	o = fleet.Options{Servers: c.Server, Seed: c.Seed, InFlight: c.InFlight}
	o.TLS.Insecure = c.Insecure
	if c.InFlight < 0 {
		return o, verdict.Usagef("--in-flight %d: want at least 1", c.InFlight)
	}
	if err := readBehaviour(c.Behaviour, &o.Behaviour); err != nil {
		return o, err
	}
	for _, read := range []func(*fleet.Options) error{c.server, c.phones, c.stages, c.read, c.conditions, c.tls} {
		if err := read(&o); err != nil {
			return o, err
		}
	}
	if c.Local != "" {
		if o.Local, err = fleet.LocalAddresses(c.Local); err != nil {
			return o, verdict.Usagef("--local: %w", err)
		}
	}
	return o, nil
}

// server reads which server it is.
func (c *loadCmd) server(o *fleet.Options) error {
	switch {
	case c.Target != "" && len(c.Server) > 0:
		return verdict.Usagef("--target excludes --server: the URLs stand in the file")
	case c.Target != "":
		file, err := scenarios.OpenTarget(c.Target, false)
		if err != nil {
			return verdict.Usagef("--target: %w", err)
		}
		for _, u := range file.URLs {
			o.Servers = append(o.Servers, u.String())
		}
		o.TLS.CA = file.CA
		if len(o.Servers) == 0 {
			return verdict.Usagef("--target: %s names no URL: a load goes to a server that runs already", c.Target)
		}
	case len(c.Server) == 0 && !c.asked():
		return verdict.Usagef("which server? --server URL, or --target FILE, or a way of finding it: --pnp, --dhcp, --dhcp-relay HOST:PORT")
	}
	for _, text := range c.Server {
		if _, err := scenarios.ParseBase(text); err != nil {
			return verdict.Usagef("--server: %w", err)
		}
	}
	return nil
}

// phones reads --phones.
func (c *loadCmd) phones(o *fleet.Options) (err error) {
	n, notNumber := strconv.Atoi(c.Phones)
	if notNumber != nil {
		if c.MAC != "" {
			return verdict.Usagef("--mac goes with a number of phones: %s has MACs of its own", c.Phones)
		}
		if o.Phones, err = fleet.ReadCSV(c.Phones); err != nil {
			return verdict.Usagef("--phones: %w", err)
		}
		return nil
	}
	first := fleet.DefaultFirst
	if c.MAC != "" {
		if first, err = device.ParseMAC(c.MAC); err != nil {
			return verdict.Usagef("--mac: %w", err)
		}
		if err := first.Check(); err != nil {
			return verdict.Usagef("--mac: %w", err)
		}
	}
	if o.Phones, err = fleet.Count(n, first); err != nil {
		return verdict.Usagef("--phones: %w", err)
	}
	return nil
}

// stages reads --profile, or --arrival, --over and --every.
func (c *loadCmd) stages(o *fleet.Options) (err error) {
	if c.Profile != "" {
		if c.Arrival+c.Over+c.Every != "" {
			return verdict.Usagef("--profile excludes --arrival, --over and --every: they stand in the file")
		}
		p, err := fleet.ReadProfile(c.Profile, len(o.Phones))
		if err != nil {
			return verdict.Usagef("--profile: %w", err)
		}
		o.Stages, o.Limit, o.Thresholds = p.Stages, p.Limit, append(o.Thresholds, p.Thresholds...)
		return nil
	}
	var s fleet.Stage
	s.Arrival = c.Arrival
	if c.Over != "" {
		if s.Over, err = device.ParseDuration(c.Over); err != nil {
			return verdict.Usagef("--over: %w", err)
		}
	}
	if c.Every != "" {
		if s.Every, err = device.ParseDuration(c.Every); err != nil {
			return verdict.Usagef("--every: %w", err)
		}
	}
	o.Stages = []fleet.Stage{s}
	return nil
}

// conditions reads what decides, and what is kept.
func (c *loadCmd) conditions(o *fleet.Options) (err error) {
	if c.Expect != "" {
		if o.Expect, err = scenarios.ReadExpect(c.Expect); err != nil {
			return verdict.Usagef("--expect: %w", err)
		}
	}
	for _, text := range c.Threshold {
		t, err := fleet.ParseThreshold(text)
		if err != nil {
			return verdict.Usagef("--threshold: %w", err)
		}
		o.Thresholds = append(o.Thresholds, t)
	}
	if c.AbortOn != "" {
		abort, err := fleet.ParseAbort(c.AbortOn)
		if err != nil {
			return verdict.Usagef("--abort-on: %w", err)
		}
		o.Abort = &abort
	}
	if c.Sample != "" {
		n, ok := strings.CutPrefix(c.Sample, "1/")
		if o.Sample, err = strconv.Atoi(n); err != nil || !ok || o.Sample < 1 {
			return verdict.Usagef("--sample %s: want 1/N, such as 1/1000", c.Sample)
		}
	}
	return nil
}

// tls reads --ca, which outweighs the target's.
func (c *loadCmd) tls(o *fleet.Options) error {
	if c.CA != "" {
		pem, err := readInput(c.CA)
		if err != nil {
			return verdict.Usagef("--ca: %w", err)
		}
		o.TLS.CA = pem
	}
	if _, err := fetch.New(fetch.Options{TLS: o.TLS}); err != nil {
		return verdict.Usagef("--ca: %w", err)
	}
	return nil
}
