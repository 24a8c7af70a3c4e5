package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// parse is ParseCfg for bodies that are text.
func parse(t testing.TB, name, body string) *Cfg {
	t.Helper()
	c, err := ParseCfg(name, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The table of Guide, "Editing Common CFG File" ("Line formats and Rules"), and what
// the vendor's templates do beyond it.
func TestParseCfg(t *testing.T) {
	for _, tt := range []struct {
		name     string
		body     string
		entries  []Entry
		findings []string
	}{
		{"the guide's own", "local_contact.data.url=http://10.20.0.92/testcontact.xml\nwui.http_enable=1\nlang.gui=Chinese S\n",
			[]Entry{{"local_contact.data.url", "http://10.20.0.92/testcontact.xml", 1}, {"wui.http_enable", "1", 2},
				{"lang.gui", "Chinese S", 3}}, nil},
		{"comments", "#!version:1.0.0.1\n##account.X.*\n # a=1\n\n\t\na=1 # no comment", []Entry{{"a", "1 # no comment", 6}}, nil},
		{"blanks around the equal sign", " a = 1\nb= 2\nc =3\n\td\t=\t4\n",
			[]Entry{{"a", "1", 1}, {"b", "2", 2}, {"c", "3", 3}, {"d", "4", 4}}, nil},
		{"nothing after it", "a=\nb = \nc", []Entry{{"a", "", 1}, {"b", "", 2}}, []string{"malformed-line:3"}},
		{"what a value may hold", `account.1.password = p#w=10 01\x` + "\naccount.1.label=Ünit\n",
			[]Entry{{"account.1.password", `p#w=10 01\x`, 1}, {"account.1.label", "Ünit", 2}}, nil},
		{"neither", "just text\n=1\n= \na=1\n", []Entry{{"a", "1", 4}},
			[]string{"malformed-line:1", "malformed-line:2", "malformed-line:3"}},
		{"merge conflict", "<<<<<<< HEAD\na=1\n||||||| base\n=======\na=2\n>>>>>>> x=y\n",
			[]Entry{{"a", "1", 2}, {"a", "2", 5}},
			[]string{"conflict-marker:1", "conflict-marker:3", "conflict-marker:4", "conflict-marker:6", "duplicate-key:2", "duplicate-key:5"}},
		{"trailing blanks", "a=1 \nb=2\t\nc= \n", []Entry{{"a", "1", 1}, {"b", "2", 2}, {"c", "", 3}},
			[]string{"trailing-space:1", "trailing-space:2"}},
		{"no-break spaces", "a=\u00a01\nb=2\u200b\n", []Entry{{"a", "\u00a01", 1}, {"b", "2\u200b", 2}},
			[]string{"no-break-space:1", "no-break-space:2"}},
		{"byte-order mark", "\ufeffa=1\n", []Entry{{"a", "1", 1}}, []string{"byte-order-mark:1"}},
		{"CR LF", "a=1\r\nb=2 \r\n", []Entry{{"a", "1", 1}, {"b", "2", 2}},
			[]string{"carriage-return:1", "carriage-return:2", "trailing-space:2"}},
		{"CR alone", "a=1\rb=2\r", []Entry{{"a", "1\rb=2", 1}}, []string{"carriage-return:1"}},
		{"template text", "a={$mac}\nb=${x}\nc=$(MA)\nd=tftp://h/$(MA)/\nringtone.url=$(MA).wav\ne=http://h/$(MA)$(IP)\nf={{ x }}\ng=$5\n",
			[]Entry{{"a", "{$mac}", 1}, {"b", "${x}", 2}, {"c", "$(MA)", 3}, {"d", "tftp://h/$(MA)/", 4},
				{"ringtone.url", "$(MA).wav", 5}, {"e", "http://h/$(MA)$(IP)", 6}, {"f", "{{ x }}", 7}, {"g", "$5", 8}},
			[]string{"template-text:1", "template-text:2", "template-text:3", "template-text:6", "template-text:7"}},
		{"two on a line", "static.network.static_dns_enable = 1static.network.pc_port.enable = 1\n" +
			"ldap.base=ou=x.y,dc=z\naction_url.mute=http://h/?account.1.x=2\n",
			[]Entry{{"static.network.static_dns_enable", "1static.network.pc_port.enable = 1", 1}, {"ldap.base", "ou=x.y,dc=z", 2},
				{"action_url.mute", "http://h/?account.1.x=2", 3}},
			[]string{"glued-settings:1"}},
		{"quotation marks", "a=\"x y\"\nb='1'\nc=say \"x\"\nd=\"\n", []Entry{{"a", `"x y"`, 1}, {"b", "'1'", 2}, {"c", `say "x"`, 3}, {"d", `"`, 4}},
			[]string{"quoted-value:1", "quoted-value:2"}},
		{"odd keys", "account 1 enable=1\nschlüssel=1\n{$key}=1\n",
			[]Entry{{"account 1 enable", "1", 1}, {"schlüssel", "1", 2}, {"{$key}", "1", 3}},
			[]string{"odd-key:1", "odd-key:2", "template-text:3"}},
		{"not UTF-8", "account.1.label=\xdcnit\n", []Entry{{"account.1.label", "\xdcnit", 1}}, []string{"not-utf8:1"}},
		{"control character", "account.1.label=a\x1bb and much more text around it\nb=1\n", []Entry{{"b", "1", 2}},
			[]string{"control-character:1"}},
		{"set twice", "a=1\nb=1\na=2\n", []Entry{{"a", "1", 1}, {"b", "1", 2}, {"a", "2", 3}},
			[]string{"duplicate-key:1", "duplicate-key:3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := parse(t, "x.cfg", tt.body)
			if diff := cmp.Diff(tt.entries, slices.Collect(c.Entries())); diff != "" {
				t.Error("entries (-want +got):\n", diff)
			}
			got := findingsOf(c.Findings)
			slices.Sort(got)
			slices.Sort(tt.findings)
			if diff := cmp.Diff(tt.findings, got); diff != "" {
				t.Error("findings (-want +got):\n", diff)
			}
		})
	}
}

// A report stays readable: the same words once, with a count and the lines.
func TestFindingString(t *testing.T) {
	c := parse(t, "x.cfg", strings.Repeat("a=1 \n", 150))
	want := []string{
		"x.cfg:1: blanks after the value, cut here, but some firmware takes them for a part of it (of a password, say): delete them" +
			" (150 times: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, …)",
		"x.cfg:1: a is set more than once in this file; the last one counts: delete the others, or was another key meant?" +
			" (150 times: lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, …)",
	}
	var got []string
	for _, f := range c.Findings {
		got = append(got, f.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

// Whatever a file holds, what is kept of it is bounded.
func TestHostileFiles(t *testing.T) {
	t.Run("10 MB line", func(t *testing.T) {
		c := parse(t, "x.cfg", "a=1\nb="+strings.Repeat("x", 10<<20)+"\nc=3\n")
		if diff := cmp.Diff([]Entry{{"a", "1", 1}, {"c", "3", 3}}, slices.Collect(c.Entries())); diff != "" {
			t.Error(diff)
		}
		if len(c.Findings) != 1 || !strings.HasPrefix(c.Findings[0].String(), "x.cfg:2: line of more than 65536 bytes") {
			t.Error(c.Findings)
		}
	})
	t.Run("more settings than anyone has", func(t *testing.T) {
		c := parse(t, "x.cfg", strings.Repeat("a=\n", maxSettings+5))
		if c.Len() != maxSettings || c.Findings[len(c.Findings)-1].Line != maxSettings+1 {
			t.Error(c.Len(), c.Findings)
		}
	})
	t.Run("more findings than anyone reads", func(t *testing.T) {
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, "odd key %d=1\nnothing\n", i)
		}
		c := parse(t, "x.cfg", b.String())
		if len(c.Findings) != maxTexts+2 {
			t.Errorf("%d findings, want %d", len(c.Findings), maxTexts+2)
		}
		total := 0
		for _, f := range c.Findings {
			total += f.Count
			if len(f.Lines) > maxLines {
				t.Error(len(f.Lines), "lines")
			}
		}
		if total != 10000 {
			t.Errorf("they count %d times, want 10000", total)
		}
	})
}
