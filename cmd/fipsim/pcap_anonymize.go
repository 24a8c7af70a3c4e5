package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapAnonymizeCmd is `fipsim pcap anonymize`.
type pcapAnonymizeCmd struct {
	File string `arg:"" help:"A capture, pcap or pcapng, gzip or not; - is standard input."`
	Out  string `help:"Where to write the result, a pcapng; it must not be there yet." required:"" placeholder:"FILE"`
	Seed string `help:"The same seed gives the same result; whoever knows it can guess. Without: random." placeholder:"TEXT"`
}

// Run writes a capture that tells the same story of other people.
func (c *pcapAnonymizeCmd) Run(a *app) error {
	if _, err := os.Stat(c.Out); err == nil {
		return verdict.Usagef("--out %s: it is there already: nothing is overwritten", c.Out)
	}
	name, in := "standard input", a.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return &verdict.Usage{Err: err}
		}
		defer file.Close()
		name, in = c.File, file
	}
	result, done, err := pcaps.Anonymize(name, in, pcaps.AnonymizeOptions{Seed: c.Seed})
	switch {
	case errors.Is(err, pcaps.ErrLeft):
		return &verdict.Fail{Err: fmt.Errorf("%w; nothing is written", err)}
	case err != nil:
		return &verdict.Usage{Err: err}
	}
	if err := os.WriteFile(c.Out, result, 0o600); err != nil {
		return &verdict.Error{Err: err}
	}
	for _, n := range done.Notes {
		fmt.Fprintln(a.stdout, "note: "+trace.Clean(n))
	}
	fmt.Fprintf(a.stdout, "%s: %d frames; replaced: %d MACs, %d addresses, %d words, %d secrets; overwritten: %d bytes of other "+
		"protocols\n",
		c.Out, done.Frames, done.MACs, done.Addresses, done.Words, done.Secrets, done.Blanked)
	_, err = fmt.Fprintf(a.stdout, "searched for %d old values: none is left (%d more are too short or too common to be searched for)\n",
		done.Searched, done.Common)
	return err
}
