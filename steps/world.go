// Package steps judges a provisioning server by the rules of package features: the
// Gherkin steps by noun, the suite that runs them against any scenarios.Target, and the
// verdict. `fipsim check` and a server's own `go test` run the same suite.
package steps

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// world is what the steps of one scenario share. There is one for each scenario and
// protocol, so that scenarios run side by side.
type world struct {
	suite   *suite
	rule    features.Rule
	example string // which scenario of an outline this is, for reports
	row     string // the row of an outline that it comes from
	nth     int    // which of its rule's scenarios this is, from 1
	over    string // the protocol that this scenario is judged over; empty: none in particular
	scheme  string // the protocol that its phones use
	mac     device.MAC
	canary  string // a value that no other scenario publishes

	published *scenarios.Publication
	base      *url.URL         // of the published tree, over scheme
	tree      fstest.MapFS     // what is published
	former    fstest.MapFS     // what was, before that
	sample    sample           // the file of the chapter about content that is looked at
	answer    *answer          // the latest to a request outside of a pass
	asked     []*answer        // all of them
	phones    []*observedPhone // in the order in which they came up; the first is "the phone"
	behaviour device.Behaviour // of the phones

	talk      talk        // what rules about one protocol look at
	crowd     *crowd      // many phones that provisioned at once
	most      int64       // bytes of a file that is asked for; 0: mostOfFile
	residents []*resident // phones that the server has of its own
	talks     talks       // what was said outside of provisioning: PnP, DHCP, check-sync

	capture  *wire.Capture // nil: no evidence is asked for
	evidence *evidence

	solo    bool // nothing else goes on beside it
	started time.Time
	cancel  func() // ends the scenario's context; nil: it did not begin
	release func() // gives its turn back
	crash   *crash // what our own code did beside its steps
	late    error  // how it ended, where others have to end before it
}

// worldKey is the context's key for the world.
type worldKey struct{}

// of returns the world of the scenario that ctx belongs to.
func of(ctx context.Context) *world { return ctx.Value(worldKey{}).(*world) }

// expand replaces in text of a feature file what stands for this scenario's own: <mac>,
// <other-mac>, <canary>, <base>, and <http-base> and its like.
func (w *world) expand(text string) string {
	pairs := []string{"<mac>", w.mac.String(), "<other-mac>", w.other().String(), "<canary>", w.canary}
	if w.base != nil {
		pairs = append(pairs, "<base>", w.base.String())
	}
	if w.published != nil { // a server of which we only know the URL publishes nothing of ours
		for _, u := range w.published.Bases {
			pairs = append(pairs, "<"+u.Scheme+"-base>", u.String())
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// other is another phone's MAC: a neighbour's, which differs in the last digit.
func (w *world) other() device.MAC {
	mac := w.mac
	mac[len(mac)-1] ^= 1
	return mac
}

// network is what this scenario's phones use.
func (w *world) network() wire.Network {
	if w.capture == nil {
		return w.suite.network()
	}
	return &wire.Tap{Next: w.suite.network(), Capture: w.capture}
}

// tls is what phones are told about certificates.
func (w *world) tls() fetch.TLS {
	t := w.suite.tls()
	if w.capture != nil {
		t.KeyLog = w.capture.KeyLog()
	}
	return t
}

// tls is what the target says about certificates.
func (s *suite) tls() fetch.TLS {
	if secured, ok := s.options.Target.(scenarios.Secured); ok {
		return fetch.TLS{CA: secured.CA(), Insecure: secured.Insecure()}
	}
	return fetch.TLS{}
}

// events are those of all phones of the scenario, phone by phone, and then those of
// requests outside of a pass.
func (w *world) events() []trace.Event {
	var all []trace.Event
	for _, p := range w.phones {
		all = append(all, p.recorder.Events()...)
	}
	for _, a := range w.asked {
		all = append(all, a.events...)
	}
	return append(all, w.talks.events...)
}

// hardware is w.mac as package net has it.
func (w *world) hardware() net.HardwareAddr { return net.HardwareAddr(w.mac[:]) }

// violation is a rule that does not hold: the server's fault.
type violation struct {
	expected, actual string

	came bool // it rests on bytes of a file that came to its end
}

// Error returns both sides in one line.
func (v *violation) Error() string { return "expected " + v.expected + "; " + v.actual }

// violated returns a violation. actual is a whole phrase: "the phone got nothing".
func violated(expected, format string, args ...any) error {
	return &violation{expected: expected, actual: fmt.Sprintf(format, args...)}
}

// differs is violated where a file came to its end and its bytes are not as they should
// be: however long it took, and whatever this machine did meanwhile, that is proof.
func differs(expected, format string, args ...any) error {
	return &violation{expected: expected, actual: fmt.Sprintf(format, args...), came: true}
}

// obstacle is why a rule cannot be judged: the server breaks another one first, which
// says so itself. The rule is skipped, so that one fault is told once.
type obstacle struct {
	what  string
	needs scenarios.Capability // what would help; empty: a server that keeps the other rule
}

// Error says what stands in the way.
func (o *obstacle) Error() string { return "not judged: " + o.what }

// blocked returns an obstacle. The text is a whole phrase.
func blocked(format string, args ...any) error {
	return &obstacle{what: fmt.Sprintf(format, args...)}
}

// withoutTree returns an obstacle that no server is to blame for: the target would have
// to be able to publish any tree. The text is a whole phrase.
func withoutTree(format string, args ...any) error {
	return &obstacle{what: fmt.Sprintf(format, args...), needs: scenarios.PublishTree}
}
