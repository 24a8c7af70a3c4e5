package phone_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/fetch"
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

func TestOutcomes(t *testing.T) {
	url := publish(t, tree{"y000000000000.cfg": "a.x=1\n"})
	p, _, outcome, err := boot(t, url)
	if outcome != device.Provisioned || err != nil {
		t.Errorf("first pass: %s, %v", outcome, err)
	}
	outcome, err = p.Provision(t.Context(), device.Interval)
	if outcome != device.Unchanged || err != nil {
		t.Errorf("second pass: %s, %v", outcome, err)
	}
	_, _, outcome, err = boot(t, publish(t, tree{"other.cfg": "a.x=1\n"}))
	if outcome != device.NothingFound || phone.FaultOf(err) != trace.NothingToDo {
		t.Errorf("an empty server: %s, %v", outcome, err)
	}
	_, _, outcome, err = boot(t, "gopher://example.test/")
	if outcome != device.Failed || phone.FaultOf(err) != trace.BadURL {
		t.Errorf("an unknown scheme: %s, %v", outcome, err)
	}
}

// "Everything else: the pass fails, nothing is applied, what the phone had stays."
func TestFailureKeepsSettings(t *testing.T) {
	dir := strings.TrimPrefix(publish(t, tree{"y000000000000.cfg": "a.x=1\n", "0021f2000001.cfg": "a.y=1\n"}), "file://")
	p, _, _, err := boot(t, "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("y000000000000.cfg", "a.x=2\n")
	write("0021f2000001.cfg", "\x00\x01\x02\x03 encrypted \x00")
	outcome, err := p.Provision(t.Context(), device.Interval)
	if outcome != device.Failed || phone.FaultOf(err) != trace.BadContent {
		t.Errorf("a cfg file that is no text: %s, %v", outcome, err)
	}
	if diff := cmp.Diff([]string{"a.x=1", "a.y=1"}, held(p)); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if changed := p.Last().Changed; len(changed) != 0 {
		t.Errorf("the report says that %v changed", changed)
	}
}

// Settings that no file mentions stay (Guide: updated configurations).
func TestSettingsNotMentionedStay(t *testing.T) {
	dir := strings.TrimPrefix(publish(t, tree{"y000000000000.cfg": "a.x=1\na.y=1\n"}), "file://")
	p, _, _, err := boot(t, "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y000000000000.cfg"), []byte("a.x=2\na.y=\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Provision(t.Context(), device.Interval); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.x=2", "a.y=1"}, held(p)); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
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

func TestResources(t *testing.T) {
	files := tree{
		"book.xml": "<?xml version=\"1.0\"?><Directory><DirectoryEntry><Name>A</Name></DirectoryEntry><DirectoryEntry/></Directory>",
		"bad.xml":  "<Directory><DirectoryEntry></Directory>",
	}
	url := publish(t, files)
	files["y000000000000.cfg"] = "local_contact.data.url=" + url + "book.xml\nremote_phonebook.data.1.url=" + url +
		"bad.xml\nremote_phonebook.data.2.url=" + url + "gone.xml\na.x=1\n"
	p, _, outcome, err := boot(t, publish(t, files))
	if outcome != device.Provisioned || err != nil {
		t.Fatalf("%s, %v: a missing resource never undoes the settings", outcome, err)
	}
	got := p.Last().Resources
	if len(got) != 3 {
		t.Fatalf("resources %v", got)
	}
	if got[0].Err != nil || got[0].Entries != 2 {
		t.Errorf("a phonebook of two entries: %+v", got[0])
	}
	if phone.FaultOf(got[1].Err) != trace.BadContent || !strings.Contains(got[1].Err.Error(), "line 1") {
		t.Errorf("a phonebook that is not well-formed: %v", got[1].Err)
	}
	if !errors.Is(got[2].Err, fetch.ErrNotFound) {
		t.Errorf("a missing phonebook: %v", got[2].Err)
	}
}

func TestRebootNeeded(t *testing.T) {
	url := publish(t, tree{"y000000000000.cfg": "static.network.vlan.internet_port_vid=7\na.x=1\n"})
	p, _, _, err := boot(t, url)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"static.network.vlan.internet_port_vid"}, p.Last().Reboot); diff != "" {
		t.Errorf("needs a reboot (-want +got):\n%s", diff)
	}
	if _, err := p.Provision(t.Context(), device.Interval); err != nil || len(p.Last().Reboot) != 0 {
		t.Errorf("the same settings again: reboot for %v, %v", p.Last().Reboot, err)
	}
}
