package device_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
)

func TestParseMACSpellings(t *testing.T) {
	want := device.MAC{0x00, 0x21, 0xf2, 0x22, 0xae, 0xf1}
	for _, text := range []string{
		"0021f222aef1", "0021F222AEF1", "00:21:f2:22:ae:f1", "00-21-F2-22-AE-F1", "0021.f222.aef1", "0021f2 22aef1",
	} {
		got, err := device.ParseMAC(text)
		if err != nil || got != want {
			t.Errorf("ParseMAC(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0021f2", "0021f222aef", "0021f222aef11", "0021f222aefg", "y000000000000"} {
		if got, err := device.ParseMAC(text); err == nil {
			t.Errorf("ParseMAC(%q) = %v, want an error", text, got)
		} else if !strings.Contains(err.Error(), text) {
			t.Errorf("ParseMAC(%q): the error does not name it: %v", text, err)
		}
	}
}

func TestMACNames(t *testing.T) {
	m := device.DefaultMAC
	got := []string{m.String(), m.Colons(), m.BootName(), m.CfgName()}
	want := []string{"0021f2000001", "00:21:F2:00:00:01", "0021f2000001.boot", "0021f2000001.cfg"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMACAdd(t *testing.T) {
	for n, want := range map[uint64]string{0: "0021f2000001", 1: "0021f2000002", 255: "0021f2000100", 1 << 24: "0021f3000001"} {
		if got := device.DefaultMAC.Add(n).String(); got != want {
			t.Errorf("Add(%d) = %s, want %s", n, got, want)
		}
	}
}

// A deployed server reads the MAC from the last 17 characters.
func TestUserAgent(t *testing.T) {
	id := device.Identity{MAC: device.MAC{0x00, 0x21, 0xf2, 0x22, 0xae, 0xf1}, Model: "FIP13G", Firmware: "V0.6.24"}
	got := id.Expand(device.Behaviour{}.WithDefaults().UserAgent)
	if want := "Flyingvoice FIP13G V0.6.24 00:21:F2:22:AE:F1"; got != want {
		t.Errorf("User-Agent %q, want %q", got, want)
	}
}

// Guide, "Editing MAC-Oriented CFG File": the comment above account.X.
func TestAccountRanges(t *testing.T) {
	for model, want := range map[string]int{
		"FIP10": 2, "FIP10P": 2, "FIP12WP": 2, "FIP16": 2, "FIP11C": 3, "FIP11CP": 3, "FIP13G": 4, "FIP14G": 8, "FIP15G": 9, "fip14g": 8,
	} {
		if got, ok := device.Accounts(model); !ok || got != want {
			t.Errorf("Accounts(%s) = %d, %v, want %d", model, got, ok, want)
		}
	}
	if n, ok := device.Accounts("P58"); ok {
		t.Errorf("Accounts(P58) = %d: the guide does not list it", n)
	}
}

func TestBehaviourDefaults(t *testing.T) {
	b := device.Behaviour{}.WithDefaults()
	for _, o := range device.Options() {
		got := b.Get(o.Name)
		if d, err := device.ParseDuration(o.Default); err == nil && strings.ContainsAny(o.Default, "smh") {
			if g, _ := device.ParseDuration(got); g != d {
				t.Errorf("%s = %q, want %q", o.Name, got, o.Default)
			}
			continue
		}
		if got != o.Default {
			t.Errorf("%s = %q, want %q", o.Name, got, o.Default)
		}
		if o.Help == "" || o.Grade == "" {
			t.Errorf("%s has no help or grade", o.Name)
		}
	}
}

func TestBehaviourFile(t *testing.T) {
	var b device.Behaviour
	err := b.ReadFile("b.yaml", []byte("version: 1\nsource_order: [static, pnp]\npnp_wait: 2s\nmacros: off\ntftp_sends: 5 # more patient\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := device.Behaviour{SourceOrder: []string{"static", "pnp"}, PnPWait: 2 * time.Second, Macros: "off", TFTPSends: 5}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Error(diff)
	}
}

func TestBehaviourFileErrors(t *testing.T) {
	for body, want := range map[string]string{
		"":                                "b.yaml:1:1: empty",
		"version: 2\n":                    "b.yaml:1:1: version 2",
		"blank: keep\n":                   "b.yaml:1:1: no version",
		"version: 1\nblnak: keep\n":       `b.yaml:2:1: no option of the phone is called "blnak"`,
		"version: 1\nblank: perhaps\n":    `b.yaml:2:1: option blank: "perhaps" is none of keep, default`,
		"version: 1\npnp_wait: -5\n":      "b.yaml:2:1: option pnp_wait",
		"- a\n- b\n":                      "b.yaml:1:1: want lines of name: value",
		"version: 1\nsource_order: [a]\n": `b.yaml:2:1: option source_order: "a" is none of pnp, dhcp, static`,
		"version: 1\ntftp_blksize: 70000": "b.yaml:2:1: option tftp_blksize",
		"version: 1\n\tblank: keep":       "b.yaml: ",
	} {
		var b device.Behaviour
		if err := b.ReadFile("b.yaml", []byte(body)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q…", body, err, want)
		}
	}
}

// Twelve zeros are the common files' (Guide, "Boot Files"), and the first byte's lowest
// bit marks a group (IEEE 802 §8.2).
func TestMACCheck(t *testing.T) {
	for text, ok := range map[string]bool{
		"0021f2000001": true, "0221f2000000": true, "000000000000": false, "ffffffffffff": false, "01005e00014b": false,
	} {
		m, err := device.ParseMAC(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
