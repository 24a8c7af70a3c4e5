package fip

import (
	"time"

	"github.com/grafana/sobek"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fleet"
)

// result is what provision returns. index.d.ts says what each field means.
type result struct {
	MAC      string             `js:"mac"`
	OK       bool               `js:"ok"`
	Outcome  string             `js:"outcome"`
	Fault    string             `js:"fault"`
	Error    string             `js:"error"`
	Server   string             `js:"server"`
	Wrong    []string           `js:"wrong"`
	Timings  map[string]float64 `js:"timings"`
	Files    []file             `js:"files"`
	Findings []string           `js:"findings"`
	Settings *sobek.Object      `js:"settings"`
}

// file is one file that the phone asked for.
type file struct {
	Name     string  `js:"name"`
	Stage    string  `js:"stage"`
	Protocol string  `js:"protocol"`
	Outcome  string  `js:"outcome"`
	Fault    string  `js:"fault"`
	Bytes    int64   `js:"bytes"`
	Duration float64 `js:"duration"`
}

// newResult is a pass as JavaScript sees it.
func newResult(rt *sobek.Runtime, mac device.MAC, p *fleet.Pass, showSecrets bool) *result {
	r := &result{
		MAC: mac.String(), OK: p.OK(), Outcome: string(p.Outcome), Fault: string(p.Fault), Server: p.Server,
		Wrong: make([]string, 0, len(p.Wrong)), Files: make([]file, 0, len(p.Steps)), Findings: make([]string, 0, len(p.Findings)),
		Timings:  map[string]float64{"pass": millis(p.Took)},
		Settings: rt.NewDynamicObject(&settings{rt: rt, held: p.Settings, show: showSecrets}),
	}
	if p.Err != nil {
		r.Error = p.Err.Error()
	}
	for _, d := range p.Wrong {
		r.Wrong = append(r.Wrong, d.String())
	}
	for _, f := range p.Findings {
		r.Findings = append(r.Findings, f.String())
	}
	for _, s := range p.Steps {
		if s.Name == discover.SourceStatic {
			continue // nothing was looked for
		}
		stage := metricWord(s.Stage)
		r.Timings[stage] += millis(s.Took)
		if s.Protocol != "" {
			r.Files = append(r.Files, file{s.Name, stage, s.Protocol, s.Outcome, string(s.Fault), s.Bytes, millis(s.Took)})
		}
	}
	return r
}

// millis is a duration as k6 counts them.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// settings is what a phone holds, as an object that cannot be changed. Values are looked
// up when somebody asks: a phone holds thousands.
type settings struct {
	rt   *sobek.Runtime
	held *config.Settings
	show bool // secrets too
}

// Get implements sobek.DynamicObject.
func (s *settings) Get(key string) sobek.Value {
	value, ok := s.held.Get(key)
	if !ok {
		return nil
	}
	if !s.show {
		value = config.Masked(key, value)
	}
	return s.rt.ToValue(value)
}

// Has implements sobek.DynamicObject.
func (s *settings) Has(key string) bool {
	_, ok := s.held.Get(key)
	return ok
}

// Keys implements sobek.DynamicObject.
func (s *settings) Keys() []string {
	var keys []string
	for setting := range s.held.All() {
		keys = append(keys, setting.Key)
	}
	return keys
}

// Set implements sobek.DynamicObject: nothing can be set.
func (s *settings) Set(string, sobek.Value) bool { return false }

// Delete implements sobek.DynamicObject: nothing can be deleted.
func (s *settings) Delete(key string) bool { return !s.Has(key) }
