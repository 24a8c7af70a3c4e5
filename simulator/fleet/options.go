package fleet

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Options is a load.
type Options struct {
	Phones  []Spec
	Servers []string // provisioning URLs, as typed into Profile Rule; one a protocol, the first is the default
	Stages  []Stage  // one after the other; none: a storm of all phones

	Behaviour device.Behaviour
	TLS       fetch.TLS
	Network   wire.Network // nil: wire.OS{}
	Local     []netip.Addr // source addresses, dealt out to the phones in turn; none: the system's choice
	PnP       string       // where PnP's SUBSCRIBE goes; empty: the multicast group
	DHCP      DHCP         // how phones ask for a lease, where a stage has some that do
	SIP       string       // where all phones hear SIP, HOST:PORT: a server's NOTIFY check-sync makes them provision; empty: nowhere
	Forwarded netip.Prefix // over HTTP each phone tells an address of its own of this network in X-Forwarded-For; invalid: none

	// RandomDelay is up to how long phones wait before a pass that they were asked for, each
	// time another time by chance: a phone means to start when that is over.
	RandomDelay time.Duration

	Expect     *scenarios.Expect // what each phone must hold after its pass; nil: nothing is verified
	Thresholds []Threshold       // none: every phone provisioned with the right settings
	Abort      *Abort            // nil: never

	Processors int // that this process may use; 0: as many as the Go runtime uses threads

	InFlight int           // passes under way at once at most; 0: DefaultInFlight, or fewer where the machine allows no more
	Limit    time.Duration // of a stage, counted from its last meant start; 0: an hour
	Sample   int           // one phone in so many has its whole trace kept; 0: none
	Seed     uint64        // repeats arrivals and mixes

	Live     *Live          // shows the run while it is under way; nil: nobody looks
	Progress func(Progress) // called once a second, and once at the end; nil: nobody looks
}

// DefaultInFlight is how many passes are under way at once where nobody says.
const DefaultInFlight = 1000

// defaultLimit is how long a stage may go on after its last meant start.
const defaultLimit = time.Hour

// check reports what is wrong with the options, and fills in the defaults.
func (o *Options) check() error {
	if len(o.Phones) == 0 {
		return errors.New("a fleet of no phones")
	}
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	o.Behaviour = o.Behaviour.WithDefaults()
	if len(o.Stages) == 0 {
		o.Stages = []Stage{{}}
	}
	o.Stages = append([]Stage(nil), o.Stages...)
	for i := range o.Stages {
		s := &o.Stages[i]
		if s.Phones == 0 {
			s.Phones = len(o.Phones)
		}
		err := s.check()
		if err == nil && s.Phones > len(o.Phones) {
			err = fmt.Errorf("%d phones, where the fleet has %d", s.Phones, len(o.Phones))
		}
		if err == nil {
			err = o.checkProtocol(s.Protocol)
		}
		if err == nil && s.waits(o) && s.Over <= 0 {
			err = errors.New("phones that wait for the server's NOTIFYs need an end: say how long (over, or --over)")
		}
		if err != nil {
			return fmt.Errorf("stage %d: %w", i+1, err)
		}
	}
	if o.RandomDelay < 0 {
		return fmt.Errorf("a random delay of %s: it must not be negative", o.RandomDelay)
	}
	if err := o.checkWays(); err != nil {
		return err
	}
	return o.checkServers()
}

func (o *Options) checkServers() error {
	for _, server := range o.Servers {
		if _, err := config.ParseURL(server, o.Phones[0].MAC, o.Behaviour.Macros == "on"); err != nil {
			return err
		}
	}
	return nil
}

// checkProtocol reports a protocol for which there is no server.
func (o *Options) checkProtocol(m Mix) error {
	for word := range m {
		if o.serverOf(word) == "" {
			return fmt.Errorf("protocol %s: there is no server of that scheme, only %s", word, strings.Join(o.schemes(), ", "))
		}
	}
	return nil
}

// schemes are those of the servers.
func (o *Options) schemes() []string {
	var all []string
	for _, server := range o.Servers {
		if s := scheme(server); s != "" {
			all = append(all, s)
		} else {
			all = append(all, "tftp") // a bare host
		}
	}
	return all
}

// serverOf returns the server of a scheme, the first one for the empty scheme; empty
// where there is none.
func (o *Options) serverOf(word string) string {
	if word == "" && len(o.Servers) > 0 {
		return o.Servers[0]
	}
	for i, s := range o.schemes() {
		if strings.EqualFold(s, word) {
			return o.Servers[i]
		}
	}
	return ""
}
