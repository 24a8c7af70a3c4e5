package pcaps

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// ReplayOptions says how phones of a capture provision again. The zero value lets them
// provision from what the capture holds, on a server of our own, and sends nothing
// beyond this machine.
type ReplayOptions struct {
	Server string     // a live server's provisioning URL, instead of the capture's tree
	TLS    fetch.TLS  // for a live server
	Speed  float64    // phones begin, and ask for files, when the captured ones did, so many times as fast; 0: one after the other, at once
	Trace  trace.Sink // told of what the phones do; nil: nobody
}

// Replayed is one phone's second pass.
type Replayed struct {
	Phone       *Phone
	Outcome     device.Outcome
	Err         error
	Differences []Difference // between the captured fetches and the replayed ones
	Settings    []string     // keys whose value is another than the capture's files say
}

// Replay lets a simulated phone do what each phone of the capture did in its first pass
// in which it fetched, with the options that the capture shows (Like), and compares what
// it asked for and got. How it found its server is not done again: it is told what the
// captured phone was told.
func Replay(ctx context.Context, c *Capture, o ReplayOptions) ([]Replayed, error) {
	var passes []pass
	for _, p := range c.Phones {
		if pass, ok := firstPass(p); ok && !p.MAC.IsZero() {
			passes = append(passes, pass)
		}
	}
	if len(passes) == 0 {
		return nil, errors.New("no phone in this capture fetched a file that can be read: there is nothing to do again")
	}
	network := func(pass) wire.Network { return wire.Shared() }
	if o.Server == "" {
		defer holdPorts(ctx, c.Phones)()
		local, err := replayServer(ctx, c.Phones, passes)
		if err != nil {
			return nil, err
		}
		defer func() { _ = local.Close() }()
		led := newRedirect(c.Phones, local.URLs())
		network = func(p pass) wire.Network { return led.answering(p.answers) }
		o.TLS = fetch.TLS{Insecure: true} // the captured server's key is not in the capture
	}
	all := make([]Replayed, len(passes))
	err := o.pace(ctx, passes, func(i int) { all[i] = passes[i].replay(ctx, o, network(passes[i])) })
	return slices.DeleteFunc(all, func(r Replayed) bool { return r.Phone == nil }), err
}

// replayServer serves what the capture holds, and refuses what the captured server refused.
func replayServer(ctx context.Context, phones []*Phone, passes []pass) (*server.Server, error) {
	const free = "127.0.0.1:0"
	tree := see(phones)
	o := server.Options{Tree: refusing{tree.fs(), refusals(phones, tree)}, TFTP: free, FTP: free, HTTP: free, HTTPS: free}
	if o.Auth = asksFor(passes, tree); o.Auth != "" {
		o.User, o.Password = replayUser, replayPassword
		for i := range passes {
			passes[i].offer.URL = passes[i].withCredentials(passes[i].offer.URL)
		}
	}
	return server.Start(ctx, o)
}

// pass is one pass of a captured phone.
type pass struct {
	*Phone
	offer   discover.Offer // what it was told
	answers *answers       // what it was answered
}

// firstPass is the first pass with fetches that are not encrypted.
func firstPass(p *Phone) (pass, bool) {
	s := newStory(p)
	for _, a := range s.fetches {
		if len(a.requests) == 0 {
			continue
		}
		one := *p
		one.Events = nil
		for _, e := range p.Events {
			if e.Pass == a.pass && strings.HasPrefix(string(e.Kind), "fetch.") {
				one.Events = append(one.Events, e)
			}
		}
		return pass{&one, s.offerFor(a), answersOf(&one)}, true
	}
	return pass{}, false
}

// offerFor is what a phone was told before its first request, else what that request
// comes down to.
func (s *story) offerFor(a *attempt) discover.Offer {
	u, err := url.Parse(a.url)
	if err != nil {
		return discover.Offer{}
	}
	for _, o := range s.offers {
		if o.e.Pass == a.pass && o.e.Seq < a.requests[0].Seq && s.host(o.url) == hostOf(u) {
			return discover.Offer{Source: strings.ToLower(o.source), URL: o.url, From: o.by, Detail: "as in the capture"}
		}
	}
	if own := a.file(); s.own(own) || own == device.CommonBoot || own == device.CommonCfg {
		u.Path = strings.TrimSuffix(u.Path, own)
	}
	u.RawPath = ""
	return discover.Offer{Source: discover.SourceStatic, URL: u.String(), Detail: "as in the capture"}
}

// given is a way of finding the server that knows it already.
type given struct{ offer discover.Offer }

// Find implements discover.Finder.
func (g given) Find(context.Context, device.Identity) (discover.Offer, error) { return g.offer, nil }

// replay does one pass again.
func (p pass) replay(ctx context.Context, o ReplayOptions, network wire.Network) Replayed {
	out := Replayed{Phone: p.Phone}
	offer := p.offer
	if o.Server != "" {
		offer = discover.Offer{Source: offer.Source, URL: o.Server, Detail: "--server"}
	}
	recorder := new(trace.Recorder)
	options := phone.Options{
		Identity: device.Identity{MAC: p.MAC, Model: p.Model, Firmware: p.Firmware}, Behaviour: p.Behaviour(),
		Network: network, TLS: o.TLS, Trace: trace.NewStream(p.MAC, trace.Tee(recorder, o.Trace)),
		Finders: map[string]discover.Finder{offer.Source: given{offer}},
	}
	if o.Speed > 0 {
		options.BeforeFetch = newPauses(p.Phone, o.Speed).before
	}
	simulated, err := phone.New(options)
	if err != nil {
		out.Err = fmt.Errorf("%s: %w", p.Name(), err)
		return out
	}
	for round := range p.answers.rounds {
		if round > 0 && (o.Server != "" || out.Err == nil || ctx.Err() != nil) {
			break // the captured phone began anew after a failure
		}
		out.Outcome, out.Err = simulated.Provision(ctx, device.PowerOn)
	}
	again := &Phone{MAC: p.MAC}
	for _, e := range recorder.Events() {
		again.Events = append(again.Events, Event{Event: e})
	}
	out.Differences = Diff(&Behaviour{Phones: []*Phone{p.Phone}, Trace: true}, &Behaviour{Phones: []*Phone{again}, Trace: true})
	if held, whole := p.settings(); whole && o.Server == "" {
		for _, change := range simulated.Settings().Diff(held) {
			out.Settings = append(out.Settings, change.Key)
		}
	}
	return out
}
