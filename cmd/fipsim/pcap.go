package main

import (
	"fmt"
	"math"
	"os"
	"runtime/debug"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapCmd is `fipsim pcap`: what captures of phones tell.
type pcapCmd struct {
	Anonymize pcapAnonymizeCmd `cmd:"" help:"Write a capture that tells the same story with other MACs, addresses, names and secrets."`
	Diff      pcapDiffCmd      `cmd:"" help:"Compare two captures or traces as behaviour: what is missing, extra, changed, out of order."`
	Extract   pcapExtractCmd   `cmd:"" help:"Make a scenario folder of a capture: tree, phones, expected settings."`
	Replay    pcapReplayCmd    `cmd:"" help:"Let simulated phones do what the captured ones did, and compare."`
	Show      pcapShowCmd      `cmd:"" help:"Tell what the phones in a capture did, and what went wrong."`
}

// pcapShowCmd is `fipsim pcap show`.
type pcapShowCmd struct {
	captureFile `embed:""`

	Log    []string `help:"A web server's log (combined format) to show beside the capture; repeatable." placeholder:"FILE" sep:"none"`
	Format string   `help:"text, json (one document with everything), or md (Markdown, for a ticket)." enum:"text,json,md" default:"text"`
}

// Run reads the capture and tells it.
func (c *pcapShowCmd) Run(a *app) error {
	collect()
	capture, err := c.open(a, pcaps.Options{Lean: true})
	if err != nil {
		return err
	}
	if err := c.beside(capture); err != nil {
		return err
	}
	switch c.Format {
	case "json":
		err = capture.WriteJSON(a.stdout)
	case "md":
		err = capture.WriteMarkdown(a.stdout)
	default:
		err = capture.WriteText(a.stdout)
	}
	if err != nil {
		return err
	}
	return somePhone(capture, c.Phone)
}

// showMemory is from how many bytes of memory on the collector works harder rather than
// takes more: a capture of a hundred thousand phones is told on a small machine.
const showMemory = 256 << 20

// collect tells the collector what telling a capture wants of it: below that memory
// it may take its time. GOMEMLIMIT and GOGC say otherwise.
func collect() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(showMemory)
	}
	if before := debug.SetGCPercent(200); before != 100 {
		debug.SetGCPercent(before)
	}
}

// beside reads the logs.
func (c *pcapShowCmd) beside(capture *pcaps.Capture) error {
	if len(c.Log) == 0 {
		return nil
	}
	var all pcaps.WebLog
	for _, name := range c.Log {
		file, err := os.Open(name)
		if err != nil {
			return verdict.Usagef("--log: %w", err)
		}
		notes, err := all.Add(name, file)
		file.Close()
		if err != nil {
			return verdict.Usagef("--log: %w", err)
		}
		capture.Notes = append(capture.Notes, notes...)
	}
	capture.Beside(&all)
	return nil
}

// somePhone is the error of a capture without a phone in it: exit status 3.
func somePhone(c *pcaps.Capture, phone string) error {
	switch {
	case len(c.Phones) > 0:
		return nil
	case phone != "":
		return &verdict.Error{Err: fmt.Errorf("%s: no phone %s in it; without --phone, show lists those that are", c.Name, phone)}
	case c.Cut > 0:
		return &verdict.Error{Err: fmt.Errorf("%s: no phone can be told in it, as the snap length cut frames short; "+
			"capture again, with tcpdump -s 0", c.Name)}
	default:
		return &verdict.Error{Err: fmt.Errorf("%s: no phone in it: nobody asks for a server (DHCP, PnP) or a file (TFTP, FTP, HTTP); "+
			"was the capture taken where the phone's packets pass?", c.Name)}
	}
}
