package steps_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/wire"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
	"github.com/fipsim/fipsim/steps/target"
)

// A server is judged whose name is told by the worst name servers: the suite ends by
// itself, and blames no server for what a name server did.
func TestHostileNames(t *testing.T) {
	// No answer is as good as another: the suite waits ten seconds for each of these.
	silent := []string{"dns-truncated", "dns-other-question", "dns-garbage", "dns-silence"}
	for _, attack := range hostile.All() {
		if attack.Scheme != "dns" || slices.Contains(silent, attack.Name) {
			continue
		}
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			at, network := s.Named(), wire.OS{Resolver: s.Resolver()}
			at.User = url.UserPassword("alice", "sunflower") // no other text has it
			live, err := target.Open(t.Context(), &scenarios.TargetFile{Kind: scenarios.KindLive, URLs: []*url.URL{at}}, target.Options{Network: network})
			if err != nil {
				t.Fatal(err)
			}
			defer live.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // what has not ended by then hangs
			defer cancel()
			run, err := steps.Run(ctx, steps.Options{Target: live, Network: network, Seed: 1, Rules: []string{"FIP-MISS-001"}})
			if err != nil || ctx.Err() != nil {
				t.Fatal(err, ctx.Err())
			}
			good := attack.Name == "dns-alias-chain" || attack.Name == "dns-turned"
			for _, r := range run.Results {
				if want := map[bool]report.Status{true: report.Pass, false: report.Error}[good]; r.Status != want {
					t.Errorf("%s over %s: %s: %s, want %s", r.Rule.ID, r.Over, r.Status, r.Actual, want)
				}
				if strings.ContainsAny(r.Actual, "\x1b\a\u202e") || strings.Contains(r.Actual, "sunflower") {
					t.Errorf("%q is told", r.Actual)
				}
			}
			// A server may move between two passes: each asks for its name anew.
			if n, told := s.Reached(); n > 0 && attack.Name != "dns-turned" {
				t.Errorf("another host was turned to, %d times: %q", n, told)
			}
		})
	}
}
