package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// "The parameters in the newly downloaded configuration files will override the
// duplicate parameters in files downloaded earlier" (Guide, "Editing Common Boot File").
func TestMerge(t *testing.T) {
	var s Settings
	one := s.Merge(parse(t, "one.cfg", "a=1\nb=1\nc=1\nd=\n"))
	two := s.Merge(parse(t, "two.cfg", "b=2\nc=1\na=\ne=5\n"))
	if diff := cmp.Diff([]Merged{
		{File: "one.cfg", Set: 3, Changed: 3, Blank: 1},
		{File: "two.cfg", Set: 3, Overridden: 2, Changed: 2, Blank: 1},
	}, []Merged{one, two}); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	wantCfg(t, &s, "a=1\nb=2\nc=1\ne=5\n")
	if s.Len() != 4 {
		t.Error("Len:", s.Len())
	}
	if diff := cmp.Diff([]Origin{{"two.cfg", 3, "", Kept}, {"one.cfg", 1, "1", Wins}}, s.Explain("a")); diff != "" {
		t.Error("Explain(a) (-want +got):\n", diff)
	}
	if diff := cmp.Diff([]Origin{{"two.cfg", 1, "2", Wins}, {"one.cfg", 2, "1", Overridden}}, s.Explain("b")); diff != "" {
		t.Error("Explain(b) (-want +got):\n", diff)
	}
	if got := s.Explain("nowhere"); got != nil {
		t.Error("Explain(nowhere):", got)
	}
}

func wantCfg(t testing.TB, s *Settings, want string) {
	t.Helper()
	if diff := cmp.Diff(header+want, cfgText(t, s)); diff != "" {
		t.Error("settings (-want +got):\n", diff)
	}
}

type fatal interface {
	Helper()
	Fatal(...any)
}

func cfgText(t fatal, s *Settings) string {
	t.Helper()
	var b strings.Builder
	if err := s.WriteCfg(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// key= with nothing after it, by the option blank.
func TestBlank(t *testing.T) {
	for _, tt := range []struct {
		policy, body, want string
		history            []Fate
	}{
		{BlankKeep, "a=\n", "a=0\n", []Fate{Kept, Wins}},
		{BlankDefault, "a=\n", "", []Fate{Reset, Overridden}},
		{"", "a=1\na=\n", "a=1\n", []Fate{Kept, Wins, Overridden}},
		{BlankDefault, "a=1\na=\n", "", []Fate{Reset, Overridden, Overridden}},
		{BlankDefault, "a=\na=1\n", "a=1\n", []Fate{Wins, Overridden, Overridden}},
	} {
		var s Settings
		s.Merge(parse(t, "flash", "a=0\n"))
		s.Blank = tt.policy
		s.Merge(parse(t, "x.cfg", tt.body))
		wantCfg(t, &s, tt.want)
		var history []Fate
		for _, o := range s.Explain("a") {
			history = append(history, o.Fate)
		}
		if diff := cmp.Diff(tt.history, history); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.policy, tt.body, diff)
		}
	}
}

func TestDiff(t *testing.T) {
	var old, now Settings
	old.Merge(parse(t, "old.cfg", "a=1\nb=1\nc=1\n"))
	now.Merge(parse(t, "new.cfg", "d=4\nb=2\nc=1\n"))
	want := []Change{
		{Key: "a", Old: "1"},
		{Key: "b", Old: "1", New: "2", File: "new.cfg", Line: 2},
		{Key: "d", New: "4", File: "new.cfg", Line: 1},
	}
	if diff := cmp.Diff(want, now.Diff(&old)); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	if got := now.Diff(&now); got != nil {
		t.Error("with itself:", got)
	}
	if got := now.Diff(nil); len(got) != 3 {
		t.Error("with nothing:", got)
	}
}

func TestSettingsJSON(t *testing.T) {
	var s, back Settings
	s.Merge(parse(t, "one.cfg", "a=1\nb=1\n"))
	s.Merge(parse(t, "two.cfg", "b=2\n"))
	data, err := json.Marshal(&s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"settings":[{"key":"a","value":"1","file":"one.cfg","line":1},` +
		`{"key":"b","value":"2","file":"two.cfg","line":1,"overrode":[{"file":"one.cfg","line":2,"value":"1","fate":"overridden"}]}]}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Diff(&s); got != nil {
		t.Error("read back:", got)
	}
	if n, _ := back.Lookup("b"); n.File != "two.cfg" || n.Line != 1 {
		t.Error("origin read back:", n)
	}
	for _, bad := range []string{
		`{"version":2}`, `[]`, `{"version":1,"settings":[{"key":"","value":"1"}]}`,
		`{"version":1,"settings":[{"key":"a","value":"1\nb=2"}]}`, `{"version":1,"settings":[{"key":"a","value":""}]}`,
		`{"version":1,"settings":[{"key":"#a","value":"1"}]}`, `{"version":1,"settings":[{"key":"<<<<<<< a","value":"1"}]}`,
	} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Error("no error for", bad)
		}
	}
}

// model is the plainest thing that Settings could be: a map.
type model map[string]Setting

// cfgs draws a few small files over few keys, so that they meet.
func cfgs(t *rapid.T) []*Cfg {
	var all []*Cfg
	for _, lines := range rapid.SliceOfN(rapid.SliceOfN(rapid.StringMatching(`[a-d]=[xy]?`), 0, 8), 0, 5).Draw(t, "files") {
		name := string(rune('A'+len(all))) + ".cfg"
		c, err := ParseCfg(name, []byte(strings.Join(lines, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func (m model) merge(c *Cfg, policy string) {
	for e := range c.Entries() {
		switch {
		case e.Value != "":
			m[e.Key] = Setting{e.Key, e.Value, c.Name, e.Line}
		case policy == BlankDefault:
			delete(m, e.Key)
		}
	}
}

// Line by line, file by file, the last line wins, and Lookup and Explain name it.
func TestMergeIsLastLineWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{Blank: rapid.SampledFrom([]string{BlankKeep, BlankDefault}).Draw(t, "blank")}
		want := make(model)
		lines := 0
		for _, c := range cfgs(t) {
			before := s.Clone()
			m := s.Merge(c)
			want.merge(c, s.Blank)
			lines += c.Len()
			if got := len(s.Diff(before)); got != m.Changed {
				t.Fatalf("Changed is %d, Diff says %d", m.Changed, got)
			}
		}
		got := make(model)
		for n := range s.All() {
			got[n.Key] = n
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal("(-map +Settings):\n", diff)
		}
		if s.Len() != len(want) {
			t.Fatal("Len:", s.Len())
		}
		for _, key := range []string{"a", "b", "c", "d"} {
			lines -= len(s.Explain(key))
			for _, o := range s.Explain(key) {
				if n := want[key]; o.Fate == Wins && (o != Origin{n.File, n.Line, n.Value, Wins}) {
					t.Fatalf("Explain(%s) says %v wins, not %v", key, o, n)
				}
			}
		}
		if lines != 0 {
			t.Fatal("lines that Explain left out or made up:", lines)
		}
	})
}

// Merging the same files once more changes nothing, and Compact forgets the first
// round; what WriteCfg writes, merged alone, is the same settings.
func TestMergeAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s, back Settings
		files := cfgs(t)
		for _, c := range files {
			s.Merge(c)
		}
		once := cfgText(t, &s)
		for range 3 {
			for _, c := range files {
				s.Merge(c)
			}
		}
		s.Compact()
		if len(s.layers) > len(files) {
			t.Fatalf("%d layers of %d files", len(s.layers), len(files))
		}
		c, err := ParseCfg("back", []byte(once))
		if err != nil || len(c.Findings) > 0 {
			t.Fatal(err, c.Findings)
		}
		back.Merge(c)
		for _, again := range []*Settings{&s, &back} {
			if diff := cmp.Diff(once, cfgText(t, again)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}
