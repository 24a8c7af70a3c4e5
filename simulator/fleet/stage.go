package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
)

// Stage is one part of a load: so many phones that arrive in one manner.
type Stage struct {
	Arrival string        // one of Arrivals; empty: storm
	Phones  int           // the first so many of the fleet; 0: all
	Over    time.Duration // how long the arrivals take; 0: all at once
	Every   time.Duration // interval: between two passes of a phone; 0: an hour
	Drift   float64       // interval: error of the phones' clocks, see Interval

	Discovery Mix // some of Ways; nil: static
	Models    Mix // models, or MODEL/FIRMWARE, of the phones that have none of their own
	Protocol  Mix // by the scheme of Options.Servers; nil: the first of them
}

// Mix is words and their weights: of phones, each has one of the words.
type Mix map[string]float64

// pick returns phone i's word; empty for an empty mix.
func (m Mix) pick(seed uint64, phone int) string {
	total := 0.0
	for _, weight := range m {
		total += weight
	}
	at := fraction(seed, phone) * total
	word := ""
	for _, word = range slices.Sorted(maps.Keys(m)) {
		if at -= m[word]; at < 0 {
			return word
		}
	}
	return word
}

// check reports a mix that says nothing.
func (m Mix) check() error {
	total := 0.0
	for word, weight := range m {
		if !(weight >= 0) {
			return fmt.Errorf("%s: a share must not be negative", word)
		}
		total += weight
	}
	if len(m) > 0 && !(total > 0) {
		return fmt.Errorf("all shares are 0")
	}
	return nil
}

// check reports what is wrong with a stage, and fills in its defaults.
func (s *Stage) check() error {
	if s.Arrival == "" {
		s.Arrival = "storm"
	}
	switch {
	case !isArrival(s.Arrival):
		return fmt.Errorf("%q is no arrival; there are: %s", s.Arrival, strings.Join(Arrivals, ", "))
	case s.Over < 0 || s.Every < 0:
		return fmt.Errorf("a time must not be negative")
	case s.Phones < 0:
		return fmt.Errorf("%d phones", s.Phones)
	case s.Arrival == "interval" && s.Over == 0:
		return fmt.Errorf("an interval without an end: say over how long (over, or --over)")
	case s.Drift < 0 || s.Drift > 0.5:
		return fmt.Errorf("drift %g: want a share from 0 to 0.5, such as 0.0001", s.Drift)
	}
	if s.Arrival == "interval" && s.Every == 0 {
		s.Every = time.Hour
	}
	for _, way := range slices.Sorted(maps.Keys(s.Discovery)) {
		if !slices.Contains(Ways, way) {
			return fmt.Errorf("discovery %q; there are: %s", way, strings.Join(Ways, ", "))
		}
	}
	for _, m := range []Mix{s.Discovery, s.Models, s.Protocol} {
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

// waits reports whether its phones start when the server's NOTIFYs come, and not before.
func (s *Stage) waits(o *Options) bool { return s.Arrival == "checksync" && o.SIP != "" }

// hears is how long the stage goes on for the NOTIFYs that may come.
func (s *Stage) hears(o *Options) time.Duration {
	if o.SIP != "" && (s.Arrival == "checksync" || s.Arrival == "interval") {
		return s.Over
	}
	return 0
}

// pacer returns the stage's Pacer for n phones.
func (s *Stage) pacer(n int, seed uint64) Pacer {
	switch s.Arrival {
	case "ramp":
		return Ramp{n, s.Over}
	case "poisson":
		return NewPoisson(n, s.Over, seed)
	case "interval":
		return Interval{Every: s.Every, Over: s.Over, Drift: s.Drift, Seed: seed}
	case "checksync":
		return CheckSync{n, s.Over}
	case "avalanche":
		return Avalanche{Storm: Storm{s.Over, seed}}
	default:
		return Storm{s.Over, seed}
	}
}

// trigger is why the stage's phones provision.
func (s *Stage) trigger() device.Trigger {
	switch s.Arrival {
	case "interval":
		return device.Interval
	case "checksync":
		return device.CheckSync
	default:
		return device.PowerOn
	}
}

// String returns a line for a person: "storm of 500 phones over 10s".
func (s *Stage) String() string {
	text := fmt.Sprintf("%s of %d phones", s.Arrival, s.Phones)
	if s.Arrival == "interval" {
		text += fmt.Sprintf(", each every %s", s.Every)
	}
	if s.Over > 0 {
		text += fmt.Sprintf(" over %s", s.Over)
	}
	return text
}
