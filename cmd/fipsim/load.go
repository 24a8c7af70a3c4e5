package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/verdict"
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
	Sample    string   `help:"Keep the whole trace of one phone in N, besides those that failed, for --report." placeholder:"1/N"`
	Report    []string `help:"Write a report: json; - is standard output." sep:"none" placeholder:"KIND=FILE"`
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
	live := &liveLine{w: a.stderr}
	if isTerminal(a.stderr) {
		o.Progress = live.show
	}
	report, err := c.run(a, o)
	live.clear()
	if err != nil {
		return errors.Join(&verdict.Usage{Err: err}, outputs.close())
	}
	if err := errors.Join(outputs.write(report), outputs.close()); err != nil {
		return &verdict.Error{Err: err}
	}
	return report.Verdict()
}

// loadReport is what comes of a load, or of a search for a rate.
type loadReport interface {
	Summary(io.Writer) error
	Verdict() error
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

// loadOutputs is where reports go.
type loadOutputs struct {
	summary io.Writer
	files   []*os.File // closed in the end
	json    []io.Writer
}

// outputs reads --report and opens the files before the run.
func (c *loadCmd) outputs(a *app) (*loadOutputs, error) {
	out := &loadOutputs{summary: a.stdout}
	for _, text := range c.Report {
		name, err := reportFile(text)
		switch {
		case err != nil:
		case name == "-" && out.summary == io.Discard:
			err = verdict.Usagef("--report: only one can go to standard output")
		case name == "-":
			out.summary = io.Discard
			out.json = append(out.json, a.stdout)
		default:
			var file *os.File
			if file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
				err = verdict.Usagef("--report: %w", err)
				break
			}
			out.files = append(out.files, file)
			out.json = append(out.json, file)
		}
		if err != nil {
			return nil, errors.Join(err, out.close())
		}
	}
	return out, nil
}

func (o *loadOutputs) write(r loadReport) error {
	errs := []error{r.Summary(o.summary)}
	for _, w := range o.json {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		errs = append(errs, e.Encode(r))
	}
	return errors.Join(errs...)
}

func (o *loadOutputs) close() error {
	var errs []error
	for _, f := range o.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// liveLine shows a run in one line that is written over and over.
type liveLine struct {
	w     io.Writer
	shown bool
}

// shownTime is the precision of times in the live line.
const shownTime = 100 * time.Microsecond

func (l *liveLine) show(p fleet.Progress) {
	l.shown = true
	fmt.Fprintf(l.w, "\r\x1b[K%4.0fs  %d started, %d ok, %d failed, %d in flight, %d waiting  %.0f/s  p50 %s  p99 %s  lag %s",
		p.Took.Seconds(), p.Started, p.OK, p.Failed, p.InFlight, p.Queued, p.Rate,
		p.P50.Round(shownTime), p.P99.Round(shownTime), p.Lag.Round(shownTime))
}

func (l *liveLine) clear() {
	if l.shown {
		fmt.Fprint(l.w, "\r\x1b[K")
	}
}
