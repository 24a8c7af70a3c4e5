package phone_test

import (
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/server"
)

// countingParser counts what package config reads for the phone.
type countingParser struct{ boots, cfgs atomic.Int32 }

func (p *countingParser) ParseBoot(name string, body []byte) (*config.Boot, error) {
	p.boots.Add(1)
	return config.ParseBoot(name, body)
}

func (p *countingParser) ParseCfg(name string, body []byte) (*config.Cfg, error) {
	p.cfgs.Add(1)
	return config.ParseCfg(name, body)
}

// A phone reads by the Parser that it is given; put away and made again with the same
// flash and what it knew, it goes on where it was.
func TestParserAndKnown(t *testing.T) {
	s, err := server.Start(t.Context(), server.Options{HTTP: "127.0.0.1:0", Tree: fstest.MapFS{
		"y000000000000.boot": {Data: []byte("include:config \"a.cfg\"\ninclude:config \"b.cfg\"\n")},
		"a.cfg":              {Data: []byte("lang.gui=English\n")},
		"b.cfg":              {Data: []byte("lang.gui=French\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	parser, flash := new(countingParser), new(phone.Memory)
	first, err := phone.New(phone.Options{Parser: parser, Flash: flash,
		Finders: map[string]discover.Finder{discover.SourceStatic: discover.Static{URL: s.URL("http").String()}}})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := first.Provision(t.Context(), device.PowerOn); outcome != device.Provisioned {
		t.Fatal(outcome, err)
	}
	if parser.boots.Load() != 1 || parser.cfgs.Load() != 2 {
		t.Errorf("%d boot files and %d cfg files were read, want 1 and 2", parser.boots.Load(), parser.cfgs.Load())
	}
	again, err := phone.New(phone.Options{Parser: parser, Flash: flash, Known: first.Known()})
	if err != nil {
		t.Fatal(err)
	}
	if outcome, err := again.Provision(t.Context(), device.Interval); outcome != device.Unchanged {
		t.Errorf("the same phone made again ended %s: %v", outcome, err)
	}
	if got, _ := again.Settings().Get("lang.gui"); got != "French" {
		t.Errorf("lang.gui is %q", got)
	}
}
