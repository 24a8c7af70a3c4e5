package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
	"github.com/fipsim/fipsim/steps/target"
)

// checkCmd is `fipsim check`.
type checkCmd struct {
	Target  string   `help:"The server to judge, as a target.yaml describes it (docs/target.md). Without a target or a server, the embedded reference server is judged." placeholder:"FILE"`
	Server  []string `help:"The URL of the server to judge: tftp, ftp, http or https. May be repeated, once a protocol. Without --docroot, what needs no publishing is judged." sep:"none" placeholder:"URL"`
	Docroot string   `help:"The folder that the server serves: what is published is written below a fresh folder in it, and taken away afterwards." placeholder:"DIR"`

	Scenario []string `help:"Judge by this scenario too: a folder with a scenario.yaml (docs/scenario.md). May be repeated." sep:"none" placeholder:"DIR"`
	Tags     string   `help:"Judge only rules with these tags: a comma is OR, && is AND, ~ is NOT; @over-http is the protocol." placeholder:"EXPR"`
	Rule     []string `help:"Judge only this rule; FIP-CONT-001#3 is the third row of its table. May be repeated." sep:"none" placeholder:"ID"`
	List     bool     `help:"Tell what would be judged and what would be skipped, and why, and judge nothing."`
	Strict   bool     `help:"A broken @should fails too, and so does a known failure that has expired or that holds."`

	Report   []string `help:"Write a report: html, json, junit, github, markdown or text; - is standard output. May be repeated." sep:"none" placeholder:"KIND=FILE"`
	Known    string   `help:"Known failures: rule ids with reason and expiry date (docs/target.md)." placeholder:"FILE"`
	Evidence string   `help:"For each failed scenario leave its pcapng, trace, published tree and command in this folder, passwords included." placeholder:"DIR"`

	Behaviour []string `help:"Options of the phones on points where the guide is silent: a file, or KEY=VALUE. May be repeated." sep:"none" placeholder:"FILE|KEY=VALUE"`
	Seed      int64    `help:"Repeat the order, MACs and contents of an earlier run." placeholder:"N"`
	Intrusive bool     `help:"Allow wrong passwords, malformed requests and floods on a server in use."`
	MaxRate   float64  `help:"At most so many requests a second; 4 on a server in use, else no limit." placeholder:"R"`
	Record    bool     `help:"For a target of kind live: write what each phone ends with today as its expect file, secrets hashed, and judge nothing."`

	CA       string `name:"ca" help:"Trust the certificates in this PEM file instead of the machine's own." placeholder:"FILE"`
	Insecure bool   `help:"Don't check the server's certificate."`
}

// Run judges a provisioning server.
func (c *checkCmd) Run(a *app) (err error) {
	file, err := c.target()
	if err != nil {
		return err
	}
	options, err := c.options(file)
	if err != nil {
		return err
	}
	outputs, err := c.outputs()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outputs.close()) }()
	how := target.Options{Insecure: c.Insecure, Intrusive: c.Intrusive, Seed: options.Seed, Stderr: a.stderr}
	if c.Record {
		return c.record(a, file, how, options)
	}
	t, err := target.Open(a.ctx, file, how)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed(t.Close())) }()
	options.Target = t
	if c.List {
		return c.list(a.stdout, options)
	}
	return c.judge(a, options, outputs)
}

// closed makes what went wrong at the end ours.
func closed(err error) error {
	if err == nil {
		return nil
	}
	return &verdict.Error{Err: err}
}

// judge runs the suite and writes what it found.
func (c *checkCmd) judge(a *app, o steps.Options, out *checkOutputs) error {
	progress := &report.Progress{W: out.progress(a), Live: isTerminal(a.stdout)}
	o.Started = func(plan []steps.Planned) {
		for _, p := range plan {
			progress.Total += p.Rows
		}
	}
	o.Progress = progress.Add
	run, err := steps.Run(a.ctx, o)
	progress.Done()
	if run == nil {
		return err
	}
	if err := errors.Join(err, out.write(a, run)); err != nil {
		return err
	}
	switch v := run.Verdict(); v.Exit() {
	case verdict.ExitOK:
		return nil
	case verdict.ExitFail:
		return &verdict.Fail{Err: errTold}
	default:
		return &verdict.Error{Err: errTold}
	}
}

// record obeys --record.
func (c *checkCmd) record(a *app, file *scenarios.TargetFile, how target.Options, o steps.Options) error {
	written, err := target.Record(a.ctx, file, how, o.Behaviour)
	for _, name := range written {
		fmt.Fprintln(a.stdout, "wrote "+name)
	}
	return err
}

// checkOutputs are the reports that were asked for.
type checkOutputs struct {
	reports []checkReport
	stdout  bool // one of them goes to standard output, and nothing else does
}

type checkReport struct {
	kind string
	file *os.File // nil: standard output
}

// progress is where progress is told.
func (o *checkOutputs) progress(a *app) io.Writer {
	if o.stdout {
		return io.Discard
	}
	return a.stdout
}

// write writes all reports.
func (o *checkOutputs) write(a *app, run *report.Run) error {
	var errs []error
	if !o.stdout {
		errs = append(errs, report.Terminal(a.stdout, run, report.TerminalOptions{Color: isTerminal(a.stdout)}))
		if os.Getenv("GITHUB_ACTIONS") == "true" {
			errs = append(errs, report.GitHub(a.stdout, run))
		}
	}
	for _, r := range o.reports {
		w := a.stdout
		if r.file != nil {
			w = r.file
		}
		errs = append(errs, report.Write(r.kind, w, run))
	}
	return closed(errors.Join(errs...))
}

// close closes the files.
func (o *checkOutputs) close() error {
	var errs []error
	for _, r := range o.reports {
		if r.file != nil {
			errs = append(errs, r.file.Close())
		}
	}
	return closed(errors.Join(errs...))
}
