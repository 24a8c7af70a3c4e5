package main

import (
	"errors"
	"fmt"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapExtractCmd is `fipsim pcap extract`.
type pcapExtractCmd struct {
	captureFile `embed:""`

	Out string `help:"Where to write the scenario folder, files 0600 with passwords as they were; it must not hold anything yet." required:"" placeholder:"DIR"`
}

// Run writes a scenario folder of what the capture shows.
func (c *pcapExtractCmd) Run(a *app) error {
	capture, err := c.open(a, pcaps.Options{})
	if err != nil {
		return err
	}
	if err := somePhone(capture, c.Phone); err != nil {
		return err
	}
	out, err := pcaps.Extract(capture, c.Out)
	switch {
	case errors.Is(err, pcaps.ErrNotEmpty):
		return verdict.Usagef("--out %w: nothing is overwritten", err)
	case err != nil:
		return &verdict.Error{Err: err}
	}
	for _, n := range capture.Notes {
		fmt.Fprintln(a.stdout, "note: "+trace.Clean(n))
	}
	for _, r := range out.Remarks {
		fmt.Fprintln(a.stdout, trace.Clean(fmt.Sprint(r)))
	}
	_, err = fmt.Fprintf(a.stdout, "%s: %s, %s; fipsim check --scenario %s judges a server by it\n", c.Out,
		plural(out.Files, "file"), plural(out.Phones, "phone"), c.Out)
	return err
}
