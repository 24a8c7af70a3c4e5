package config

import (
	"bytes"
	"testing"
)

func FuzzParseBoot(f *testing.F) {
	for _, seed := range []string{
		"#!version:1.0.0.1\n\ninclude:config \"y000000000000.cfg\"\ninclude:config <HTTP Directory/sip.cfg>\r\n",
		"include:config <test.cfg> include:config \"http://10.20.0.92/mac.cfg\"", "include:config <a.cfg", "\ufeff>>>>>>> x\n",
		"include:config <{$mac}.cfg>\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, err := ParseBoot("f", body)
		lines := 1 + bytes.Count(body, []byte{'\n'})
		checkFindings(t, b.Findings, lines)
		if err != nil && len(b.Includes) > 0 {
			t.Error("an error, and includes")
		}
		last := 1
		for _, i := range b.Includes {
			if i.Line < last || i.Line > lines || len(i.Ref) < len(cfgSuffix) {
				t.Errorf("%+v in %d lines, after line %d", i, lines, last)
			}
			last = i.Line
		}
	})
}

func FuzzParseCfg(f *testing.F) {
	for _, seed := range []string{
		"#!version:1.0.0.1\na = 1\nb=\n c=p#w=1\\x\n>>>>>>> Stashed changes\na=2 \n", "a=\u00a0{$mac}\r\nb=1\rc=2", "\ufeff\ufeffa=b",
		"<<<<<<<=1\n<<<<<<<\t=1\n",
		"static.network.static_dns_enable = 1static.network.pc_port.enable = 1", "Salted__", "a=\x01", "\xff\xfea",
		"k\r=\r v \r \n=\n==\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := ParseCfg("f", body)
		lines := 1 + bytes.Count(body, []byte{'\n'})
		checkFindings(t, c.Findings, lines)
		if err != nil && c.Len() > 0 {
			t.Error("an error, and entries")
		}
		last := 0
		for e := range c.Entries() {
			if e.Line <= last || e.Line > lines || e.Key == "" {
				t.Errorf("%+v in %d lines, after line %d", e, lines, last)
			}
			last = e.Line
			if err := e.check(); err != nil {
				t.Error("an entry that NewCfg would not take:", err)
			}
		}
		var s, again Settings
		s.Merge(c)
		text := cfgText(t, &s)
		back, err := ParseCfg("f", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again.Merge(back)
		if got := cfgText(t, &again); got != text {
			t.Errorf("wrote %q, read and written again %q", text, got)
		}
	})
}

func checkFindings(t *testing.T, all []Finding, lines int) {
	t.Helper()
	for _, f := range all {
		if f.File != "f" || f.Line < 1 || f.Line > lines || f.Count < 1 || f.Text == "" || f.Kind == "" || len(f.Lines) > f.Count {
			t.Errorf("%+v in %d lines", f, lines)
		}
	}
}
