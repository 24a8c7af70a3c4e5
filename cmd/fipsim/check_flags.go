package main

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// liveRate is how many requests a second a server in use gets where nobody says.
const liveRate = 4

// target reads which server is judged.
func (c *checkCmd) target() (*scenarios.TargetFile, error) {
	if c.Target != "" {
		if len(c.Server) > 0 || c.Docroot != "" {
			return nil, verdict.Usagef("--target excludes --server and --docroot: they stand in the file")
		}
		file, err := scenarios.OpenTarget(c.Target, c.Record)
		if err != nil {
			return nil, verdict.Usagef("--target: %w", err)
		}
		return file, c.readCA(file)
	}
	file := &scenarios.TargetFile{Kind: scenarios.KindEmbedded, Docroot: c.Docroot}
	switch {
	case c.Docroot != "" && len(c.Server) == 0:
		return nil, verdict.Usagef("--docroot needs --server: the URL at which this folder is served")
	case c.Docroot != "":
		file.Kind = scenarios.KindDocroot
	case len(c.Server) > 0:
		file.Kind = scenarios.KindLive
	}
	for _, text := range c.Server {
		u, err := scenarios.ParseBase(text)
		if err != nil {
			return nil, verdict.Usagef("--server: %w", err)
		}
		if scenarios.BaseOf(file.URLs, u.Scheme) != nil {
			return nil, verdict.Usagef("--server: a second URL for %s: want one a protocol", u.Scheme)
		}
		file.URLs = append(file.URLs, u)
	}
	return file, c.readCA(file)
}

// readCA obeys --ca, which outweighs the file.
func (c *checkCmd) readCA(file *scenarios.TargetFile) error {
	if c.CA == "" {
		return nil
	}
	pem, err := readInput(c.CA)
	if err != nil {
		return verdict.Usagef("--ca: %w", err)
	}
	file.CA = pem
	return nil
}

// options reads what is judged, and how.
func (c *checkCmd) options(file *scenarios.TargetFile) (o steps.Options, err error) {
	o = steps.Options{
		Rules: c.Rule, Tags: c.Tags, Seed: c.Seed, Strict: c.Strict, Evidence: c.Evidence, MaxRate: c.MaxRate,
		Version: buildVersion(), Command: c.commandLine(),
	}
	if o.Seed == 0 {
		o.Seed = rand.Int64N(1<<31) + 1 // here, as a roster's phones come of it too
	}
	if c.MaxRate < 0 {
		return o, verdict.Usagef("--max-rate: want more than 0 requests a second")
	}
	if file.Kind == scenarios.KindLive {
		o.Side = 2
		if c.MaxRate == 0 {
			o.MaxRate = liveRate
		}
	}
	if err := readBehaviour(c.Behaviour, &o.Behaviour); err != nil {
		return o, err
	}
	for _, dir := range c.Scenario {
		s, err := scenarios.Open(dir)
		if err != nil {
			return o, verdict.Usagef("--scenario: %w", err)
		}
		if slices.ContainsFunc(o.Scenarios, func(other *scenarios.Scenario) bool { return other.Name == s.Name }) {
			return o, verdict.Usagef("--scenario: two are called %s", s.Name)
		}
		o.Scenarios = append(o.Scenarios, s)
	}
	if c.Known != "" {
		if o.Known, err = steps.ReadKnown(c.Known, o.Scenarios); err != nil {
			return o, verdict.Usagef("--known: %w", err)
		}
	}
	return o, o.Check()
}

// commandLine is what was typed, as far as it says which server is judged and by which
// phones. Passwords are masked.
func (c *checkCmd) commandLine() string {
	words := []string{"fipsim", "check"}
	add := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				words = append(words, flag, steps.ShellWord(v))
			}
		}
	}
	add("--target", c.Target)
	for _, s := range c.Server {
		add("--server", config.Masked("url", s))
	}
	add("--docroot", c.Docroot)
	add("--scenario", c.Scenario...)
	add("--behaviour", c.Behaviour...)
	add("--ca", c.CA)
	if c.Insecure {
		words = append(words, "--insecure")
	}
	if c.Intrusive {
		words = append(words, "--intrusive")
	}
	if c.MaxRate > 0 {
		add("--max-rate", strconv.FormatFloat(c.MaxRate, 'g', -1, 64))
	}
	return strings.Join(words, " ")
}

// outputs reads --report and opens the files, so that a wrong name is told before the
// run and not after it.
func (c *checkCmd) outputs() (*checkOutputs, error) {
	out := new(checkOutputs)
	for _, text := range c.Report {
		kind, name, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, errors.Join(verdict.Usagef("--report %s: want KIND=FILE, such as junit=report.xml", text), out.close())
		}
		err := report.CheckKind(kind)
		r := checkReport{kind: kind}
		switch {
		case err != nil:
		case name == "-" && out.stdout:
			err = verdict.Usagef("--report: only one can go to standard output")
		case name == "-":
			out.stdout = true
		default:
			if r.file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
				err = verdict.Usagef("--report: %w", err)
			}
		}
		if err != nil {
			return nil, errors.Join(err, out.close())
		}
		out.reports = append(out.reports, r)
	}
	return out, nil
}
