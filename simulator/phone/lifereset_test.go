package phone_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/phone"
)

// Clearing a folder takes settings and resources, and leaves the firmware.
func TestFolderClear(t *testing.T) {
	dir := t.TempDir()
	flash, err := phone.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := flash.Store(phone.State{Settings: settings(t, "a.b=1\n"), Firmware: "V0.6"}); err != nil {
		t.Fatal(err)
	}
	if err := flash.StoreResource("local_contact.data.url", []byte("<a/>")); err != nil {
		t.Fatal(err)
	}
	if err := flash.Clear(phone.State{Settings: new(config.Settings), Firmware: "V0.6"}); err != nil {
		t.Fatal(err)
	}
	held, err := flash.Load()
	if err != nil || held.Settings.Len() != 0 || held.Firmware != "V0.6" {
		t.Errorf("%d settings, firmware %q, %v", held.Settings.Len(), held.Firmware, err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "resources"))
	if err != nil || len(left) != 0 {
		t.Errorf("resources %v, %v", left, err)
	}
}
