package steps

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/features"
	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// paper is a target that is only planned for.
type paper []scenarios.Capability

func (p paper) Name() string                         { return "paper" }
func (p paper) Capabilities() []scenarios.Capability { return p }
func (p paper) Reset(context.Context) error          { return nil }
func (p paper) Publish(context.Context, fs.FS) (*scenarios.Publication, error) {
	return nil, errors.New("nothing can be published on paper")
}

// A rule is judged over each protocol that it needs and the target has, or once; where
// something is lacking it is skipped once, with the reason.
func TestPlan(t *testing.T) {
	target := paper{scenarios.TFTP, scenarios.HTTP, scenarios.HTTPS, scenarios.PublishTree}
	for _, tt := range []struct {
		name string
		rule features.Rule
		want []string
	}{
		{"each of all", features.Rule{Each: true}, []string{"tftp", "http", "https"}},
		{"each of some", features.Rule{Each: true, Needs: []string{"http", "https"}}, []string{"http", "https"}},
		{"each of some of which one is there", features.Rule{Each: true, Needs: []string{"ftp", "http"}}, []string{"http"}},
		{"once, over what it needs", features.Rule{Needs: []string{"https", "publish"}}, []string{"https"}},
		{"once, over none in particular", features.Rule{Needs: []string{"publish"}}, []string{""}},
		{"a protocol is lacking", features.Rule{Each: true, Needs: []string{"ftp"}}, []string{"needs ftp, which paper has not"}},
		{"something else is lacking", features.Rule{Each: true, Needs: []string{"pnp", "ftp"}}, []string{"needs pnp, which paper has not"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &suite{options: Options{Target: target}}
			var got []string
			for _, p := range s.planRule(tt.rule) {
				got = append(got, p.Over+p.Skip)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A tag can name the protocol, beside those of the feature files.
func TestPlanByProtocol(t *testing.T) {
	plan, err := Plan(Options{Target: paper{scenarios.TFTP, scenarios.HTTP, scenarios.PublishTree}, Tags: "@over-http && @must"})
	if err != nil || len(plan) == 0 {
		t.Fatalf("%d planned, %v", len(plan), err)
	}
	for _, p := range plan {
		if p.Over != "http" || p.Rule.Level != features.Must {
			t.Errorf("%s over %q is planned", p.Rule.ID, p.Over)
		}
	}
}

// What cannot be judged keeps its reason, and what the rules need exists.
func TestEveryNeedIsACapability(t *testing.T) {
	for _, r := range features.Rules() {
		for _, need := range r.Needs {
			if !slices.Contains(scenarios.Capabilities(), scenarios.Capability(need)) {
				t.Errorf("%s:%d: %s needs %q, which is no capability", r.File, r.Line, r.ID, need)
			}
		}
		for _, tag := range r.Tags {
			option, ok := strings.CutPrefix(tag, dependsTag)
			if ok && new(device.Behaviour).Get(option) == "" {
				t.Errorf("%s:%d: %s depends on %q, which is no option of the phone", r.File, r.Line, r.ID, option)
			}
		}
	}
}

// No two scenarios share a phone: each has a block of MACs of its own, the same one
// whatever else is judged.
func TestBlocksOfMACs(t *testing.T) {
	src, err := newSources(nil)
	if err != nil {
		t.Fatal(err)
	}
	if most := len(src.numbers) * (len(schemes) + 1); most > macs/blockSize {
		t.Errorf("%d scenarios, and blocks for %d", most, macs/blockSize)
	}
	s := &suite{seed: 12345}
	seen := make(map[device.MAC]int)
	for n := range len(src.numbers) * (len(schemes) + 1) {
		mac := s.block(n)
		if other, ok := seen[mac]; ok {
			t.Fatalf("%d and %d both begin at %s", n, other, mac)
		}
		seen[mac] = n
		if mac[0] != 0x00 || mac[1] != 0x21 || mac[2] != 0xf2 {
			t.Fatalf("%d begins at %s, outside of the OUI", n, mac)
		}
	}
}
