package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// like obeys --like: what the capture shows of its phone, where no other flag says it.
func (c *phoneCmd) like(a *app, o *phone.Options) error {
	if c.Like == "" {
		return nil
	}
	capture, err := (&captureFile{File: c.Like}).open(a, pcaps.Options{})
	if err != nil {
		return fmt.Errorf("--like: %w", err)
	}
	if err := somePhone(capture, ""); err != nil {
		return fmt.Errorf("--like: %w", err)
	}
	p, err := chosenPhone(capture, o.Identity.MAC)
	if err != nil {
		return err
	}
	shown := p.Identity()
	if o.Identity.MAC.IsZero() {
		o.Identity.MAC = shown.MAC
	}
	o.Identity.Model, o.Identity.Firmware = cmp.Or(o.Identity.Model, shown.Model), cmp.Or(o.Identity.Firmware, shown.Firmware)
	o.Behaviour = p.Behaviour()
	if c.Format == "text" && c.Settings != "-" {
		fmt.Fprintf(a.stdout, "like the phone %s in %s: %s\n", p.Name(), capture.Name, shownOptions(p.Like()))
	}
	return nil
}

// chosenPhone is the phone of a capture with that MAC, else the only one there is.
func chosenPhone(c *pcaps.Capture, mac device.MAC) (*pcaps.Phone, error) {
	names := make([]string, len(c.Phones))
	for i, p := range c.Phones {
		if !mac.IsZero() && p.MAC == mac {
			return p, nil
		}
		names[i] = p.Name()
	}
	const most = 10
	switch {
	case len(c.Phones) == 1:
		return c.Phones[0], nil
	case len(names) > most:
		names = append(names[:most], "…")
	}
	return nil, verdict.Usagef("--like %s: there are %d phones in it: name one of them with --mac: %s", c.Name, len(c.Phones),
		strings.Join(names, ", "))
}

// shownOptions lists options as --behaviour takes them.
func shownOptions(all []pcaps.Fact) string {
	if len(all) == 0 {
		return "every option that it shows is at its default"
	}
	words := make([]string, len(all))
	for i, f := range all {
		words[i] = f.Name + "=" + f.Value
	}
	return strings.Join(words, " ")
}
