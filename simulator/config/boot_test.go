package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// findingsOf drops what most tables do not look at: the text.
func findingsOf(list []Finding) []string {
	var all []string
	for _, f := range list {
		for _, n := range f.Lines {
			all = append(all, place(string(f.Kind), n))
		}
		if len(f.Lines) == 0 {
			all = append(all, string(f.Kind))
		}
	}
	return all
}

// The table of Guide, "Editing Common Boot File", and what the guide leaves open.
func TestParseBoot(t *testing.T) {
	for _, tt := range []struct {
		name     string
		body     string
		includes []Include
		findings []string
	}{
		{"both forms", "include:config <xxx.cfg>\ninclude:config \"xxx.cfg\"\n",
			[]Include{{"xxx.cfg", 1, Angle}, {"xxx.cfg", 2, Double}}, nil},
		{"comments and the version line", "#!version:1.0.0.1\n## x\n\n  # y\ninclude:config <time.cfg>",
			[]Include{{"time.cfg", 5, Angle}}, nil},
		{"relative URLs", "include:config <sip.cfg>\ninclude:config <HTTP Directory/sip.cfg>\n",
			[]Include{{"sip.cfg", 1, Angle}, {"HTTP Directory/sip.cfg", 2, Angle}}, nil},
		{"absolute URL", "include:config \"http://10.20.0.88/HTTP Directory/sip.cfg\"\n",
			[]Include{{"http://10.20.0.88/HTTP Directory/sip.cfg", 1, Double}}, nil},
		{"repeated, top to bottom", "include:config <b.cfg>\ninclude:config <a.cfg>\ninclude:config <b.cfg>\n",
			[]Include{{"b.cfg", 1, Angle}, {"a.cfg", 2, Angle}, {"b.cfg", 3, Angle}}, nil},
		{"must be *.cfg", "include:config <a.txt>\ninclude:config <b.CFG>\ninclude:config <>\ninclude:config <ok.cfg>\n",
			[]Include{{"ok.cfg", 4, Angle}}, []string{"include-not-cfg:1", "include-not-cfg:2", "include-not-cfg:3"}},
		{"the guide's two on one line", "include:config <test.cfg> include:config \"http://10.20.0.92/mac.cfg\"\n",
			[]Include{{"test.cfg", 1, Angle}, {"http://10.20.0.92/mac.cfg", 1, Double}}, []string{"includes-on-one-line:1"}},
		{"no blank before the mark", "include:config<a.cfg>\n", []Include{{"a.cfg", 1, Angle}}, nil},
		{"text after", "include:config <a.cfg> # mine\ninclude:config <b.cfg></b.cfg>\n",
			[]Include{{"a.cfg", 1, Angle}, {"b.cfg", 2, Angle}}, []string{"malformed-line:1", "malformed-line:2"}},
		{"not closed, no marks, another word", "include:config <a.cfg\ninclude:config a.cfg\ninclude:boot " +
			"<a.cfg>\ninclude:config <ok.cfg>\n",
			[]Include{{"ok.cfg", 4, Angle}}, []string{"malformed-line:1", "malformed-line:2", "malformed-line:3"}},
		{"no include at all", "# nothing\n", nil, []string{"no-include:1"}},
		{"empty", "", nil, []string{"no-include:1"}},
		{"Windows line ends", "include:config <a.cfg>\r\n", []Include{{"a.cfg", 1, Angle}}, []string{"carriage-return:1"}},
		{"byte-order mark", "\ufeffinclude:config <a.cfg>\n", []Include{{"a.cfg", 1, Angle}}, []string{"byte-order-mark:1"}},
		{"template text", "include:config <{$mac}.cfg>\ninclude:config <$(MA).cfg>\n",
			[]Include{{"{$mac}.cfg", 1, Angle}, {"$(MA).cfg", 2, Angle}}, []string{"template-text:1"}},
		{"merge conflict", "<<<<<<< HEAD\ninclude:config <a.cfg>\n=======\ninclude:config <b.cfg>\n>>>>>>> theirs\n",
			[]Include{{"a.cfg", 2, Angle}, {"b.cfg", 4, Angle}}, []string{"conflict-marker:1", "conflict-marker:3",
				"conflict-marker:5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, err := ParseBoot("y000000000000.boot", []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.includes, b.Includes); diff != "" {
				t.Error("includes (-want +got):\n", diff)
			}
			if diff := cmp.Diff(tt.findings, findingsOf(b.Findings)); diff != "" {
				t.Error("findings (-want +got):\n", diff)
			}
		})
	}
}

func TestFindingMasksPassword(t *testing.T) {
	b, err := ParseBoot("x.boot", []byte("include:config <ftp://u:hush@h/a.txt>\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Findings[0].String(); strings.Contains(got, "hush") || !strings.Contains(got, "x.boot:1: ") {
		t.Error(got)
	}
}

// What is no text gets one error with file and line, and nothing is used of it.
func TestNotText(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want string
	}{
		"NUL":       {"a=1\nb=\x00\n", "f:2: a NUL byte"},
		"UTF-16":    {"\xff\xfea\x00=\x001\x00", "f:1: the file is UTF-16"},
		"openssl":   {"Salted__abcdefgh", "f:1: the file is encrypted"},
		"encrypted": {strings.Repeat("\x01\x8f\xa0\x7fqQ", 20), "f:1: full of control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			c, cfgErr := ParseCfg("f", []byte(tt.body))
			b, bootErr := ParseBoot("f", []byte(tt.body))
			for _, err := range []error{cfgErr, bootErr} {
				var not *NotTextError
				if !errors.As(err, &not) || !strings.HasPrefix(err.Error(), tt.want) {
					t.Errorf("error %v, want %s…", err, tt.want)
				}
			}
			if c.Len() != 0 || len(b.Includes) != 0 || len(c.Findings) != 1 || len(b.Findings) != 1 {
				t.Error("used something, or said it twice:", c.Findings, b.Findings)
			}
		})
	}
}
