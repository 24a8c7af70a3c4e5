package phone_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// tree is what a server publishes: a file's name and its content.
type tree map[string]string

// publish writes t to a folder and returns its URL.
func publish(t *testing.T, files tree) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + dir + "/"
}

// boot makes a phone that provisions from url, and lets it run one pass.
func boot(t *testing.T, url string, set ...string) (*phone.Phone, *trace.Recorder, device.Outcome, error) {
	t.Helper()
	events := new(trace.Recorder)
	stream := trace.NewStream(device.DefaultMAC, events)
	o := phone.Options{Trace: stream, Finders: map[string]discover.Finder{"static": discover.Static{URL: url}}}
	for _, option := range set {
		key, value, _ := strings.Cut(option, "=")
		if err := o.Behaviour.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	p, err := phone.New(o)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := p.Provision(t.Context(), device.PowerOn)
	return p, events, outcome, err
}

// asked are the files that a phone asked for, in order; ! marks a miss.
func asked(events *trace.Recorder) []string {
	var names []string
	for _, e := range events.Events() {
		switch e.Kind {
		case trace.FetchDone:
			names = append(names, e.Name)
		case trace.FetchMissing:
			names = append(names, "!"+e.Name)
		}
	}
	return names
}

// held are a phone's settings as lines, sorted.
func held(p *phone.Phone) []string {
	var lines []string
	for s := range p.Settings().All() {
		lines = append(lines, s.Key+"="+s.Value)
	}
	return lines
}
