package phone_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

func TestOutcomes(t *testing.T) {
	url := publish(t, tree{"y000000000000.cfg": "a.x=1\n"})
	p, _, outcome, err := boot(t, url)
	if outcome != device.Provisioned || err != nil {
		t.Errorf("first pass: %s, %v", outcome, err)
	}
	outcome, err = p.Provision(t.Context(), device.Interval)
	if outcome != device.Unchanged || err != nil {
		t.Errorf("second pass: %s, %v", outcome, err)
	}
	_, _, outcome, err = boot(t, publish(t, tree{"other.cfg": "a.x=1\n"}))
	if outcome != device.NothingFound || phone.FaultOf(err) != trace.NothingFound {
		t.Errorf("an empty server: %s, %v", outcome, err)
	}
	_, _, outcome, err = boot(t, "gopher://example.test/")
	if outcome != device.Failed || phone.FaultOf(err) != trace.BadURL {
		t.Errorf("an unknown scheme: %s, %v", outcome, err)
	}
}

// "Everything else: the pass fails, nothing is applied, what the phone had stays."
func TestFailureKeepsSettings(t *testing.T) {
	dir := strings.TrimPrefix(publish(t, tree{"y000000000000.cfg": "a.x=1\n", "0021f2000001.cfg": "a.y=1\n"}), "file://")
	p, _, _, err := boot(t, "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("y000000000000.cfg", "a.x=2\n")
	write("0021f2000001.cfg", "\x00\x01\x02\x03 encrypted \x00")
	outcome, err := p.Provision(t.Context(), device.Interval)
	if outcome != device.Failed || phone.FaultOf(err) != trace.BadContent {
		t.Errorf("a cfg file that is no text: %s, %v", outcome, err)
	}
	if diff := cmp.Diff([]string{"a.x=1", "a.y=1"}, held(p)); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if changed := p.Last().Changed; len(changed) != 0 {
		t.Errorf("the report says that %v changed", changed)
	}
}

// Settings that no file mentions stay (Guide: updated configurations).
func TestSettingsNotMentionedStay(t *testing.T) {
	dir := strings.TrimPrefix(publish(t, tree{"y000000000000.cfg": "a.x=1\na.y=1\n"}), "file://")
	p, _, _, err := boot(t, "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y000000000000.cfg"), []byte("a.x=2\na.y=\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Provision(t.Context(), device.Interval); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.x=2", "a.y=1"}, held(p)); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestResources(t *testing.T) {
	files := tree{
		"book.xml": "<?xml version=\"1.0\"?><Directory><DirectoryEntry><Name>A</Name></DirectoryEntry><DirectoryEntry/></Directory>",
		"bad.xml":  "<Directory><DirectoryEntry></Directory>",
	}
	url := publish(t, files)
	files["y000000000000.cfg"] = "local_contact.data.url=" + url + "book.xml\nremote_phonebook.data.1.url=" + url +
		"bad.xml\nremote_phonebook.data.2.url=" + url + "gone.xml\na.x=1\n"
	p, _, outcome, err := boot(t, publish(t, files))
	if outcome != device.Provisioned || err != nil {
		t.Fatalf("%s, %v: a missing resource never undoes the settings", outcome, err)
	}
	got := p.Last().Resources
	if len(got) != 3 {
		t.Fatalf("resources %v", got)
	}
	if got[0].Err != nil || got[0].Entries != 2 {
		t.Errorf("a phonebook of two entries: %+v", got[0])
	}
	if phone.FaultOf(got[1].Err) != trace.BadContent || !strings.Contains(got[1].Err.Error(), "line 1") {
		t.Errorf("a phonebook that is not well-formed: %v", got[1].Err)
	}
	if !errors.Is(got[2].Err, fetch.ErrNotFound) {
		t.Errorf("a missing phonebook: %v", got[2].Err)
	}
}

func TestRebootNeeded(t *testing.T) {
	url := publish(t, tree{"y000000000000.cfg": "static.network.vlan.internet_port_vid=7\na.x=1\n"})
	p, _, _, err := boot(t, url)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"static.network.vlan.internet_port_vid"}, p.Last().Reboot); diff != "" {
		t.Errorf("needs a reboot (-want +got):\n%s", diff)
	}
	if _, err := p.Provision(t.Context(), device.Interval); err != nil || len(p.Last().Reboot) != 0 {
		t.Errorf("the same settings again: reboot for %v, %v", p.Last().Reboot, err)
	}
}
