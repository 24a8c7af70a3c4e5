package main

import (
	"fmt"
	"os"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapCmd is `fipsim pcap`: what captures of phones tell.
type pcapCmd struct {
	Diff    pcapDiffCmd    `cmd:"" help:"Compare two captures or traces as behaviour: what is missing, extra, changed, out of order."`
	Extract pcapExtractCmd `cmd:"" help:"Make a scenario folder of a capture: tree, phones, expected settings."`
	Replay  pcapReplayCmd  `cmd:"" help:"Let simulated phones do what the captured ones did, and compare."`
	Show    pcapShowCmd    `cmd:"" help:"Tell what the phones in a capture did, and what went wrong."`
}

// pcapShowCmd is `fipsim pcap show`.
type pcapShowCmd struct {
	File   string `arg:"" help:"A capture, pcap or pcapng, gzip or not; - is standard input."`
	Phone  string `help:"Only this phone, by its MAC in any spelling." placeholder:"MAC"`
	Format string `help:"text, json (one document with everything), or md (Markdown, for a ticket)." enum:"text,json,md" default:"text"`
}

// Run reads the capture and tells it.
func (c *pcapShowCmd) Run(a *app) error {
	capture, err := openCapture(a, c.File, c.Phone)
	if err != nil {
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

// openCapture reads a capture from a file or standard input. What cannot be read is the
// caller's: exit status 2.
func openCapture(a *app, name, phone string) (*pcaps.Capture, error) {
	var o pcaps.Options
	if phone != "" {
		mac, err := device.ParseMAC(phone)
		if err != nil {
			return nil, verdict.Usagef("--phone: %w", err)
		}
		o.Phone = mac
	}
	in := a.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, &verdict.Usage{Err: err}
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, verdict.Usagef("%s: a folder, not a capture", name)
		}
		in = file
	} else {
		name = "standard input"
	}
	capture, err := pcaps.Read(name, in, o)
	if err != nil {
		return nil, &verdict.Usage{Err: err}
	}
	return capture, nil
}

// somePhone is the error of a capture without a phone in it: exit status 3.
func somePhone(c *pcaps.Capture, phone string) error {
	switch {
	case len(c.Phones) > 0:
		return nil
	case phone != "":
		return &verdict.Error{Err: fmt.Errorf("%s: no phone %s in it; without --phone, show lists those that are", c.Name, phone)}
	default:
		return &verdict.Error{Err: fmt.Errorf("%s: no phone in it: nobody asks for a server (DHCP, PnP) or a file (TFTP, FTP, HTTP); "+
			"was the capture taken where the phone's packets pass?", c.Name)}
	}
}
