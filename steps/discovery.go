package steps

import (
	"context"
	"net/url"
	"slices"
	"testing/fstest"

	"github.com/cucumber/godog"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// talks are what phones and servers said to each other outside of provisioning passes.
type talks struct {
	pnp    *pnpTalk
	dhcp   *dhcpTalk
	others []*dhcpTalk // of further phones

	claimed []byte        // the answer to the latest REQUEST of our own making; nil: none came
	couple  [2]device.MAC // customers that are this scenario's alone; zero: none yet
	long    string        // a URL that the server was told to name,
	longTo  device.MAC    // and to which phone

	sync   *syncTalk
	life   *life
	passes []phone.Pass
	events []trace.Event
	ends   []func() // what a scenario took is given back
}

// close gives back what the scenario took.
func (t *talks) close() {
	for _, f := range slices.Backward(t.ends) {
		f()
	}
	t.ends = nil
}

// atEnd has f called when the scenario ends.
func (w *world) atEnd(f func()) {
	w.suite.mu.Lock()
	defer w.suite.mu.Unlock()
	w.talks.ends = append(w.talks.ends, f)
}

// discoverySteps are those about what a phone that found its server by PnP or DHCP is
// given there.
func discoverySteps(sc catalogue) {
	sc.Step(`^the server publishes at its root$`, theServerPublishesAtRoot)
	sc.Step(`^the server tells the phone where they are$`, theServerTells)
	sc.Step(`^the server tells the phone "([^"]*)" from now on$`, theServerTellsNow)
	sc.Step(`^the phone finds its server by (PnP|DHCP)$`, thePhoneFinds)
	sc.Step(`^the phone is powered on again$`, thePhoneFindsAgain)
	sc.Step(`^two phones, each with a folder of its own$`, twoPhonesWithFolders)
	sc.Step(`^both find their server by (PnP|DHCP) at once$`, bothFind)
	sc.Step(`^each of them finds its server by (PnP|DHCP)$`, eachFinds)
	sc.Step(`^it is provisioned from there$`, itIsProvisionedFromThere)
	sc.Step(`^each of them is provisioned from its own folder$`, eachFromItsOwn)
}

// ways are the words of feature files for the ways of finding a server.
var ways = map[string]string{"PnP": discover.SourcePnP, "DHCP": discover.SourceDHCP}

// theServerPublishesAtRoot publishes where a server that names no folder leads to.
func theServerPublishesAtRoot(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	tree, err := w.read(table)
	if err != nil {
		return err
	}
	return w.publishRoot(ctx, tree)
}

func (w *world) publishRoot(ctx context.Context, tree fstest.MapFS) error {
	target, ok := w.suite.options.Target.(scenarios.RootPublisher)
	if !ok {
		return harness("the target declares that files can be put at its root, and can't put any there")
	}
	w.publishes(tree)
	p, err := target.PublishRoot(context.WithoutCancel(ctx), tree)
	if err != nil {
		return harness("publishing: %v", err)
	}
	w.tree, w.published, w.base = tree, p, p.Base(w.scheme)
	return nil
}

// theServerTells makes the server name the published tree.
func theServerTells(ctx context.Context) error {
	w := of(ctx)
	if w.base == nil {
		return harness("nothing was published before")
	}
	return w.announce(ctx, w.mac, w.base.String())
}

func theServerTellsNow(ctx context.Context, url string) error {
	w := of(ctx)
	return w.announce(ctx, w.mac, w.expand(url))
}

// announce makes the server name a URL to a phone until the scenario ends.
func (w *world) announce(ctx context.Context, phone device.MAC, url string) error {
	target, ok := w.suite.options.Target.(scenarios.Announcer)
	if !ok {
		return harness("the target declares that it can be told what PnP and DHCP name, and can't be")
	}
	if err := target.Announce(ctx, phone, url); err != nil {
		return harness("announcing: %v", err)
	}
	w.atEnd(func() { _ = target.Announce(context.WithoutCancel(ctx), phone, "") }) // the next run names it anew
	return nil
}

// thePhoneFinds powers on a phone that knows no URL.
func thePhoneFinds(ctx context.Context, way string) error {
	w := of(ctx)
	p, err := w.finding(ctx, device.Identity{MAC: w.mac}, w.behaviour, ways[way])
	if err != nil {
		return err
	}
	w.phones = append(w.phones, p)
	return w.find(ctx, p)
}

func thePhoneFindsAgain(ctx context.Context) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	return w.find(ctx, p)
}

// finding makes a phone with one way of finding its server.
func (w *world) finding(ctx context.Context, id device.Identity, behaviour device.Behaviour, way string) (*observedPhone, error) {
	p := &observedPhone{recorder: new(trace.Recorder)}
	stream := trace.NewStream(id.MAC, p.recorder)
	finder, err := w.finder(ctx, way, stream, behaviour)
	if err != nil {
		return nil, err
	}
	p.Phone, err = phone.New(phone.Options{
		Identity: id, Behaviour: behaviour, Network: w.network(), TLS: w.tls(), Trace: stream,
		Finders: map[string]discover.Finder{way: finder},
	})
	if err != nil {
		return nil, harness("no phone: %v", err)
	}
	return p, nil
}

// finder is a way of finding the target.
func (w *world) finder(ctx context.Context, way string, sink trace.Sink, behaviour device.Behaviour) (discover.Finder, error) {
	if way == discover.SourcePnP {
		at, err := w.pnpAddress()
		return discover.PnP{Address: at, Behaviour: behaviour, Network: w.network(), Trace: sink}, err
	}
	hub, err := w.dhcpHub(ctx)
	if err != nil {
		return nil, err
	}
	return w.releasing(discover.DHCP{Transport: hub.relay, Behaviour: brief(behaviour), Trace: sink}), nil
}

// find is one pass with discovery. Its error is the harness's own, or an obstacle where
// the phone was told of no server.
func (w *world) find(ctx context.Context, p *observedPhone) error {
	_ = politely(ctx, func() error {
		p.outcome, p.err = p.Provision(ctx, device.PowerOn)
		return p.err
	})
	if ctx.Err() != nil || phone.FaultOf(p.err) == trace.LocalFailure {
		return harness("the pass ended %s", p.ending())
	}
	return nil
}

// told is the URL that the phone's latest pass went by; an obstacle where there was
// none.
func (p *observedPhone) told() (*url.URL, error) {
	events := p.recorder.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; e.Kind == trace.SourceFound && e.Pass == p.Last().Number {
			u, err := config.ParseURL(e.URL, p.Identity().MAC, false)
			if err != nil {
				return nil, harness("%v", err)
			}
			return u, nil
		}
	}
	return nil, blocked("the phone was told of no server that it could use: it ended %s", p.ending())
}

// itIsProvisionedFromThere judges a phone whose files set lang.gui to the scenario's
// canary: a server was named, and that server must have them.
func itIsProvisionedFromThere(ctx context.Context) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	return w.provisionedThere(ctx, p, w.canary)
}

func (w *world) provisionedThere(ctx context.Context, p *observedPhone, canary string) error {
	told, err := p.told()
	if err != nil {
		return err
	}
	got, _ := p.Settings().Get("lang.gui")
	if got == canary {
		return nil
	}
	if err := w.toldOnce(ctx, p); err != nil {
		return err
	}
	if err := w.healthyOver(ctx, told.Scheme); err != nil {
		return err
	}
	mac := p.Identity().MAC
	if p.err != nil {
		return violated("the files of phone "+mac.String()+" at "+told.String(), "the pass ended %s", p.ending())
	}
	return violated("lang.gui="+canary+" from "+told.String(), "phone %s holds %q", mac, got)
}

// toldOnce returns an obstacle where option 66 stands twice: the phone joins both, and
// what comes of that is no URL that the server meant.
func (w *world) toldOnce(ctx context.Context, p *observedPhone) error {
	if p.Last().Source != discover.SourceDHCP {
		return nil
	}
	t, err := w.ordinaryDHCP(ctx)
	if err != nil || t.ack() == nil {
		return err
	}
	n := 0
	for _, o := range optionsOf(t.ack()) {
		if o.code == dhcpv4.OptionTFTPServerName.Code() {
			n++
		}
	}
	if n > 1 {
		return blocked("option 66 stands twice in an ACK (see FIP-DHCP-014)")
	}
	return nil
}

// healthyOver returns an obstacle where the server breaks rules about the files
// themselves, over a protocol.
func (w *world) healthyOver(ctx context.Context, scheme string) error {
	if !w.suite.can(scenarios.Capability(scheme)) {
		return nil // the URL leads elsewhere: that is what is judged
	}
	at := *w
	at.scheme = scheme
	if err := at.stands(ctx); err != nil {
		return err
	}
	if err := at.tells(ctx, ownBoot, included); err != nil {
		return err
	}
	return at.faithful(ctx)
}
