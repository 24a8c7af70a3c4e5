package main

import (
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fleet"
	"github.com/fipsim/fipsim/simulator/verdict"
	"github.com/fipsim/fipsim/simulator/wire"
)

// loadWays are those flags of `fipsim load` that say how phones find their server, how
// it calls them, and what they tell it.
type loadWays struct {
	PnP        bool   `name:"pnp" help:"Find the server by SIP PnP: SUBSCRIBE to 224.0.1.75, all phones from one socket. With several ways, each phone has one of them; a profile says which share."`
	PnPAddress string `name:"pnp-address" help:"Send the PnP SUBSCRIBE to this address instead, where there is no multicast." placeholder:"A"`
	DHCP       bool   `name:"dhcp" help:"Find the server by DHCP option 66, with raw frames from each phone's MAC on --interface; needs CAP_NET_RAW."`
	DHCPRelay  string `name:"dhcp-relay" help:"Find the server by DHCP option 66, asking this server as a relay agent does; needs no privilege." placeholder:"HOST:PORT"`
	Interface  string `help:"The interface for PnP and DHCP." placeholder:"NAME"`
	SIP        string `name:"sip" help:"Hear SIP for all phones here: a NOTIFY check-sync to MAC<mac>, a MAC or an account's user makes that phone provision. A checksync arrival waits for them." placeholder:"ADDR"`

	RandomDelay  string `help:"Phones wait up to this long, by chance, before each pass that they are due for." placeholder:"D"`
	ForwardedFor string `help:"Over HTTP each phone tells an address of its own of this network, in X-Forwarded-For." placeholder:"CIDR"`
}

// read reads the flags, after the stages.
func (c *loadWays) read(o *fleet.Options) (err error) {
	o.PnP, o.DHCP.Relay, o.SIP = c.PnPAddress, c.DHCPRelay, c.SIP
	if c.Interface != "" {
		o.Network = wire.OS{Interface: c.Interface}
	}
	if c.DHCP {
		if o.DHCP.Interface = c.Interface; o.DHCP.Interface == "" {
			if o.DHCP.Interface, err = onlyInterface(); err != nil {
				return err
			}
		}
	}
	if c.RandomDelay != "" {
		if o.RandomDelay, err = device.ParseDuration(c.RandomDelay); err != nil || o.RandomDelay < 0 {
			return verdict.Usagef("--random-delay %s: want a duration, such as 30s", c.RandomDelay)
		}
	}
	if c.ForwardedFor != "" {
		if o.Forwarded, err = fleet.ForwardedAddresses(c.ForwardedFor, len(o.Phones)); err != nil {
			return verdict.Usagef("--forwarded-for: %w", err)
		}
	}
	c.mix(o)
	return nil
}

// asked reports whether the flags name a way of discovery.
func (c *loadWays) asked() bool { return c.PnP || c.DHCP || c.PnPAddress+c.DHCPRelay != "" }

// mix deals the ways that were asked for out to the phones of stages that say nothing.
func (c *loadWays) mix(o *fleet.Options) {
	mix := make(fleet.Mix)
	for way, asked := range map[string]bool{
		discover.SourceStatic: len(o.Servers) > 0,
		discover.SourcePnP:    c.PnP || c.PnPAddress != "",
		discover.SourceDHCP:   c.DHCP || c.DHCPRelay != "",
	} {
		if asked {
			mix[way] = 1
		}
	}
	for i := range o.Stages {
		if len(o.Stages[i].Discovery) == 0 && c.asked() {
			o.Stages[i].Discovery = mix
		}
	}
}
