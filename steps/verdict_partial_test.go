package steps_test

import (
	"slices"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/faulty"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

// folderOnly is a server that publishes below a folder, has PnP and DHCP, and can be told
// neither what they name nor what lies at its root.
type folderOnly struct{ *residence }

// Capabilities implements scenarios.Target.
func (f folderOnly) Capabilities() []scenarios.Capability {
	return slices.DeleteFunc(f.residence.Capabilities(), func(c scenarios.Capability) bool {
		return c == scenarios.Announce || c == scenarios.PublishRoot
	})
}

// What nobody could put where PnP and DHCP lead is no gap in the judgement: the target
// never declared that it could.
func TestFolderOnlyIsNotPartial(t *testing.T) {
	r := &residence{faultyTarget: startFaulty(t, faulty.Fault{})}
	r.Published.Publish = r.Publish
	run, err := steps.Run(t.Context(), steps.Options{
		Target: folderOnly{r}, Rules: []string{"FIP-PNP-054", "FIP-DHCP-045", "FIP-PNP-003", "FIP-DHCP-003"}, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	skipped := 0
	for _, r := range run.Results {
		if r.Status == report.Skip {
			skipped++
		}
	}
	if v := run.Verdict(); v.Word != report.Conforms || skipped != 2 {
		t.Errorf("%s (%s) with %d rules skipped, want %s with 2", v.Word, v.Why, skipped, report.Conforms)
	}
}
