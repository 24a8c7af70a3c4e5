package phone_test

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
)

// takesContent are the attacks that a phone provisions from all the same: what is good
// in their files is used, and what is bad is told.
var takesContent = map[string]bool{
	"content-include-escape": true, "content-escapes": true, "content-flash-escape": true, "content-entity-bomb": true, "content-external-entity": true,
	"content-deep-phonebook": true, "content-file-resource": true, "content-bystander-resource": true,
	"content-many-settings": true, "content-long-line": true, "content-includes-itself": true,
}

// A phone with credentials in its URL and a flash of its own meets the worst servers: it
// ends in its time, says what was wrong in clean words, keeps what it had, writes
// nowhere else, and tells its credentials to nobody else.
func TestHostileServers(t *testing.T) {
	for _, attack := range hostile.All() {
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			at := s.URL()
			const password = "sunflower" // no other text has it
			if !strings.HasPrefix(attack.Name, "content-") && attack.Scheme != "tftp" {
				at.User = url.UserPassword("alice", password)
			}
			home := t.TempDir()
			p, events := victim(t, at, filepath.Join(home, "flash"))
			outcome, err := p.Provision(t.Context(), device.PowerOn)
			switch taken := takesContent[attack.Name]; {
			case taken && err != nil:
				t.Errorf("%s: %v; what is good in the files is used", outcome, err)
			case !taken && (err == nil || phone.FaultOf(err) == trace.LocalFailure):
				t.Errorf("%s: %v; want that the server is named as the one at fault", outcome, err)
			}
			checkWords(t, events, err, password)
			checkFolders(t, home)
			if n, told := s.Reached(); strings.Contains(told, "Authorization") || strings.Contains(told, password) {
				t.Errorf("another host was told the credentials, in %d connections: %q", n, told)
			} else if n > 0 && strings.HasPrefix(attack.Name, "ftp-") {
				t.Errorf("the phone connected to a host that it was not given")
			}
		})
	}
}

// victim is a phone in a hurry, for the tests' sake: with seconds where the real one has
// minutes.
func victim(t *testing.T, at *url.URL, flash string) (*phone.Phone, *trace.Recorder) {
	t.Helper()
	folder, err := phone.OpenFolder(flash)
	if err != nil {
		t.Fatal(err)
	}
	events := new(trace.Recorder)
	p, err := phone.New(phone.Options{
		Behaviour: device.Behaviour{
			PassTime: 4 * time.Second, TFTPResend: 300 * time.Millisecond, TFTPAckResend: 300 * time.Millisecond, TFTPSends: 2,
		},
		Flash: folder, Trace: trace.NewStream(device.DefaultMAC, events),
		Finders: map[string]discover.Finder{"static": discover.Static{URL: at.String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, events
}

// checkWords holds that nothing which is shown can drive a terminal, or gives a secret away.
func checkWords(t *testing.T, events *trace.Recorder, err error, password string) {
	t.Helper()
	words := []string{""}
	if err != nil {
		words[0] = err.Error()
	}
	for _, e := range events.Events() {
		words = append(words, e.Detail, e.Name, e.URL)
	}
	for _, w := range words {
		switch {
		case strings.ContainsAny(w, "\x1b\a\u202e\r"):
			t.Errorf("a terminal would obey %q", w)
		case strings.Contains(w, password):
			t.Errorf("the password is told: %q", w)
		case len(w) > 4096:
			t.Errorf("%d bytes in one line: %q…", len(w), w[:200])
		}
	}
}

// checkFolders holds that the phone wrote in its flash folder alone.
func checkFolders(t *testing.T, home string) {
	t.Helper()
	err := filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		inside, _ := filepath.Rel(filepath.Join(home, "flash"), path)
		if err == nil && !entry.IsDir() && strings.HasPrefix(inside, "..") {
			t.Errorf("%s was written outside of the flash", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("/etc/escaped"); !errors.Is(err, fs.ErrNotExist) && runtime.GOOS != "windows" {
		t.Error("/etc/escaped was written")
	}
}
