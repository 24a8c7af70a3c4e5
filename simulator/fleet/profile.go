package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// profileVersion is the version of load profiles.
const profileVersion = 1

// Bounds of a profile: one that asks for more never ends.
const (
	maxStages    = 1000
	longestStage = 30 * 24 * time.Hour
	mostPasses   = 1e9 // of all phones of a stage
)

// Profile is a load profile: what a whole load consists of, as a file.
type Profile struct {
	Stages     []Stage
	Thresholds []Threshold
	Limit      time.Duration // see Options.Limit
}

// profileYAML is the file.
type profileYAML struct {
	Version    int         `yaml:"version"`
	Stages     []stageYAML `yaml:"stages"`
	Thresholds []string    `yaml:"thresholds"`
	Limit      span        `yaml:"limit"`
}

// stageYAML is a stage as it is written.
type stageYAML struct {
	Arrival   string  `yaml:"arrival"`
	Phones    share   `yaml:"phones"`
	Over      span    `yaml:"over"`
	Every     span    `yaml:"every"`
	Drift     float64 `yaml:"drift"`
	Discovery shares  `yaml:"discovery"`
	Models    shares  `yaml:"models"`
	Protocol  shares  `yaml:"protocol"`
}

// ReadProfile reads a load profile for a fleet of so many phones. Errors begin with
// file:line:column.
func ReadProfile(name string, phones int) (*Profile, error) {
	var y profileYAML
	d, err := scenarios.ReadYAML(name, profileVersion, &y)
	if err != nil {
		return nil, err
	}
	return y.profile(d, phones)
}

// ParseProfile is ReadProfile for a file that was read already.
func ParseProfile(name string, body []byte, phones int) (*Profile, error) {
	var y profileYAML
	d, err := scenarios.ParseYAML(name, body, profileVersion, &y)
	if err != nil {
		return nil, err
	}
	return y.profile(d, phones)
}

func (y *profileYAML) profile(d *scenarios.Document, phones int) (*Profile, error) {
	p := &Profile{Limit: y.Limit.d}
	if len(y.Stages) == 0 || len(y.Stages) > maxStages {
		return nil, d.Errorf("$.stages", "%d stages: want 1 to %d", len(y.Stages), maxStages)
	}
	if err := y.Limit.check(); err != nil {
		return nil, d.Errorf("$.limit", "%w", err)
	}
	for i := range y.Stages {
		at := fmt.Sprintf("$.stages[%d]", i)
		s, err := y.Stages[i].stage(d, at, phones)
		if err != nil {
			return nil, err
		}
		p.Stages = append(p.Stages, s)
	}
	for i, text := range y.Thresholds {
		t, err := ParseThreshold(text)
		if err != nil {
			return nil, d.Errorf(fmt.Sprintf("$.thresholds[%d]", i), "%w", err)
		}
		p.Thresholds = append(p.Thresholds, t)
	}
	return p, nil
}

func (y *stageYAML) stage(d *scenarios.Document, at string, phones int) (Stage, error) {
	s := Stage{
		Arrival: y.Arrival, Phones: y.Phones.of(phones), Over: y.Over.d, Every: y.Every.d, Drift: y.Drift,
		Discovery: y.Discovery.mix, Models: y.Models.mix, Protocol: y.Protocol.mix,
	}
	for _, field := range []struct {
		name string
		err  error
	}{
		{"phones", y.Phones.err}, {"over", y.Over.check()}, {"every", y.Every.check()},
		{"discovery", y.Discovery.err}, {"models", y.Models.err}, {"protocol", y.Protocol.err},
	} {
		if field.err != nil {
			return s, d.Errorf(at+"."+field.name, "%w", field.err)
		}
	}
	if s.Phones < 1 || s.Phones > phones {
		return s, d.Errorf(at+".phones", "%s is %d phones, where the fleet has %d", y.Phones.text, s.Phones, phones)
	}
	if err := s.check(); err != nil {
		return s, d.Errorf(at, "%w", err)
	}
	if s.Arrival == "interval" && float64(s.Phones)*float64(s.Over)/float64(s.Every) > mostPasses {
		return s, d.Errorf(at+".every", "%s over %s makes more than %g passes of %d phones", s.Every, s.Over, mostPasses, s.Phones)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Models)) {
		model, _, _ := strings.Cut(name, "/")
		if _, ok := device.Accounts(model); !ok {
			return s, d.Errorf(at+".models", "no model is called %q; there are: %s", model, strings.Join(device.Models(), ", "))
		}
	}
	return s, nil
}
