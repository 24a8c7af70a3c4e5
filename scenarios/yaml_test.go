package scenarios_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
)

// A MAC that is all digits is a MAC, never a number, and passwords are words.
func TestTargetFileWords(t *testing.T) {
	name := filepath.Join(t.TempDir(), "target.yaml")
	body := "version: 1\nkind: live\nurls: [http://192.0.2.1/prov, ftp://192.0.2.1/]\ncredentials: {user: u, password: 0123}\n" +
		"capabilities: [pnp, {dhcp: 192.0.2.1:67}]\nphones:\n  - mac: 001122334455\n    firmware: 0.50\n    behaviour: {blank: default}\n"
	if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := scenarios.OpenTarget(name, false)
	if err != nil {
		t.Fatal(err)
	}
	p := file.Phones[0]
	if p.Identity.MAC.String() != "001122334455" || p.Identity.Firmware != "0.50" || p.Behaviour.Blank != "default" {
		t.Errorf("phone: %+v", p)
	}
	if got := file.URLs[0].String(); got != "http://u:0123@192.0.2.1/prov/" {
		t.Errorf("URL: %s", got)
	}
	if file.DHCPRelay != "192.0.2.1:67" || len(file.Capabilities) != 2 {
		t.Errorf("capabilities: %v, %s", file.Capabilities, file.DHCPRelay)
	}
}

// Whatever stands in the file, reading it ends with a target or with an error that
// names the file.
func FuzzTargetFile(f *testing.F) {
	for _, seed := range []string{
		"version: 1\nkind: embedded\n",
		"version: 1\nkind: live\nurls: [http://h/]\nphones: [{mac: 001122334455}]\n",
		"version: 1\nkind: live\nurls: 7\nphones: {}\n", "version: [1]\n", "- a\n", "version: 1\nkind: &a [*a]\n", "version: 1\ncapabilities: [[[]]]\nkind: embedded",
		"version: 1\nkind: roster\ncommand: {a: b}\n", "version: 1\nkind: embedded\ncapabilities: [{}]\n", "version: 1\nkind: embedded\ncapabilities: [{pnp: }]\n",
	} {
		f.Add([]byte(seed))
	}
	name := filepath.Join(f.TempDir(), "target.yaml")
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := os.WriteFile(name, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := scenarios.OpenTarget(name, false); err != nil && !strings.Contains(err.Error(), "target.yaml:") {
			t.Errorf("%q: %v", body, err)
		}
	})
}
