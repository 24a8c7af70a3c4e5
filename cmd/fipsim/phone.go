package main

import (
	"errors"
	"fmt"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// phoneCmd is `fipsim phone`.
type phoneCmd struct {
	MAC        string `help:"The phone's MAC, in any spelling; without it and --like, 0021f2000001." placeholder:"M"`
	Model      string `help:"The phone's model; without it and --like, FIP14G." placeholder:"NAME"`
	Firmware   string `help:"The phone's firmware version, V0.5.15 without it and --like; one that it fetched and keeps in --flash counts more." placeholder:"V"`
	Like       string `help:"Be the phone in this capture (pcap, pcapng): its MAC, model and firmware, and every option that it shows. Where there are several phones, --mac says which; flags and --behaviour count more." placeholder:"CAPTURE"`
	Server     string `help:"The provisioning URL, as typed into Profile Rule: tftp, ftp, http, https or file; a folder, or one .cfg file. Without any way of finding a server, the phone provisions from a sample on a server of its own." placeholder:"URL"`
	PnP        bool   `name:"pnp" help:"Find the server by SIP PnP: SUBSCRIBE to 224.0.1.75."`
	PnPAddress string `name:"pnp-address" help:"Send the PnP SUBSCRIBE to this address instead, where there is no multicast." placeholder:"A"`
	DHCP       bool   `name:"dhcp" help:"Find the server by DHCP option 66, with raw frames on an interface (needs CAP_NET_RAW)."`
	DHCPRelay  string `name:"dhcp-relay" help:"Find the server by DHCP option 66, asking this server as a relay agent does; needs no privilege." placeholder:"HOST:PORT"`
	Option66   string `name:"option66" help:"As if DHCP option 66 had said this." placeholder:"V"`
	Interface  string `help:"The interface for PnP and DHCP." placeholder:"NAME"`

	Behaviour []string `help:"Options of the phone on points where the guide is silent: a file, or KEY=VALUE. May be repeated." sep:"none" placeholder:"FILE|KEY=VALUE"`
	Flash     string   `help:"Keep what the phone holds in this folder; without it, each run starts with an empty flash." placeholder:"DIR"`

	CA       string `name:"ca" help:"Trust the certificates in this PEM file instead of the machine's own." placeholder:"FILE"`
	Cert     string `help:"The phone's own certificate (PEM), for a server that asks for one." placeholder:"FILE"`
	Key      string `help:"The key of --cert (PEM)." placeholder:"FILE"`
	Insecure bool   `help:"Don't check the server's certificate."`

	life `embed:""`

	Explain     []string `help:"Show where this setting's value came from, and what it overrode. May be repeated." sep:"none" placeholder:"KEY"`
	Settings    string   `help:"Write the effective settings, secrets included, as a cfg file; - is standard output." placeholder:"FILE"`
	Format      string   `help:"text, or json: one document with everything; --settings with where each value came from." enum:"text,json" default:"text"`
	Trace       string   `help:"Write every event as JSON lines." placeholder:"FILE"`
	Pcap        string   `help:"Write all that crossed the phone's sockets as pcapng, for Wireshark." placeholder:"FILE"`
	ShowSecrets bool     `help:"Show passwords instead of masking them."`
}

// Run lets one phone provision itself and tells what happened.
func (c *phoneCmd) Run(a *app) (err error) {
	s, err := c.setUp(a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()

	if c.Stay {
		if err := c.live(a, s); err != nil {
			return err
		}
	} else {
		_, _ = s.phone.Provision(a.ctx, device.PowerOn) // its report says how it ended
	}
	last := s.phone.Last()
	if err := c.tell(a, s, last.Outcome, last.Err); err != nil {
		return err
	}
	if c.Stay && phone.FaultOf(last.Err) == trace.Cancelled {
		return nil // a pass that Ctrl-C broke off is nobody's failure
	}
	return phoneVerdict(last.Err)
}

// phoneVerdict gives a pass's error its verdict: "the server's fault: nothing found,
// 401/403/5xx, TLS, short or broken content" is 1; "could not judge: unknown host,
// refused, silence, missing privilege" is 3.
func phoneVerdict(failure error) error {
	fault := phone.FaultOf(failure)
	hint := hints[fault]
	if hint != "" {
		hint = "\n  " + hint
	}
	switch {
	case failure == nil:
		return nil
	case fault.ServersFault():
		return &verdict.Fail{Err: fmt.Errorf("%w%s", failure, hint)}
	default:
		return &verdict.Error{Err: fmt.Errorf("%w%s", failure, hint)}
	}
}

// hints tell what to do next.
var hints = map[trace.Code]string{
	trace.NothingFound: "Put a boot file or a cfg file for it there: the timeline names each file it asked for. Names are lower case.",
	trace.UnknownHost:  "Check the spelling of the host, or give its address.",
	trace.Refused:      "Nothing listens on that port: is the server running, and is the port right?",
	trace.NoAnswer:     "Nothing came back: is it the right host and port, and does a firewall drop the packets?",
	trace.Unauthorized: "Give credentials in the URL, SCHEME://USER:PASSWORD@HOST/, or correct the server's.",
	trace.TLSFailure:   "--ca FILE trusts another authority, --insecure checks nothing.",
	trace.TimeUp:       "The option pass_time bounds a whole pass.",
	trace.TooLarge:     "The options max_cfg and max_resource are the phone's limits.",
	trace.Unreachable:  "This machine has no route to that host.",
}
