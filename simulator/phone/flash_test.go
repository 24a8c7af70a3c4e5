package phone_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/phone"
)

func settings(t *testing.T, body string) *config.Settings {
	t.Helper()
	cfg, err := config.ParseCfg("some.cfg", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	s := new(config.Settings)
	s.Merge(cfg)
	return s
}

func TestFolderKeepsSettings(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	flash, err := phone.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := flash.Load()
	if err != nil || empty.Settings.Len() != 0 {
		t.Fatalf("a new flash: %v, %v", empty, err)
	}
	want := settings(t, "a.x=1\naccount.1.password=p#w=1001\\x\n")
	if err := flash.Store(phone.State{Settings: want}); err != nil {
		t.Fatal(err)
	}
	again, err := phone.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.Load()
	if err != nil {
		t.Fatal(err)
	}
	if changes := got.Settings.Diff(want); len(changes) != 0 {
		t.Errorf("changed on flash: %v", changes)
	}
	if diff := cmp.Diff(want.Explain("a.x"), got.Settings.Explain("a.x")); diff != "" {
		t.Errorf("provenance (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, "settings.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("settings hold passwords: mode %v, %v", info.Mode(), err)
	}
}

func TestFolderGarbage(t *testing.T) {
	for body, want := range map[string]string{
		"\x00\xff":                              "settings.json:1: not a phone's flash",
		"{\n\"format\": 7}":                     "settings.json:2: not a phone's flash",
		"{}":                                    "settings.json:1: format",
		`{"format":"fipsim-flash"}`:             "settings.json:1: format",
		`{"format":"fipsim-flash","ver`:         "settings.json:1: not a phone's flash",
		`{"format":"fipsim-flash","version":2}`: "version 2",
		`{"format":"fipsim-flash","version":1,"settings":null}`: "settings.json:1: not a phone's flash: it holds no settings",
		`{"format":"fipsim-flash","version":1,"settings":{}}`:   "settings.json:1: not a phone's flash",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		flash, err := phone.OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := flash.Load(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%q: %v, want %q and what to do", body, err, want)
		}
	}
}

// A process killed while it writes leaves a half file beside the whole one.
func TestFolderSweepsHalfFiles(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, ".settings.json.half-123")
	if err := os.WriteFile(half, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	flash, err := phone.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := flash.Load(); err != nil || s.Settings.Len() != 0 {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("the half file is still there: %v", err)
	}
}

func TestFolderResource(t *testing.T) {
	dir := t.TempDir()
	flash, err := phone.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := flash.StoreResource("local_contact.data.url", []byte("<a/>")); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "resources", "local_contact.data.url")); err != nil || string(got) != "<a/>" {
		t.Errorf("%q, %v", got, err)
	}
	for _, key := range []string{"../escape", "a/b", "..", ""} {
		if err := flash.StoreResource(key, nil); err == nil {
			t.Errorf("%q was taken for a setting's name", key)
		}
	}
}
