package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// A phone's pass, captured, extracted and done again from the capture alone, gives the
// same settings: over each protocol, and however the phone found its server.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		for _, discovery := range []string{"PnP", "DHCP"} {
			t.Run(scheme+" by "+discovery, func(t *testing.T) {
				if testing.Short() && scheme != "tftp" {
					t.Skip("each judges a server by what was extracted; one protocol shows the way")
				}
				t.Parallel()
				roundTrip(t, scheme, discovery)
			})
		}
	}
}

func roundTrip(t *testing.T, scheme, discovery string) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	const free = "127.0.0.1:0"
	s, err := server.Start(t.Context(), server.Options{TFTP: free, FTP: free, HTTP: free, HTTPS: free})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.SetTree(scenarios.Sample(s.URLs()))
	told := func(device.MAC) string { return s.URL(scheme).String() }
	how := announceBy(t, discovery, told)

	out := execute(t, verdict.ExitOK, append([]string{"phone", "--mac", "0021f2000042", "--insecure", "--pcap", at("own.pcapng"),
		"--settings", at("own.cfg")}, how...)...)
	if !strings.Contains(out, strings.ToLower(discovery)+" names the server") {
		t.Errorf("found otherwise:\n%s", out)
	}
	_ = s.Close() // what follows has the capture only
	execute(t, verdict.ExitOK, "pcap", "extract", at("own.pcapng"), "--out", at("field"))
	own, err := os.ReadFile(at("own.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	expected, err := os.ReadFile(filepath.Join(at("field"), "expect", "0021f2000042.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(own), string(expected)); diff != "" {
		t.Errorf("what the phone held, and what was extracted:\n%s", diff)
	}
	if out := execute(t, verdict.ExitOK, "pcap", "replay", at("own.pcapng")); !strings.Contains(out, "0021f2000042: provisioned\n0 differences\n") {
		t.Errorf("replay:\n%s", out)
	}
	if out := execute(t, verdict.ExitOK, "check", "--scenario", at("field"), "--rule", "field"); !strings.Contains(out, "scenarios  4 passed") {
		t.Errorf("check:\n%s", out)
	}
}

// announceBy starts what tells phones of a server, and returns the flags with which a
// phone finds it.
func announceBy(t *testing.T, discovery string, told func(device.MAC) string) []string {
	t.Helper()
	if discovery == "PnP" {
		p, err := server.ListenPnP(t.Context(), server.PnPOptions{URL: told})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Close() })
		return []string{"--pnp-address", p.Addr().String()}
	}
	d, err := server.ListenDHCP(t.Context(), server.DHCPOptions{Option66: told})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return []string{"--dhcp-relay", d.Addr().String()}
}

// execute runs the command in this process, and returns what it printed.
func execute(t *testing.T, want int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	if exit := a.run(args); exit != want {
		t.Fatalf("fipsim %s: exit %d, want %d\n%s%s", strings.Join(args, " "), exit, want, &stdout, &stderr)
	}
	return stdout.String()
}
