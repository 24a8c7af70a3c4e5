package phone_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/discover"
	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/phone"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// takesContent are the attacks that a phone provisions from all the same: what is good
// in their files is used, and what is bad is told.
var takesContent = map[string]bool{
	"content-include-escape": true, "content-escapes": true, "content-flash-escape": true, "content-entity-bomb": true, "content-external-entity": true,
	"content-deep-phonebook": true, "content-file-resource": true, "content-bystander-resource": true,
	"content-many-settings": true, "content-long-line": true, "content-includes-itself": true,
	"pnp-ok-flood": true, "pnp-many-urls": true,
	"dns-alias-chain": true, "dns-turned": true,
	"dhcp-zero-lease": true, "dhcp-times-crossed": true, "dhcp-broken-values": true, "dhcp-huge": true, "dhcp-lease-turns": true,
}

// mayBeLost are floods in which the good answer may be lost, as it may be not.
var mayBeLost = map[string]bool{"pnp-ok-flood": true, "dhcp-offer-flood": true}

// A phone with credentials in its URL and a flash of its own meets the worst servers: it
// ends in its time, says what was wrong in clean words, keeps what it had, writes
// nowhere else, and tells its credentials to nobody else.
func TestHostileServers(t *testing.T) {
	const password = "sunflower" // no other text has it
	for _, attack := range hostile.All() {
		if attack.Scheme == "sip" {
			continue // a life, not a pass: see TestHostileRegistrars
		}
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			at := s.URL()
			if !strings.HasPrefix(attack.Name, "content-") && attack.Scheme != "tftp" {
				at.User = url.UserPassword("alice", password)
			}
			home := t.TempDir()
			if attack.Scheme == "dns" {
				at = s.Named()
				at.User = url.UserPassword("alice", password)
			}
			p, events := victim(t, at, filepath.Join(home, "flash"), wire.OS{Resolver: s.Resolver()})
			outcome, err := p.Provision(t.Context(), device.PowerOn)
			switch taken := takesContent[attack.Name]; {
			case mayBeLost[attack.Name] && err == nil:
			case taken && err != nil:
				t.Errorf("%s: %v; what is good in the files is used", outcome, err)
			case !taken && (err == nil || phone.FaultOf(err) == trace.LocalFailure):
				t.Errorf("%s: %v; want that the server is named as the one at fault", outcome, err)
			}
			checkWords(t, events, err, password)
			checkFolders(t, home)
			checkBystander(t, s, password)
		})
	}
}

// checkBystander holds that another host is told no credentials, and that nothing at all
// goes there but requests for files that a server named there.
func checkBystander(t *testing.T, s *hostile.Server, password string) {
	t.Helper()
	n, told := s.Reached()
	if strings.Contains(told, "Authorization") || strings.Contains(told, password) {
		t.Errorf("another host was told the credentials, in %d connections: %q", n, told)
	}
	if heard := s.Heard(); strings.Contains(heard, password) || strings.Contains(heard, base64.StdEncoding.EncodeToString([]byte("alice:"+password))) {
		t.Errorf("the server was told the password in the clear: %q", heard)
	}
	named := strings.HasPrefix(s.Attack.Name, "http-") || strings.HasPrefix(s.Attack.Name, "content-") || strings.HasSuffix(s.Attack.Name, "-url")
	if n > 0 && !named {
		t.Errorf("the phone turned to a host that it was not given, %d times: %q", n, told)
	}
}

// victim is a phone in a hurry, for the tests' sake: with seconds where the real one has
// minutes. Its flash has the password of a server of its own.
func victim(t *testing.T, at *url.URL, flash string, network wire.Network) (*phone.Phone, *trace.Recorder) {
	t.Helper()
	folder, err := phone.OpenFolder(flash)
	if err != nil {
		t.Fatal(err)
	}
	held := new(config.Settings)
	cfg, err := config.ParseCfg("held.cfg", []byte("static.auto_provision.server.url=http://127.0.0.3/\n"+
		"static.auto_provision.server.username=alice\nstatic.auto_provision.server.password=sunflower\n"))
	if err != nil {
		t.Fatal(err)
	}
	held.Merge(cfg)
	events := new(trace.Recorder)
	o := phone.Options{
		Behaviour: device.Behaviour{
			PassTime: 4 * time.Second, TFTPResend: 300 * time.Millisecond, TFTPAckResend: 300 * time.Millisecond, TFTPSends: 2,
			PnPWait: 2 * time.Second, PnPLinger: 300 * time.Millisecond, DHCPWait: 3 * time.Second,
		},
		Network: network, Flash: folder, Trace: trace.NewStream(device.DefaultMAC, events),
	}
	if at.Scheme == "http" && at.User == nil {
		o.Behaviour.PassTime = time.Minute // content is no matter of waiting
	}
	switch at.Scheme {
	case "pnp":
		err = folder.Store(phone.State{Settings: held})
		o.Finders = map[string]discover.Finder{"pnp": discover.PnP{Address: at.Host, Behaviour: o.Behaviour, Trace: o.Trace}}
	case "dhcp":
		err = folder.Store(phone.State{Settings: held})
		relay, failed := discover.ListenRelay(t.Context(), discover.RelayOptions{Server: at.Host})
		if failed != nil {
			t.Fatal(failed)
		}
		t.Cleanup(func() { relay.Close() })
		o.Finders = map[string]discover.Finder{"dhcp": discover.DHCP{Transport: relay, Behaviour: o.Behaviour, Trace: o.Trace}}
	default:
		o.Finders = map[string]discover.Finder{"static": discover.Static{URL: at.String()}}
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := phone.New(o)
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
