package steps_test

import (
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// A network on which every third conversation is lost as a whole makes no server fail: what could be judged passed, and of the
// rest nothing can be said.
func TestLossyNetwork(t *testing.T) {
	if testing.Short() {
		t.Skip("a phone waits for 12 s where all that it sends is lost")
	}
	t.Parallel()
	var mu sync.Mutex
	sockets := make(map[uint16]int) // by port, in the order in which they were met
	pass := []time.Duration{0}
	tap := &wire.Tap{Fault: func(d wire.Datagram, ours bool) []time.Duration {
		port := d.To.Port()
		if ours {
			port = d.From.Port()
		}
		mu.Lock()
		defer mu.Unlock()
		if _, known := sockets[port]; !known {
			sockets[port] = len(sockets)
		}
		if sockets[port]%3 == 2 {
			return nil
		}
		return pass
	}}
	run, err := steps.Run(t.Context(), steps.Options{
		Target: startFaulty(t, faulty.Fault{}), Seed: 1, Network: tap, Tags: "@over-tftp",
		Rules: []string{"FIP-NAME-001", "FIP-NAME-002", "FIP-NAME-003", "FIP-NAME-004", "FIP-NAME-005", "FIP-CONT-004"},
	})
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[report.Status]int)
	for _, r := range run.Results {
		count[r.Status]++
		if r.Status == report.Fail {
			t.Errorf("%s failed: expected %s; %s", r.Rule.ID, r.Expected, r.Actual)
		}
		if r.Status == report.Error {
			t.Logf("%s: %s", r.Rule.ID, r.Actual)
		}
	}
	if count[report.Pass] == 0 || count[report.Error] == 0 {
		t.Errorf("%v", count)
	}
}
