package main

import (
	"os"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// captureFile is a capture to read, and what lies beside it.
type captureFile struct {
	File   string `arg:"" help:"A capture, pcap or pcapng, gzip or not; - is standard input."`
	Phone  string `help:"Only this phone, by its MAC in any spelling." placeholder:"MAC"`
	Keylog string `help:"TLS secrets to read HTTPS with, an SSLKEYLOGFILE; those in a pcapng itself are used without." placeholder:"FILE"`
}

// open reads the capture from a file or standard input. What cannot be read is the
// caller's: exit status 2.
func (c *captureFile) open(a *app, o pcaps.Options) (*pcaps.Capture, error) {
	if c.Phone != "" {
		mac, err := device.ParseMAC(c.Phone)
		if err != nil {
			return nil, verdict.Usagef("--phone: %w", err)
		}
		o.Phone = mac
	}
	notes, err := c.secrets(&o)
	if err != nil {
		return nil, err
	}
	name, in := "standard input", a.stdin
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return nil, &verdict.Usage{Err: err}
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, verdict.Usagef("%s: a folder, not a capture", c.File)
		}
		name, in = c.File, file
	}
	capture, err := pcaps.Read(name, in, o)
	if err != nil {
		return nil, &verdict.Usage{Err: err}
	}
	capture.Notes = append(capture.Notes, notes...)
	return capture, nil
}

// secrets reads the key log.
func (c *captureFile) secrets(o *pcaps.Options) (notes []string, err error) {
	if c.Keylog == "" {
		return nil, nil
	}
	file, err := os.Open(c.Keylog)
	if err != nil {
		return nil, verdict.Usagef("--keylog: %w", err)
	}
	defer file.Close()
	if o.KeyLog, notes, err = pcaps.ReadKeyLog(c.Keylog, file); err != nil {
		return nil, verdict.Usagef("--keylog: %w", err)
	}
	return notes, nil
}
