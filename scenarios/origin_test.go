package scenarios_test

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
)

// Where files name the server that they were taken from, they name the new one, by the
// protocol of the origin or else by the first; in resources nothing is changed.
func TestMoved(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{
		"scenario.yaml": "version: 1\ntree: .\norigins: [\"http://192.0.2.1/p/\", \"ftp://192.0.2.1/\"]\n" +
			"phones:\n  - {mac: 0021f2000001, file: a.cfg, expect: e.cfg}\n",
		"e.cfg": "remote_phonebook.data.1.url=http://192.0.2.1/p/b.xml\n",
		"a.cfg": "x.url=http://192.0.2.1/p/b.xml\ny.url=ftp://192.0.2.1/c.xml\nz.url=http://192.0.2.1/elsewhere\n",
		"b.xml": "<a>http://192.0.2.1/p/</a>",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := scenarios.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	to := scenarios.Moved(s.Origins, []*url.URL{{Scheme: "tftp", Host: "h", Path: "/1/"}, {Scheme: "http", Host: "h", Path: "/1/"}})
	tree, err := scenarios.MoveTree(s.Tree, to)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a.cfg": "x.url=http://h/1/b.xml\ny.url=tftp://h/1/c.xml\nz.url=http://192.0.2.1/elsewhere\n",
		"b.xml": "<a>http://192.0.2.1/p/</a>",
	} {
		if got, err := fs.ReadFile(tree, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	p := s.Phones[0].Moved(to)
	if d := p.Expect.Compare(held(t, "remote_phonebook.data.1.url=http://h/1/b.xml\n"), device.DefaultMAC); len(d) > 0 || p.File != "a.cfg" {
		t.Errorf("%v, file %q", d, p.File)
	}
}

// An origin that is none, and a file outside of the tree, are errors with their place.
func TestWrongOrigins(t *testing.T) {
	for yaml, want := range map[string]string{
		"origins: [\"http://192.0.2.1\"]\nphones: [{mac: 0021f2000001}]\n": "scenario.yaml:2:11: an origin is a URL that ends with a slash",
		"phones: [{mac: 0021f2000001, file: ../x.cfg}]\n":                  "\"../x.cfg\" is no file below the tree",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "scenario.yaml"), []byte("version: 1\n"+yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scenarios.Open(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s%v, want %s", yaml, err, want)
		}
	}
}
