package scenarios_test

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
)

func bases(t *testing.T, urls ...string) map[string]*url.URL {
	t.Helper()
	all := make(map[string]*url.URL)
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all[u.Scheme] = u
	}
	return all
}

var everyFile = []string{
	"y000000000000.boot", "common.cfg", "0021f2000001.cfg", "Office Features/features.cfg",
	"Phonebooks/phonebooks.cfg", "Phonebooks/contacts.xml", "Phonebooks/Company Phonebook.xml",
}

// The sample is a tree that a server can serve, and nothing in it is left unfilled.
func TestSampleIsAWholeTree(t *testing.T) {
	tree := scenarios.Sample(bases(t, "http://127.0.0.1:8080/"))
	if err := fstest.TestFS(tree, everyFile...); err != nil {
		t.Error(err)
	}
	for _, name := range everyFile {
		if body := read(t, tree, name); strings.Contains(body, "@") {
			t.Errorf("%s holds a word that was not filled:\n%s", name, body)
		}
	}
}

// What the command shows to a stranger first must be without fault.
func TestSampleHasNoFindings(t *testing.T) {
	tree := scenarios.Sample(bases(t, "http://127.0.0.1:8080/"))
	findings, err := config.CheckTree(tree)
	if err != nil || len(findings) > 0 {
		t.Errorf("names in the tree: %v, %v", findings, err)
	}
	boot, err := config.ParseBoot(device.CommonBoot, []byte(read(t, tree, device.CommonBoot)))
	if err != nil || len(boot.Findings) > 0 {
		t.Errorf("%s: %v, %v", device.CommonBoot, boot.Findings, err)
	}
	var names []string
	for _, include := range boot.Includes {
		names = append(names, include.Ref)
	}
	want := []string{"common.cfg", "Office Features/features.cfg", "http://127.0.0.1:8080/Phonebooks/phonebooks.cfg", "$(MA).cfg"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("includes (-want +got):\n%s", diff)
	}
	for _, name := range everyFile {
		if path.Ext(name) != ".cfg" {
			continue
		}
		cfg, err := config.ParseCfg(name, []byte(read(t, tree, name)))
		if err != nil || len(cfg.Findings) > 0 {
			t.Errorf("%s: %v, %v", name, cfg.Findings, err)
		}
	}
}

func TestSamplePhonebooksAreXML(t *testing.T) {
	tree := scenarios.Sample(nil)
	for _, name := range everyFile {
		if path.Ext(name) != ".xml" {
			continue
		}
		entries := 0
		for d := xml.NewDecoder(strings.NewReader(read(t, tree, name))); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "DirectoryEntry" {
				entries++
			}
		}
		if entries == 0 {
			t.Errorf("%s has no entry", name)
		}
	}
}

// Absolute URLs lead to where the server really listens.
func TestSampleFillsInTheServer(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bases []string
		want  string
	}{
		{"http before the others", []string{"tftp://127.0.0.1:69/", "https://127.0.0.1:2/", "http://127.0.0.1:1/"}, "http://127.0.0.1:1/"},
		{"what there is", []string{"tftp://127.0.0.1:6969/"}, "tftp://127.0.0.1:6969/"},
		{"a URL without its final slash", []string{"http://127.0.0.1:1/prov"}, "http://127.0.0.1:1/prov/"},
		{"nothing known", nil, "http://127.0.0.1/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := read(t, scenarios.Sample(bases(t, tt.bases...)), "Phonebooks/phonebooks.cfg")
			if want := "local_contact.data.url=" + tt.want + "Phonebooks/contacts.xml\n"; !strings.Contains(body, want) {
				t.Errorf("no line %q in:\n%s", want, body)
			}
		})
	}
}

func read(t *testing.T, tree fs.FS, name string) string {
	t.Helper()
	body, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
