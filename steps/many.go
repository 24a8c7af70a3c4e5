package steps

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// manySteps are those about several phones at once.
func manySteps(sc catalogue) {
	sc.Given(`^(\d+) phones, each with a cfg file of its own and one for all$`, phonesWithFiles)
	sc.When(`^all of them provision at once$`, allProvision)
	sc.Then(`^none of them is given what belongs to another$`, noneIsGivenAnothers)
	sc.Then(`^each of them is given its files$`, eachIsGivenItsFiles)
	sc.Then(`^each of them holds the last line of the file for all$`, eachHoldsTheLastLine)
	sc.Then(`^it was given "([^"]*)" without waiting for the other$`, itWasNotKeptWaiting)
	sc.Given(`^another client has begun to fetch a file of 33 MiB and takes no more of it$`, anotherClientRests)
}

// crowd is many phones that provisioned at once, which several rules look at.
type crowd struct {
	phones []*observedPhone
	shared int64  // bytes of the file for all
	leave  func() // ends the transfer of a client that takes its time
}

const (
	sharedCfg = "all.cfg"
	ownKey    = "account.1.label"
	sharedKey = "account.8.label" // in the last line of the file for all
)

// sharedLines make the file for all a few blocks long.
const sharedLines = 300

func phonesWithFiles(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	if n >= blockSize {
		return harness("a scenario has %d phones at most", blockSize)
	}
	all, err := share(&w.suite.shared, fmt.Sprintf("%d phones over %s", n, w.scheme), func() (*crowd, error) { return w.gather(ctx, n) })
	w.crowd = all
	return err
}

// gather publishes the files of n phones, and lets all of them provision at once.
func (w *world) gather(ctx context.Context, n int) (*crowd, error) {
	var common strings.Builder
	for i := range sharedLines {
		fmt.Fprintf(&common, "linekey.%d.label=Line %d of %s\n", i+1, i+1, w.canary)
	}
	fmt.Fprintf(&common, "%s=%s\n", sharedKey, w.canary)
	tree := fstest.MapFS{sharedCfg: {Data: []byte(common.String()), Mode: 0o644}}
	for i := range n {
		mac := w.mac.Add(uint64(i))
		tree[mac.BootName()] = file("include:config <" + sharedCfg + ">\ninclude:config <" + mac.CfgName() + ">")
		tree[mac.CfgName()] = file(ownKey + "=" + w.ownCanary(mac))
	}
	if err := w.publish(ctx, tree); err != nil {
		return nil, err
	}
	all := &crowd{shared: int64(common.Len())}
	for i := range n {
		p, err := w.makePhone(device.Identity{MAC: w.mac.Add(uint64(i))}, w.behaviour, w.base.String())
		if err != nil {
			return nil, err
		}
		all.phones = append(all.phones, p)
	}
	errs := make([]error, n)
	var each side
	for i, p := range all.phones {
		each.Go(func() { errs[i] = w.provision(ctx, p, device.PowerOn) })
	}
	each.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (w *world) ownCanary(mac device.MAC) string { return w.canary + "-" + mac.String() }

// allProvision has been done when the phones were gathered: rules that look at the same
// crowd share it.
func allProvision(ctx context.Context) error {
	if of(ctx).crowd == nil {
		return harness("there are no phones")
	}
	return nil
}

func noneIsGivenAnothers(ctx context.Context) error {
	w := of(ctx)
	for _, p := range w.crowd.phones {
		label, _ := p.Settings().Get(ownKey)
		own := p.Identity().MAC.String()
		if label == "" || strings.HasSuffix(label, "-"+own) {
			continue
		}
		for _, other := range w.crowd.phones {
			if mac := other.Identity().MAC.String(); strings.HasSuffix(label, "-"+mac) {
				w.phones = append(w.phones, p)
				return violated("phone "+own+" is given its own settings", "it was given those of %s", mac)
			}
		}
	}
	return nil
}

func eachIsGivenItsFiles(ctx context.Context) error {
	w := of(ctx)
	if err := w.faithful(ctx); err != nil {
		return err
	}
	failed := 0
	var first *observedPhone
	for _, p := range w.crowd.phones {
		if p.outcome != device.Failed {
			continue
		}
		if failed++; first == nil {
			first = p
		}
	}
	if first == nil {
		return nil
	}
	w.phones = append(w.phones, first)
	return violated(fmt.Sprintf("files for all of %d phones", len(w.crowd.phones)),
		"%d got none, the first %s: %s", failed, first.Identity().MAC, first.ending())
}

// eachHoldsTheLastLine judges the phones that were given a file for all.
func eachHoldsTheLastLine(ctx context.Context) error {
	w := of(ctx)
	if err := w.faithful(ctx); err != nil {
		return err
	}
	for _, p := range w.crowd.phones {
		for _, e := range p.fetches(sharedCfg) {
			last, _ := p.Settings().Get(sharedKey)
			if e.Kind == trace.FetchDone && (e.Bytes != w.crowd.shared || p.err == nil && last == "") {
				w.phones = append(w.phones, p)
				return violated(fmt.Sprintf("%d bytes of %s for phone %s", w.crowd.shared, sharedCfg, p.Identity().MAC),
					"%d bytes came, and it holds %q for %s", e.Bytes, last, sharedKey)
			}
		}
	}
	return nil
}

// anotherClientRests begins a transfer and leaves it at its beginning until the
// scenario is over.
func anotherClientRests(ctx context.Context) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	big, err := sampleCalled("a file of 33 MiB")
	if err != nil {
		return err
	}
	other := &world{suite: w.suite, scheme: w.scheme, mac: w.other(), behaviour: w.behaviour, capture: w.capture}
	if err := other.settle(ctx, big); err != nil {
		return err
	}
	get, err := fetch.New(fetch.Options{
		Identity: device.Identity{MAC: other.mac}, Behaviour: w.behaviour, Network: w.network(), TLS: w.tls(),
	})
	if err != nil {
		return harness("no other client: %v", err)
	}
	resting, leave := context.WithCancel(ctx)
	rests := &restingWriter{begun: make(chan struct{}), over: resting}
	ended := make(chan error, 1)
	w.crowd = &crowd{leave: func() {
		leave()
		for range ended { // closed when it is over
		}
	}}
	go func() {
		defer close(ended)
		ended <- w.guard(func() error {
			_, err := get.Fetch(resting, fetch.Request{
				URL: config.Join(other.base, big.name), Name: big.name, Limit: mostOfFile, Body: rests,
			})
			_ = get.Close() // nothing is kept on it
			return err
		})
	}()
	select {
	case <-rests.begun:
		return nil
	case err := <-ended:
		return blocked("the other client was not served: %v", err)
	case <-time.After(patience):
		return blocked("the other client was not served for %s", patience)
	}
}

// notWaiting is how long a phone may wait for a small file beside another client's
// transfer: less than that transfer takes to time out, as servers have it.
const notWaiting = 4 * time.Second

func itWasNotKeptWaiting(ctx context.Context, name string) error {
	w := of(ctx)
	w.crowd.leave() // whatever the rule comes to, the server is to be asked how it is
	if err := itWasGiven(ctx, name); err != nil {
		return err
	}
	for _, e := range w.phones[0].fetches(w.expand(name)) {
		if e.Took > notWaiting {
			if least := w.suite.pulse.least(w.scheme); least > e.Took/2 {
				return harness("the way to the server is too slow: no file ever came in less than %s", least.Round(100*time.Millisecond))
			}
			return violated(w.expand(name)+" at once", "it came after %s, when the server had given the other client up",
				e.Took.Round(100*time.Millisecond))
		}
	}
	return nil
}

// restingWriter takes the first bytes of a body, and then no more until a context ends.
type restingWriter struct {
	begun chan struct{}
	once  sync.Once
	over  context.Context //nolint:containedctx // io.Writer has none
}

// Write implements io.Writer.
func (r *restingWriter) Write(p []byte) (int, error) {
	r.once.Do(func() { close(r.begun) })
	<-r.over.Done()
	return 0, r.over.Err()
}
