package main

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// hostilePassword is what must not be told; no other text has it.
const hostilePassword = "sunflower"

// eachHostile starts the attacks that are wanted. Those on the way to files are the last of all, and keep a suite waiting longest:
// they begin.
func eachHostile(t *testing.T, want func(hostile.Attack) bool, meet func(t *testing.T, s *hostile.Server)) {
	t.Helper()
	for _, attack := range slices.Backward(hostile.All()) {
		if !want(attack) {
			continue
		}
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			meet(t, s)
		})
	}
}

// The suite and its reports meet the worst servers: it ends by itself, never finds them
// good, and lets nothing of theirs at the reader's terminal or browser.
func TestCheckHostileServers(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of servers are judged that mostly keep it waiting: a minute or two")
	}
	t.Parallel()
	// Registrars are no servers to judge; what name servers do to the suite is package steps' to test.
	want := func(a hostile.Attack) bool { return a.Scheme != "sip" && a.Scheme != "dns" }
	eachHostile(t, want, func(t *testing.T, s *hostile.Server) {
		at := s.URL()
		switch at.Scheme {
		case "pnp", "dhcp": // the files are good ones
			checkHostile(t, goodServer(t), []string{at.Scheme + ": " + at.Host}, "@needs-"+at.Scheme)
		case "tftp":
			checkHostile(t, at.String(), nil, "", "--behaviour", "max_cfg=1000000") // of a file without end
		default:
			at.User = url.UserPassword("alice", hostilePassword)
			checkHostile(t, at.String(), nil, "")
		}
	})
}

// goodServer serves one phone's file, and returns its URL.
func goodServer(t *testing.T) string {
	t.Helper()
	s, err := server.Start(t.Context(), server.Options{
		Tree: fstest.MapFS{"0021f2000001.cfg": {Data: []byte("phone_setting.wanted=0\n"), Mode: 0o644}}, HTTP: "127.0.0.1:0",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL("http").String()
}

func checkHostile(t *testing.T, at string, capabilities []string, tags string, more ...string) {
	t.Helper()
	dir := t.TempDir()
	target := filepath.Join(dir, "target.yaml")
	for name, text := range map[string]string{
		target: "version: 1\nkind: live\nurls: [" + at + "]\nphones:\n  - {mac: 0021f2000001, expect: want.cfg}\n" +
			"capabilities: [{" + strings.Join(capabilities, "}, {") + "}]\n",
		// What none of them publishes.
		filepath.Join(dir, "want.cfg"): "phone_setting.wanted=1\n",
	} {
		if len(capabilities) == 0 {
			text = strings.Replace(text, "capabilities: [{}]\n", "", 1)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	html, json := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.json")
	args := []string{
		"check", "--target", target, "--intrusive", "--insecure", "--max-rate", "200", "--seed", "1",
		"--behaviour", "pass_time=5s", "--behaviour", "max_resource=8000000", "--report", "html=" + html, "--report", "json=" + json,
	}
	args = append(args, more...)
	if tags != "" {
		args = append(args, "--tags", tags, "--behaviour", "pnp_wait=1s", "--behaviour", "dhcp_wait=2s")
	}
	status, told := runHostile(t, args...)
	if status == verdict.ExitOK || status == verdict.ExitUsage {
		t.Errorf("exit status %d:\n%s", status, told)
	}
	checkTold(t, map[string]string{"output": told, "html": fileText(t, html), "json": fileText(t, json)})
}

// runHostile runs the command, and returns its exit status and all that it said.
func runHostile(t *testing.T, args ...string) (status int, told string) {
	t.Helper()
	// What has not ended by then hangs.
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	start := time.Now()
	a := &app{ctx: ctx, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	status = a.run(args)
	told = stdout.String() + stderr.String()
	t.Logf("%s: exit %d after %.1fs: %s", strings.Join(args[:2], " "), status, time.Since(start).Seconds(), lastLine(told))
	if ctx.Err() != nil {
		t.Errorf("%s did not end by itself", args[0])
	}
	return status, told
}

// checkTold holds that nothing drives a terminal or a browser, or tells the password.
func checkTold(t *testing.T, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		if strings.ContainsAny(text, "\x1b\a\u202e") || strings.Contains(text, "<script>alert") && name == "html" {
			t.Errorf("%s lets through what the server sent", name)
		}
		if strings.Contains(text, "runtime error") || strings.Contains(text, "goroutine ") {
			t.Errorf("%s tells of a panic: %s", name, text)
		}
		if strings.Contains(text, hostilePassword) {
			t.Errorf("%s has the password", name)
		}
	}
}

// A phone meets what attacks on the way to its files, a load does, and the capture of
// the phone is shown and extracted: each ends by itself, and nothing gets through.
func TestHostileDiscovery(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of servers are met that mostly keep it waiting: half a minute")
	}
	t.Parallel()
	ways := map[string]string{"pnp": "--pnp-address", "dhcp": "--dhcp-relay"}
	hurry := []string{"--behaviour", "pass_time=4s", "--behaviour", "pnp_wait=1s", "--behaviour", "pnp_linger=200ms", "--behaviour", "dhcp_wait=2s"}
	eachHostile(t, func(a hostile.Attack) bool { return ways[a.Scheme] != "" }, func(t *testing.T, s *hostile.Server) {
		dir := t.TempDir()
		capture, html, web := filepath.Join(dir, "all.pcapng"), filepath.Join(dir, "load.html"), filepath.Join(dir, "web")
		way := []string{ways[s.Attack.Scheme], s.URL().Host}
		_, phone := runHostile(t, slices.Concat([]string{"phone"}, way, hurry, []string{"--pcap", capture})...)
		status, load := runHostile(t, slices.Concat([]string{"load"}, way, hurry, []string{"--phones", "3", "--arrival", "storm", "--report", "html=" + html})...)
		if status == verdict.ExitUsage {
			t.Errorf("load: %s", load)
		}
		shown, show := runHostile(t, "pcap", "show", capture)
		if shown != verdict.ExitOK && shown != verdict.ExitUnknown || shown == verdict.ExitUnknown && !strings.Contains(show, "phone") {
			t.Errorf("pcap show: exit status %d: %s", shown, show)
		}
		_, extract := runHostile(t, "pcap", "extract", capture, "--out", web)
		checkTold(t, map[string]string{"phone": phone, "load": load, "html": fileText(t, html), "pcap show": show, "pcap extract": extract})
		if n, told := s.Reached(); n > 0 && !strings.HasSuffix(s.Attack.Name, "-url") || strings.Contains(told, "Authorization") {
			t.Errorf("another host was turned to, %d times: %q", n, told)
		}
	})
}

func fileText(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(name)
	if err != nil {
		t.Errorf("no report: %v", err)
	}
	return string(body)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
