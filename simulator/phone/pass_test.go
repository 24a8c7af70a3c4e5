package phone_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// The order of the guide's DHCP capture: MAC boot, common boot, common cfg, MAC cfg.
// A boot file that is found replaces the two cfg files by its includes.
func TestOrderOfFiles(t *testing.T) {
	tests := []struct {
		name  string
		files tree
		set   []string
		asked []string
		held  []string
	}{
		{
			name:  "no boot file: common cfg, then MAC cfg, which overrides",
			files: tree{"y000000000000.cfg": "a.x=common\na.y=common\n", "0021f2000001.cfg": "a.y=mine\n"},
			asked: []string{"!0021f2000001.boot", "!y000000000000.boot", "y000000000000.cfg", "0021f2000001.cfg"},
			held:  []string{"a.x=common", "a.y=mine"},
		},
		{
			name:  "only the common cfg, as in the capture",
			files: tree{"y000000000000.cfg": "a.x=common\n"},
			asked: []string{"!0021f2000001.boot", "!y000000000000.boot", "y000000000000.cfg", "!0021f2000001.cfg"},
			held:  []string{"a.x=common"},
		},
		{
			name: "a MAC boot file: the common one is not asked for, only includes are fetched",
			files: tree{
				"0021f2000001.boot": "include:config <one.cfg>\n", "y000000000000.boot": "include:config <two.cfg>\n",
				"one.cfg": "a.x=1\n", "two.cfg": "a.x=2\n", "y000000000000.cfg": "a.x=3\n", "0021f2000001.cfg": "a.x=4\n",
			},
			asked: []string{"0021f2000001.boot", "one.cfg"},
			held:  []string{"a.x=1"},
		},
		{
			name: "the common boot file only if the MAC boot file is missing",
			files: tree{
				"y000000000000.boot":     "# all phones\ninclude:config <HTTP Directory/sip.cfg>\ninclude:config \"two.cfg\"\n",
				"HTTP Directory/sip.cfg": "a.x=1\na.y=1\n", "two.cfg": "a.x=2\n",
			},
			asked: []string{"!0021f2000001.boot", "y000000000000.boot", "HTTP Directory/sip.cfg", "two.cfg"},
			held:  []string{"a.x=2", "a.y=1"},
		},
		{
			name: "repeats are fetched again, top to bottom",
			files: tree{
				"y000000000000.boot": "include:config <1.cfg>\ninclude:config <2.cfg>\ninclude:config <1.cfg>\n",
				"1.cfg":              "a.x=1\n", "2.cfg": "a.x=2\n",
			},
			asked: []string{"!0021f2000001.boot", "y000000000000.boot", "1.cfg", "2.cfg", "1.cfg"},
			held:  []string{"a.x=1"},
		},
		{
			name:  "a missing include: the phone goes on",
			files: tree{"y000000000000.boot": "include:config <gone.cfg>\ninclude:config <2.cfg>\n", "2.cfg": "a.x=2\n"},
			asked: []string{"!0021f2000001.boot", "y000000000000.boot", "!gone.cfg", "2.cfg"},
			held:  []string{"a.x=2"},
		},
		{
			name:  "a boot file without a valid include is found all the same",
			files: tree{"0021f2000001.boot": "include:config <readme.txt>\n", "y000000000000.cfg": "a.x=3\n", "readme.txt": "a.x=1\n"},
			asked: []string{"0021f2000001.boot"},
		},
		{
			name:  "probe_bare_mac=always: a hit ends the pass",
			files: tree{"0021f2000001": "a.x=bare\n", "y000000000000.cfg": "a.x=common\n"},
			set:   []string{"probe_bare_mac=always"},
			asked: []string{"0021f2000001"},
			held:  []string{"a.x=bare"},
		},
		{
			name:  "bare_hit=continue: the boot and cfg files follow",
			files: tree{"0021f2000001": "a.x=bare\na.y=bare\n", "y000000000000.cfg": "a.x=common\n"},
			set:   []string{"probe_bare_mac=always", "bare_hit=continue"},
			asked: []string{"0021f2000001", "!0021f2000001.boot", "!y000000000000.boot", "y000000000000.cfg", "!0021f2000001.cfg"},
			held:  []string{"a.x=common", "a.y=bare"},
		},
		{
			name:  "the MAC macro in an include",
			files: tree{"y000000000000.boot": "include:config <phones/$(MA).cfg>\n", "phones/0021f2000001.cfg": "a.x=1\n"},
			asked: []string{"!0021f2000001.boot", "y000000000000.boot", "phones/0021f2000001.cfg"},
			held:  []string{"a.x=1"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, events, outcome, err := boot(t, publish(t, test.files), test.set...)
			if err != nil || !outcome.OK() {
				t.Fatalf("%s, %v", outcome, err)
			}
			if diff := cmp.Diff(test.asked, asked(events)); diff != "" {
				t.Errorf("asked for (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.held, held(p)); diff != "" {
				t.Errorf("holds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadIncludes(t *testing.T) {
	url := publish(t, tree{"y000000000000.boot": "include:config <http://:bad/x.cfg>\ninclude:config <gone.cfg>\ninclude:config <2.cfg>\n", "2.cfg": "a.x=1\n"})
	p, _, _, err := boot(t, url)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[config.Kind]int)
	for _, f := range p.Last().Findings {
		got[f.Kind] = f.Line
	}
	if want := map[config.Kind]int{phone.IncludeRefused: 1, phone.IncludeMissing: 2}; !cmp.Equal(want, got) {
		t.Errorf("findings by line %v, want %v", got, want)
	}

	_, _, outcome, err := boot(t, url, "include_missing=abort")
	if outcome != device.Failed || phone.FaultOf(err) != trace.NotFound {
		t.Errorf("include_missing=abort: %s, %v", outcome, err)
	}
	_, _, outcome, err = boot(t, url, "max_includes=2")
	if outcome != device.Failed || phone.FaultOf(err) != trace.TooManyIncludes {
		t.Errorf("max_includes=2: %s, %v", outcome, err)
	}
}

// A cfg file is never read as a boot file: an include in it is a malformed line.
func TestNoRecursion(t *testing.T) {
	p, events, _, err := boot(t, publish(t, tree{
		"y000000000000.boot": "include:config <loop.cfg>\n", "loop.cfg": "include:config <loop.cfg>\na.x=1\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"!0021f2000001.boot", "y000000000000.boot", "loop.cfg"}; !slices.Equal(asked(events), want) {
		t.Errorf("asked for %v, want %v", asked(events), want)
	}
	if f := p.Last().Findings; len(f) != 1 || f[0].Kind != config.MalformedLine || f[0].File != "loop.cfg" || f[0].Line != 1 {
		t.Errorf("findings %v", f)
	}
}

func TestOneFile(t *testing.T) {
	url := publish(t, tree{"only.cfg": "a.x=1\n", "y000000000000.cfg": "a.x=2\n"})
	_, events, _, err := boot(t, url+"only.cfg")
	if err != nil || !slices.Equal(asked(events), []string{"only.cfg"}) {
		t.Errorf("a URL that ends in .cfg: asked for %v, %v", asked(events), err)
	}
	_, _, outcome, err := boot(t, url+"gone.cfg")
	if outcome != device.NothingFound {
		t.Errorf("a file that is missing: %s, %v", outcome, err)
	}
}
