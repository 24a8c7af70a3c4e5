package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/web"
)

// loadCmd is `fipsim load`.
type loadCmd struct {
	Server []string `help:"The provisioning URL: tftp, ftp, http or https. May be repeated, once a protocol; a profile mixes them." sep:"none" placeholder:"URL"`
	Target string   `help:"The server's URLs and certificates, as a target.yaml has them (docs/target.md)." placeholder:"FILE"`
	Phones string   `help:"How many phones, or a CSV file of them: mac,model,user,password,expect." required:"" placeholder:"N|FILE.csv"`
	MAC    string   `help:"The first MAC where --phones is a number." placeholder:"M"`

	Profile string `help:"A load profile (docs/load.md): stages one after the other." placeholder:"FILE"`
	Arrival string `help:"How phones arrive: storm, ramp, poisson, interval, checksync, avalanche." placeholder:"NAME"`
	Over    string `help:"How long the arrivals take; without it, all at once." placeholder:"D"`
	Every   string `help:"For --arrival interval: the time between two passes of a phone; 1h without it." placeholder:"D"`

	loadWays `embed:""`

	Local    string `help:"Send from the addresses of this network that the machine has, in turn." placeholder:"CIDR"`
	InFlight int    `help:"Passes under way at once at most; 1000, or what the machine allows." placeholder:"N"`

	Expect    string   `help:"What each phone must hold in the end, as a cfg file; $$(MA) is its MAC." placeholder:"FILE"`
	Threshold []string `help:"A condition for success: p99(pass)<5s, provisioned>99.9%, errors<0.1%. May be repeated." sep:"none" placeholder:"EXPR"`
	AbortOn   string   `help:"End early: errors>20%/10s is more than a fifth of the passes of the last ten seconds." placeholder:"EXPR"`
	Find      string   `help:"Look for the highest rate at which this holds, such as p99(pass)<5s: trials of --over (10s) with ever more phones a second." placeholder:"EXPR"`
	Sample    string   `help:"Keep the whole trace of one phone in N, besides those that failed, for --report and --web." placeholder:"1/N"`
	Report    []string `help:"Write a report: html, json; - is standard output." sep:"none" placeholder:"KIND=FILE"`
	Web       string   `help:"Show the load while it is under way, as a page at this address, and as Prometheus metrics at /metrics there." placeholder:"ADDR"`
	Seed      uint64   `help:"Repeat the arrivals and mixes of an earlier run." placeholder:"N"`

	Behaviour []string `help:"Options of the phones on points where the guide is silent: a file, or KEY=VALUE. May be repeated." sep:"none" placeholder:"FILE|KEY=VALUE"`
	CA        string   `name:"ca" help:"Trust the certificates in this PEM file instead of the machine's own." placeholder:"FILE"`
	Insecure  bool     `help:"Don't check the server's certificate."`
}

// Run puts a load on a server and tells what became of it.
func (c *loadCmd) Run(a *app) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	outputs, err := c.outputs(a)
	if err != nil {
		return err
	}
	o.Live, o.Processors = new(fleet.Live), manyThreads()
	stop, err := c.serve(a, o.Live)
	if err != nil {
		return errors.Join(&verdict.Usage{Err: err}, outputs.close())
	}
	live := &liveLine{w: a.stderr, live: o.Live, terminal: isTerminal(a.stderr)}
	o.Progress = live.show
	report, err := c.run(a, o)
	live.clear()
	stopped := stop()
	if err != nil {
		return errors.Join(&verdict.Usage{Err: err}, outputs.close())
	}
	if err := errors.Join(outputs.write(report), outputs.close(), stopped); err != nil {
		return &verdict.Error{Err: err}
	}
	return report.Verdict()
}

// serve obeys --web. The function that it returns ends the page, once those who look
// have seen the end of the load.
func (c *loadCmd) serve(a *app, live *fleet.Live) (stop func() error, err error) {
	if c.Web == "" {
		return func() error { return nil }, nil
	}
	server, err := web.StartFleet(a.ctx, web.FleetOptions{Listen: c.Web, Live: live})
	if err != nil {
		return nil, fmt.Errorf("--web: %w", err)
	}
	fmt.Fprintf(a.stderr, "fipsim: the live page is %s, metrics are %smetrics\n", server.URL(), server.URL())
	if password := server.MadeUpPassword(); password != "" {
		fmt.Fprintf(a.stderr, "fipsim: its password is %s, with any user name\n", password)
	}
	return func() error {
		server.Linger(a.ctx)
		return server.Close()
	}, nil
}

// run obeys --find, or puts one load on the server.
func (c *loadCmd) run(a *app, o fleet.Options) (loadReport, error) {
	if c.Find == "" {
		return fleet.Run(a.ctx, o)
	}
	threshold, err := fleet.ParseThreshold(c.Find)
	if err != nil {
		return nil, fmt.Errorf("--find: %w", err)
	}
	if c.Profile+c.Arrival != "" {
		return nil, errors.New("--find excludes --profile and --arrival: it tries rates of its own")
	}
	trial := fleet.DefaultTrial
	if over := o.Stages[0].Over; over > 0 {
		trial = over
	}
	found, err := fleet.Find(a.ctx, o, threshold, trial)
	if errors.Is(err, context.Canceled) {
		err = nil // what was until then
	}
	return found, err
}
