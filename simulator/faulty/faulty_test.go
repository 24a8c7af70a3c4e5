package faulty_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/simulator/faulty"
)

// Every fault has a name of its own, and says what it is.
func TestTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range faulty.All() {
		if seen[f.Name] {
			t.Errorf("two faults are called %s", f.Name)
		}
		seen[f.Name] = true
		if f.Clause == "" || f.Doc == "" || !strings.HasPrefix(f.Name, f.Protocol+"/") {
			t.Errorf("%s: a fault has a protocol, a clause and a sentence: %+v", f.Name, f)
		}
		if found, err := faulty.Find(f.Name); err != nil || found.Name != f.Name {
			t.Errorf("Find(%q) = %v, %v", f.Name, found.Name, err)
		}
	}
}

func TestFindUnknown(t *testing.T) {
	_, err := faulty.Find("tftp/nonsense")
	if err == nil || !strings.Contains(err.Error(), "tftp/miss-silence") || strings.Contains(err.Error(), "http/") {
		t.Errorf("the error should list the faults of the protocol: %v", err)
	}
}

// The clauses that concern more than one protocol have faults at two of them, and all
// have two.
func TestClauses(t *testing.T) {
	one := map[faulty.Clause]string{ // clauses of one protocol
		faulty.Negotiation: "tftp", faulty.TID: "tftp", faulty.BlockWrap: "tftp",
		faulty.BadCertificate: "https", faulty.OldTLS: "https", faulty.TooModern: "https",
		faulty.DataConnection: "ftp", faulty.LenientPnP: "pnp", faulty.LenientDHCP: "dhcp", faulty.CheckSyncFaults: "checksync",
	}
	protocols := make(map[faulty.Clause]map[string]int)
	for _, f := range faulty.All() {
		if protocols[f.Clause] == nil {
			protocols[f.Clause] = make(map[string]int)
		}
		protocols[f.Clause][f.Protocol]++
	}
	for clause, by := range protocols {
		total := 0
		for _, n := range by {
			total += n
		}
		if total < 2 {
			t.Errorf("%s: one fault only", clause)
		}
		if want := one[clause]; want != "" && (len(by) != 1 || by[want] == 0) {
			t.Errorf("%s: a clause of %s alone: %v", clause, want, by)
		} else if want == "" && len(by) < 2 {
			t.Errorf("%s: want faults at two protocols: %v", clause, by)
		}
	}
}

// curl gets every size over every protocol from the server without a fault.
func TestWithoutFault(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed: nothing independent to fetch with")
	}
	tree := fstest.MapFS{}
	for name, size := range map[string]int{"empty": 0, "one": 1, "511": 511, "512": 512, "513": 513, "big": 3 << 20} {
		tree["a folder/"+name] = &fstest.MapFile{Data: []byte(strings.Repeat("0123456789abcdef\n", size/17+1)[:size])}
	}
	s, err := faulty.Start(t.Context(), faulty.Fault{}, tree)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for scheme, base := range s.URLs() {
		for name, file := range tree {
			u := base.JoinPath(name)
			got, err := exec.CommandContext(t.Context(), curl, "-sS", "-k", "--max-time", "30", u.String()).Output()
			if err != nil || string(got) != string(file.Data) {
				t.Errorf("%s: %s: %d bytes came, want %d: %v", scheme, name, len(got), len(file.Data), err)
			}
		}
		if scheme == "tftp" {
			continue
		}
		guarded := *s.Guarded()[scheme]
		guarded.User = nil
		if out, err := exec.CommandContext(t.Context(), curl, "-sSfk", guarded.JoinPath("a folder/one").String()).Output(); err == nil {
			t.Errorf("%s: without a password came %q", scheme, out)
		}
	}
}

// A fault shows, and only at its own position.
func TestPosition(t *testing.T) {
	f, err := faulty.Find("http/compressed-xml")
	if err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{"a.xml": {Data: []byte("<x/>")}, "a.cfg": {Data: []byte("k=v\n")}}
	s, err := faulty.Start(t.Context(), f, tree)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(s.URLs()) != 1 {
		t.Errorf("a fault of one protocol is served over %v", s.URLs())
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	for name, changed := range map[string]bool{"a.xml": true, "a.cfg": false} {
		res, err := client.Get(s.URLs()["http"].JoinPath(name).String())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || (string(body) != string(tree[name].Data)) != changed {
			t.Errorf("%s: came %q, %v; want it changed: %v", name, body, err, changed)
		}
	}
	client.CloseIdleConnections()
}
