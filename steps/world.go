// Package steps judges a provisioning server by the rules of package features: the
// Gherkin steps by noun, the suite that runs them against any scenarios.Target, and the
// verdict. `fipsim check` and a server's own `go test` run the same suite.
package steps

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// world is what the steps of one scenario share. There is one for each scenario and
// protocol, so that scenarios run side by side.
type world struct {
	suite  *suite
	scheme string // the protocol that this scenario is judged over
	mac    device.MAC
	canary string // a value that no other scenario publishes

	published *scenarios.Publication
	base      *url.URL         // of the published tree, over scheme
	phones    []*observedPhone // in the order in which they came up; the first is "the phone"
	capture   *wire.Capture    // nil: no evidence is asked for
	evidence  io.Closer
}

// worldKey is the context's key for the world.
type worldKey struct{}

// of returns the world of the scenario that ctx belongs to.
func of(ctx context.Context) *world { return ctx.Value(worldKey{}).(*world) }

// expand replaces <mac>, <MAC>, <canary> and <base> in text of a feature file.
func (w *world) expand(text string) string {
	base := ""
	if w.base != nil {
		base = w.base.String()
	}
	return strings.NewReplacer("<mac>", w.mac.String(), "<MAC>", w.mac.Colons(), "<canary>", w.canary, "<base>", base).Replace(text)
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
	s, ok := w.suite.options.Target.(scenarios.Secured)
	if !ok {
		return fetch.TLS{}
	}
	t := fetch.TLS{CA: s.CA(), Insecure: s.Insecure()}
	if w.capture != nil {
		t.KeyLog = w.capture.KeyLog()
	}
	return t
}

// events are those of all phones of the scenario, phone by phone.
func (w *world) events() []trace.Event {
	var all []trace.Event
	for _, p := range w.phones {
		all = append(all, p.recorder.Events()...)
	}
	return all
}

// hardware is w.mac as package net has it.
func (w *world) hardware() net.HardwareAddr { return net.HardwareAddr(w.mac[:]) }

// violation is a rule that does not hold: the server's fault.
type violation struct{ expected, actual string }

// Error returns both sides in one line.
func (v *violation) Error() string { return "expected " + v.expected + "; " + v.actual }

// violated returns a violation. actual is a whole phrase: "the phone got nothing".
func violated(expected, format string, args ...any) error {
	return &violation{expected, fmt.Sprintf(format, args...)}
}

// obstacle is why a rule cannot be judged: the server breaks another one first, which
// says so itself. The rule is skipped, so that one fault is told once.
type obstacle struct{ what string }

// Error says what stands in the way.
func (o *obstacle) Error() string { return "not judged: " + o.what }

// blocked returns an obstacle. The text is a whole phrase.
func blocked(format string, args ...any) error {
	return &obstacle{fmt.Sprintf(format, args...)}
}
