package fleet

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProfile(t *testing.T) {
	p, err := ParseProfile("p.yaml", []byte(`version: 1
limit: 10m
stages:
  - {arrival: ramp, phones: 60%, over: 1m30s, models: {FIP10: 1, FIP14G/V0.6.1: 3}}
  - {arrival: interval, phones: 7, every: 90, over: 1h, drift: 0.01, discovery: pnp, protocol: {tftp: 70%, http: 30%}}
thresholds: ["p99(pass) < 5s"]
`), 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []Stage{
		{Arrival: "ramp", Phones: 6, Over: 90 * time.Second, Models: Mix{"FIP10": 1, "FIP14G/V0.6.1": 3}},
		{Arrival: "interval", Phones: 7, Every: 90 * time.Second, Over: time.Hour, Drift: 0.01, Discovery: Mix{"pnp": 1}, Protocol: Mix{"tftp": 70, "http": 30}},
	}
	if diff := cmp.Diff(want, p.Stages); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	if p.Limit != 10*time.Minute || len(p.Thresholds) != 1 || p.Thresholds[0].String() != "p99(pass)<5s" {
		t.Errorf("%+v", p)
	}
}

// Each mistake has its place, and says what to do.
func TestProfileErrors(t *testing.T) {
	for body, want := range map[string]string{
		"stages: []\n":                                                                 "p.yaml:1:1: no version",
		"version: 1\nstages: []\n":                                                     "p.yaml:2:9: 0 stages: want 1 to 1000",
		"version: 1\nstages: [{mood: x}]\n":                                            "p.yaml:2:11: unknown field \"mood\"",
		"version: 1\nstages:\n - arrival: flood\n":                                     `p.yaml:3:11: "flood" is no arrival; there are: storm, ramp`,
		"version: 1\nstages:\n - phones: many\n":                                       `p.yaml:3:12: "many": want a number of phones`,
		"version: 1\nstages:\n - phones: 11\n":                                         "p.yaml:3:12: 11 is 11 phones, where the fleet has 10",
		"version: 1\nstages:\n - phones: -1\n":                                         `p.yaml:3:12: "-1": want a number`,
		"version: 1\nstages:\n - arrival: interval\n":                                  "an interval without an end: say over how long",
		"version: 1\nstages:\n - {arrival: interval, every: 1ns, over: 1h}\n":          "makes more than 1e+09 passes",
		"version: 1\nstages:\n - {arrival: storm, over: 10000h}\n":                     "want at most 720h",
		"version: 1\nstages:\n - {models: {P58: 1}}\n":                                 `no model is called "P58"`,
		"version: 1\nstages:\n - {protocol: {tftp: x}}\n":                              `"x": want a share`,
		"version: 1\nstages:\n - {discovery: mail}\n":                                  `discovery "mail"; there are: static, pnp, dhcp`,
		"version: 1\nstages:\n - {over: soon}\n":                                       `"soon" is not a duration`,
		"version: 1\nstages:\n - {over: -5s}\n":                                        `must not be negative`,
		"version: 1\nstages:\n - {over: 5s}\nthresholds: [\"p99(pass)<5s\", faster]\n": `p.yaml:4:30: "faster" is no threshold`,
	} {
		_, err := ParseProfile("p.yaml", []byte(body), 10)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "p.yaml:") {
			t.Errorf("%q: %v, want %s", body, err, want)
		}
	}
}

// The shipped profiles are read, and end.
func TestShippedProfiles(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/load/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		p, err := ReadProfile(name, 1000)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, s := range p.Stages {
			if s.Over == 0 || s.Over > time.Hour {
				t.Errorf("%s: %s", name, s.String())
			}
		}
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add([]byte("version: 1\nstages:\n - {arrival: ramp, phones: 60%, over: 90s, models: {FIP10: 1}}\nthresholds: [\"errors<1%\"]\n"))
	f.Add([]byte("version: 1\nstages: [{phones: [1]}]\n"))
	f.Add([]byte("version: 1\nstages: [{protocol: {a: {}}}]\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParseProfile("p.yaml", body, 10)
		if err != nil {
			return
		}
		for _, s := range p.Stages {
			pacer := s.pacer(s.Phones, 1)
			for i := range s.Phones {
				if at, ok := pacer.Start(i, 0); ok && (at < 0 || at > 100*longestStage) {
					t.Errorf("%s: phone %d starts at %s", s.String(), i, at)
				}
			}
		}
	})
}
