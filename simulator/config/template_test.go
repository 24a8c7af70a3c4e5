package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const rendering = "#!version:1.0.0.1\n# the phone of room 1\naccount.1.label = Room 1\naccount.1.enable=1\naccount.1.password=a=b#c\\d\n" +
	"lang.gui=\nlang.gui=French\nodd key=1\nlocal_contact.data.url=http://h/1.xml\n<<<<<<< HEAD\nlast.key=1"

// A template reads what differs in values alone, as ParseCfg reads it; anything else it leaves to ParseCfg.
func TestTemplate(t *testing.T) {
	for _, tt := range []struct {
		name     string
		old, new string
		ok       bool
	}{
		{"the same", "", "", true},
		{"a value", "Room 1\n", "Room 22, 3rd floor\n", true},
		{"two values", "Room 1\naccount.1.enable=1", "R\naccount.1.enable=0", true},
		{"the last value", "last.key=1", "last.key=234", true},
		{"a line end at the end", "last.key=1", "last.key=1\n", true},
		{"a value like the end of the one before", "a=b#c", "b#c", true},
		{"the blanks around", "label = Room 1", "label=Room 1", true},
		{"the second of two", "gui=French", "gui=German", true},
		{"a value that is gone", "Room 1\n", "\n", false},
		{"a value that is new", "lang.gui=\n", "lang.gui=Welsh\n", false},
		{"a comment", "room 1", "room 2", false},
		{"a key", "account.1.enable", "account.1.enabled", false},
		{"a line more", "lang.gui=\n", "lang.gui=\nx=1\n", false},
		{"a line less", "account.1.enable=1\n", "", false},
		{"a line that is a comment now", "account.1.enable=1", "#account.1.enable=1", false},
		{"less at the end", "\nlast.key=1", "\n", false},
		{"more at the end", "last.key=1", "last.key=1\nx=1\n", false},
		{"blanks at the end", "Room 1\n", "Room 2  \n", false},
		{"a CR", "Room 1\n", "Room 1\r\n", false},
		{"a NUL", "Room 1\n", "Room\x00\n", false},
		{"a control character", "Room 1\n", "Room\x01\n", false},
		{"no UTF-8", "Room 1\n", "Room \xff\n", false},
		{"a second setting", "Room 1\n", "1account.1.enable=1\n", false},
		{"an odd key's value", "odd key=1", "odd key=2", false},
		{"a byte order mark", "#!version", "\ufeff#!version", false},
		{"nothing", rendering, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, err := ParseCfg("base.cfg", []byte(rendering))
			if err != nil {
				t.Fatal(err)
			}
			template, ok := NewTemplate(base)
			if !ok {
				t.Fatal("no template")
			}
			body := strings.Replace(rendering, tt.old, tt.new, 1)
			got, ok := template.ParseCfg("own.cfg", []byte(body))
			if ok != tt.ok {
				t.Fatalf("ok is %t", ok)
			}
			if ok {
				sameParse(t, got, []byte(body))
			}
		})
	}
}

// sameParse asserts that got is what ParseCfg returns for body.
func sameParse(t *testing.T, got *Cfg, body []byte) {
	t.Helper()
	want, err := ParseCfg(got.Name, body)
	if err != nil {
		t.Fatal(err)
	}
	sameCfg(t, want, got)
	if diff := cmp.Diff(want.Findings, got.Findings); diff != "" {
		t.Errorf("findings (-parsed +by template):\n%s", diff)
	}
	if diff := cmp.Diff(settingsOf(want), settingsOf(got)); diff != "" {
		t.Errorf("settings (-parsed +by template):\n%s", diff)
	}
	if want.Shape() != got.Shape() {
		t.Error("another shape")
	}
}

func settingsOf(c *Cfg) []Setting {
	s := new(Settings)
	s.Merge(c)
	return s.sorted()
}

// Files that show damage are no templates.
func TestNoTemplate(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "a=1\r\n", "a=\x01\nb=1\n" + strings.Repeat("c=1\n", 20), "\ufeffa=1\n"} {
		c, err := ParseCfg("x.cfg", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := NewTemplate(c); ok {
			t.Errorf("%q is a template", text)
		}
	}
}

// Whatever two files are: what a template reads is what ParseCfg reads.
func FuzzTemplate(f *testing.F) {
	f.Add(rendering, "Room 1", "Room 2")
	f.Add(rendering, "1", "2")
	f.Add(rendering, "\n", "\n\n")
	f.Add(rendering, "lang.gui=\n", "lang.gui=x\n")
	f.Add("a=1\nb=2\n", "a=1\n", "a= 1 \n")
	f.Add("a=1\na=2\na=\n", "2", "")
	f.Fuzz(func(t *testing.T, text, from, to string) {
		base, err := ParseCfg("base.cfg", []byte(text))
		if err != nil {
			t.Skip()
		}
		template, ok := NewTemplate(base)
		if !ok {
			t.Skip()
		}
		for _, n := range []int{1, -1} {
			body := []byte(strings.Replace(text, from, to, n))
			if got, ok := template.ParseCfg("own.cfg", body); ok {
				sameParse(t, got, body)
			}
		}
	})
}

// BenchmarkTemplate: a MAC cfg file of a real phone in which a dozen values are its own.
func BenchmarkTemplate(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("../../../shared/trees/fip14g", "0021f2000005.cfg"))
	if err != nil {
		b.Skip("the tree of a real phone is not there: ", err)
	}
	base, err := ParseCfg("base.cfg", text)
	if err != nil {
		b.Fatal(err)
	}
	template, ok := NewTemplate(base)
	if !ok {
		b.Fatal("no template")
	}
	lines := strings.SplitAfter(string(text), "\n")
	changed := 0
	for i, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		if ok && changed < 12 && strings.HasPrefix(key, "account.") && strings.TrimSpace(value) != "" {
			lines[i] = fmt.Sprintf("%s=own-%d\n", key, i)
			changed++
		}
	}
	body := strings.Join(lines, "")
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			_, _ = ParseCfg("own.cfg", []byte(body))
		}
	})
	b.Run("template", func(b *testing.B) {
		for b.Loop() {
			if _, ok := template.ParseCfg("own.cfg", []byte(body)); !ok {
				b.Fatal("not read")
			}
		}
	})
}
