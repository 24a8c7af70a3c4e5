package phone

import (
	"strings"
	"testing"
)

// Guide, "Local Contacts": a phonebook is XML; what it calls an entry differs.
func TestPhonebooks(t *testing.T) {
	for name, test := range map[string]struct {
		body    string
		entries int
		wrong   string // in the error; empty: none
	}{
		"Flyingvoice's and Yealink's": {`<Directory><DirectoryEntry><Name>A</Name></DirectoryEntry><DirectoryEntry/></Directory>`, 2, ""},
		"another's":                   {"\n<contacts><Contact/></contacts>\n", 1, ""},
		"empty":                       {"<Directory/>", 0, ""},
		"an entry is not the root":    {"<Entry/>", 0, ""},
		"nothing":                     {"", 0, "0 root elements"},
		"two roots":                   {"<a/><b/>", 0, "2 root elements"},
		"cut off":                     {"<a>\n<b>\n", 0, "line 3: not well-formed XML"},
		"not closed in order":         {"<a>\n<b></a></b>", 0, "line 2: not well-formed XML"},
		"a success page":              {"<html><p>welcome<br></html>", 0, "not well-formed XML"},
		"another charset":             {`<?xml version="1.0" encoding="windows-1252"?><a/>`, 0, "the phone reads UTF-8"},
		"an entity that is not known": {`<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`, 0, "not well-formed XML"},
		"too deep":                    {strings.Repeat("<a>", 65), 0, "nest deeper than 64"},
	} {
		entries, err := countEntries(strings.NewReader(test.body))
		switch {
		case (err != nil) != (test.wrong != "") || err != nil && !strings.Contains(err.Error(), test.wrong):
			t.Errorf("%s: %v, want %q", name, err, test.wrong)
		case entries != test.entries:
			t.Errorf("%s: %d entries, want %d", name, entries, test.entries)
		}
	}
}

// Whatever comes as a phonebook is read to its end, or refused with a line.
func FuzzPhonebook(f *testing.F) {
	f.Add("<Directory><Entry/></Directory>")
	f.Add(`<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>`)
	f.Add("<a xmlns:b='c'><b:entry/><![CDATA[<]]><!-- --></a>")
	f.Fuzz(func(t *testing.T, body string) {
		entries, err := countEntries(strings.NewReader(body))
		if err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("no line: %v", err)
		}
		if entries < 0 || entries > strings.Count(body, "<") {
			t.Errorf("%d entries in %d bytes", entries, len(body))
		}
	})
}
