// Package fipsim_test holds what concerns the module as a whole: which room may
// import which, and that others can import it.
package fipsim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fipsim/fipsim"

// A room is a folder of packages, with those below it. What is not in its list, it
// does not import; why says what that keeps true. ARCHITECTURE.md has the picture.
type room struct {
	path string
	may  string // rooms, separated by spaces
	why  string
}

// phoneRooms is what a phone is made of.
const phoneRooms = "device config discover fetch tftp trace wire"

// all is every room of simulator that a test bench may use.
const all = phoneRooms + " phone server faulty fleet verdict"

// rooms is the table of rooms. The first whose path fits counts.
var rooms = []room{
	{"simulator/device", "",
		"device is the vocabulary: every other room imports it, so it can import none"},
	{"simulator/verdict", "",
		"a verdict is about a server under test; it knows no phone, and a phone knows no verdict"},
	{"simulator/trace", "device",
		"events are made by all rooms and read by all watchers; if trace knew one of them, that one could not be traced"},
	{"simulator/config", "device",
		"config is pure: text in, settings and findings out, the same for a phone, a capture and a folder on disk"},
	{"simulator/tftp", "",
		"tftp is a packet codec; client, server and the faulty server are built on it, and must not share more"},
	{"simulator/wire", "",
		"wire is the network below all protocols: the tap sees datagrams, whoever sent them"},
	{"simulator/discover", "device trace wire",
		"finding a server ends with its address; fetching from it is the pass's affair"},
	{"simulator/fetch", "device trace wire tftp",
		"a fetcher moves bytes and knows nothing of what they mean"},
	{"simulator/phone", phoneRooms,
		"a phone judges nobody, and works against any server: ours must not be part of it"},
	{"simulator/server", "device trace wire tftp",
		"the reference server must not share the phone's reading of the guide, or both would be wrong together"},
	{"simulator/faulty", "device server tftp wire",
		"a fault is made below the phone's reading of it; of a phone it knows the MAC"},
	{"simulator/fleet", phoneRooms + " phone scenarios verdict",
		"a fleet is phones and a target; it must not know which server stands there"},
	{"simulator/web", phoneRooms + " phone fleet",
		"pages show what there is; nothing works only with a page"},
	{"simulator/testbed", "wire",
		"the testbed's servers are real; whatever of ours was in it would be tested against itself"},
	{"scenarios", "device config trace",
		"a scenario is data that a phone, a fleet and a capture all can be held against"},
	{"features", "",
		"features are text"},
	{"docs", "",
		"documents are text, for people; the package only reads them, for tests"},
	{"steps/steptest", "steps verdict",
		"steptest is what a server's own go test imports, and nothing else does"},
	{"steps", all + " scenarios features",
		"the suite judges by events, never by a page"},
	{"pcaps", "device config discover fetch tftp trace wire phone server faulty verdict scenarios",
		"a capture is one phone's story: no fleet, no page"},
	{"cmd", all + " web scenarios features steps pcaps",
		"cmd puts everything together; what only tests use is not for it"},
}

// ends are the rooms that only some may import, whatever the table above says: their
// importers would drag a command's worth of code into a library.
var ends = map[string]string{
	"steps":   "nothing imports steps but cmd",
	"pcaps":   "nothing imports pcaps but cmd",
	"cmd":     "nothing imports cmd",
	"testbed": "nothing imports testbed but tests",
	"docs":    "nothing imports docs but tests",
}

// outsiders are packages from elsewhere that belong into some rooms only.
var outsiders = []struct {
	path, rooms, why string
}{
	{"flag", "cmd", "flags are read in cmd only; below it values are passed"},
	{"github.com/alecthomas/kong", "cmd", "flags are read in cmd only; below it values are passed"},
	{"testing", "testbed steptest", "what users run holds no test code"},
	{"log", "server faulty web pcaps", "what happens is an event of package trace; only http.Server.ErrorLog wants a logger"},
	{"log/slog", "", "what happens is an event of package trace: nothing reads logs"},
	{"net/http", "fetch server faulty web testbed fleet pcaps steps cmd", "one room speaks HTTP for the phone: fetch"},
	{"os/exec", "testbed steps scenarios cmd", "a phone runs no programs"},
	{"github.com/pin/tftp/v3", "server faulty", "the phone's TFTP client is ours: its packets are the phone's signature"},
	{"github.com/google/gopacket", "", "it cannot read what tcpdump -i any writes; github.com/gopacket/gopacket can"},
}

// name is what the table calls a room: the last element of its path.
func (r room) name() string { return r.path[strings.LastIndex(r.path, "/")+1:] }

// roomOf finds the room of a package of the module.
func roomOf(importPath string) (room, bool) {
	rel := strings.TrimPrefix(importPath, module+"/")
	i := slices.IndexFunc(rooms, func(r room) bool { return rel == r.path || strings.HasPrefix(rel, r.path+"/") })
	if i < 0 {
		return room{}, false
	}
	return rooms[i], true
}

// goPackage is what the test reads of go list's output. Imports of tests are not in it.
type goPackage struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
}

// packages lists the module's packages as they are on a system, those that do not compile
// included: that is for the compiler to tell.
func packages(t *testing.T, system string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,GoFiles,Imports", "./...")
	cmd.Env = append(cmd.Environ(), "GOOS="+system, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var found []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 { // else: tests only
			found = append(found, p)
		}
	}
}

// forbidden says why a package of room from may not import path, "" if it may.
func forbidden(from room, path string) string {
	if !strings.HasPrefix(path, module+"/") {
		for _, o := range outsiders {
			if path == o.path && !slices.Contains(strings.Fields(o.rooms), from.name()) {
				return o.why
			}
		}
		return ""
	}
	to, ok := roomOf(path)
	switch {
	case !ok:
		return "it is in no room of the table"
	case from.path == to.path, slices.Contains(strings.Fields(from.may), to.name()):
		return ""
	case ends[to.name()] != "":
		return ends[to.name()]
	}
	return from.why
}

// Every import of the module, on any system, is an arrow of the table, and no room of the
// table is empty.
func TestArrows(t *testing.T) {
	for _, system := range []string{"linux", "darwin", "windows"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			used := make(map[string]bool)
			for _, p := range packages(t, system) {
				from, ok := roomOf(p.ImportPath)
				if !ok {
					t.Errorf("%s is in no room: give it a line in this table and in ARCHITECTURE.md", p.ImportPath)
					continue
				}
				used[from.path] = true
				for _, path := range p.Imports {
					if why := forbidden(from, path); why != "" {
						t.Errorf("%s imports %s: %s", p.ImportPath, path, why)
					}
				}
			}
			for _, r := range rooms {
				if !used[r.path] && system == "linux" { // the testbed is nowhere else
					t.Errorf("%s is in the table, and there is no such room", r.path)
				}
			}
		})
	}
}

// The table says no where it should: an arrow of each kind, with its reason.
func TestForbiddenArrows(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"simulator/phone", module + "/simulator/verdict",
			"a phone judges nobody, and works against any server: ours must not be part of it"},
		{"simulator/phone", module + "/simulator/fetch", ""},
		{"simulator/phone", module + "/simulator/phone/sub", ""},
		{"simulator/config", module + "/simulator/trace",
			"config is pure: text in, settings and findings out, the same for a phone, a capture and a folder on disk"},
		{"simulator/fleet", module + "/simulator/testbed", "nothing imports testbed but tests"},
		{"steps/report", module + "/pcaps", "nothing imports pcaps but cmd"},
		{"cmd/fipsim", module + "/steps", ""},
		{"cmd/fipsim", module + "/simulator/testbed", "nothing imports testbed but tests"},
		{"cmd/fipsim", module + "/attic", "it is in no room of the table"},
		{"simulator/fetch", "flag", "flags are read in cmd only; below it values are passed"},
		{"simulator/fetch", "net/http", ""},
		{"simulator/phone", "net/http", "one room speaks HTTP for the phone: fetch"},
		{"cmd/fipsim", "github.com/alecthomas/kong", ""},
	} {
		from, ok := roomOf(module + "/" + c.from)
		if !ok {
			t.Errorf("%s is in no room", c.from)
			continue
		}
		if got := forbidden(from, c.to); got != c.want {
			t.Errorf("%s imports %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// No two rooms have one name, and each name that the table allows is a room's.
func TestTableOfRooms(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rooms {
		if names[r.name()] {
			t.Errorf("two rooms are called %s", r.name())
		}
		names[r.name()] = true
		if r.why == "" {
			t.Errorf("%s gives no reason", r.path)
		}
	}
	for _, r := range rooms {
		for _, may := range strings.Fields(r.may) {
			if !names[may] {
				t.Errorf("%s may import %s, which is no room", r.path, may)
			}
		}
	}
	for _, o := range outsiders {
		for _, may := range strings.Fields(o.rooms) {
			if !names[may] {
				t.Errorf("%s is for %s, which is no room", o.path, may)
			}
		}
	}
}
