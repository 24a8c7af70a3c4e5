package main

import (
	"fmt"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// pcapReplayCmd is `fipsim pcap replay`.
type pcapReplayCmd struct {
	captureFile `embed:""`

	Speed  float64 `help:"Each phone begins, and asks for each file, when the captured one did, so many times as fast: 1 is the captured timing. Resends keep the phone's own gaps. Without it, one phone after the other, and each file at once." placeholder:"N"`
	Server string  `help:"Provision from this live server instead of what the capture holds: a provisioning URL." placeholder:"URL"`
}

// Run lets simulated phones do what the captured ones did, and compares.
func (c *pcapReplayCmd) Run(a *app) error {
	capture, err := c.open(a, pcaps.Options{})
	if err != nil {
		return err
	}
	if err := somePhone(capture, c.Phone); err != nil {
		return err
	}
	if c.Speed < 0 {
		return verdict.Usagef("--speed %v: want more than nothing; 1 is the captured timing", c.Speed)
	}
	if c.Server != "" {
		if _, err := config.ParseURL(c.Server, capture.Phones[0].MAC, true); err != nil {
			return verdict.Usagef("--server: %w", err)
		}
	}
	all, err := pcaps.Replay(a.ctx, capture, pcaps.ReplayOptions{Server: c.Server, Speed: c.Speed})
	if err != nil {
		return &verdict.Error{Err: err}
	}
	differences := 0
	for _, r := range all {
		fmt.Fprintf(a.stdout, "%s: %s%s\n", r.Phone.Name(), r.Outcome, because(r.Err))
		for _, d := range r.Differences {
			fmt.Fprintln(a.stdout, "  "+d.String())
		}
		for _, key := range r.Settings {
			fmt.Fprintf(a.stdout, "  another value than in the capture: %s\n", key)
		}
		differences += len(r.Differences) + len(r.Settings)
	}
	fmt.Fprintln(a.stdout, plural(differences, "difference"))
	if differences > 0 {
		return &verdict.Fail{Err: errTold}
	}
	return nil
}

// because says why a pass failed; nothing when it did not.
func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}
