package pcaps

import (
	"net/netip"
	"testing"

	"github.com/fipsim/fipsim/simulator/trace"
)

// A pass that was refused a connection, and began anew each time, is refused as often; what was refused in its midst is
// not done again.
func TestAnswersRefused(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:80")
	event := func(kind trace.Kind, name string, fault trace.Code) Event {
		return Event{Event: trace.Event{Kind: kind, Name: name, URL: "http://192.0.2.1/" + name, Peer: server, Fault: fault, Attempt: 1, Pass: 1}}
	}
	refused := event(trace.FetchFailed, "", trace.Refused)
	asks, got := event(trace.FetchRequest, "a.cfg", ""), event(trace.FetchDone, "a.cfg", "")
	for _, test := range []struct {
		events         []Event
		closed, rounds int
	}{
		{[]Event{asks, got}, 0, 1},
		{[]Event{refused, asks, got}, 1, 2},
		{[]Event{refused, refused, refused, asks, got}, 3, 4},
		{[]Event{asks, got, refused}, 0, 1},
	} {
		a := answersOf(&Phone{Events: test.events})
		if a.closed[server] != test.closed || a.rounds != test.rounds {
			t.Errorf("%d events: %d refused, %d rounds; want %d, %d", len(test.events), a.closed[server], a.rounds, test.closed, test.rounds)
		}
		for n := range test.closed + 1 {
			if a.closes(server) != (n < test.closed) {
				t.Errorf("connection %d", n+1)
			}
		}
	}
}

// Requests that nobody answered are swallowed as often, and no more; what waits so is told.
func TestAnswersLost(t *testing.T) {
	event := func(kind trace.Kind, attempt int) Event {
		return Event{Event: trace.Event{Kind: kind, Name: "a.cfg", URL: "tftp://192.0.2.1/dir/a.cfg", Attempt: attempt, Pass: 1}}
	}
	a := answersOf(&Phone{Events: []Event{event(trace.FetchRequest, 1), event(trace.FetchRequest, 2), event(trace.FetchDone, 0)}})
	rrq := append([]byte{0, 1}, "dir/a.cfg\x00octet\x00"...)
	if !a.waits() || !a.swallows(rrq) || a.swallows(rrq) || a.waits() {
		t.Errorf("%+v", a.lost)
	}
	if (*answers)(nil).swallows(rrq) || a.refusal(rrq) != nil {
		t.Error("a live server's answers are its own")
	}
}
