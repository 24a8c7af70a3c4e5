package main

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// The suite and its reports meet the worst servers: it ends by itself, never finds them
// good, and lets nothing of theirs at the reader's terminal or browser.
func TestCheckHostileServers(t *testing.T) {
	if testing.Short() {
		t.Skip("dozens of servers are judged that mostly keep it waiting: a minute or two")
	}
	turn := make(chan struct{}, 8)
	for _, attack := range hostile.All() {
		if attack.Name == "tftp-endless-file" {
			continue // some fifty rules wait for its end as long as a phone would, one after the other; phone's own test has it
		}
		t.Run(attack.Name, func(t *testing.T) {
			t.Parallel()
			turn <- struct{}{}
			defer func() { <-turn }()
			s, err := hostile.Start(t.Context(), attack)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }() // of sockets
			const password = "sunflower"     // no other text has it
			at := s.URL()
			if attack.Scheme != "tftp" {
				at.User = url.UserPassword("alice", password)
			}
			checkHostile(t, at.String(), password)
		})
	}
}

func checkHostile(t *testing.T, server, password string) {
	t.Helper()
	dir := t.TempDir()
	target := filepath.Join(dir, "target.yaml")
	for name, text := range map[string]string{
		target: "version: 1\nkind: live\nurls: [" + server + "]\nphones:\n  - {mac: 0021f2000001, expect: want.cfg}\n",
		// What none of them publishes.
		filepath.Join(dir, "want.cfg"): "phone_setting.wanted=1\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	html, json := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.json")
	// What has not ended by then hangs.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	start := time.Now()
	a := &app{ctx: ctx, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	status := a.run([]string{
		"check", "--target", target, "--intrusive", "--insecure", "--max-rate", "200", "--seed", "1",
		"--behaviour", "pass_time=5s", "--behaviour", "max_resource=8000000", "--report", "html=" + html, "--report", "json=" + json,
	})
	t.Logf("exit %d after %.1fs: %s", status, time.Since(start).Seconds(), lastLine(stdout.String()+stderr.String()))
	if ctx.Err() != nil {
		t.Error("the suite did not end by itself")
	}
	if status == verdict.ExitOK || status == verdict.ExitUsage {
		t.Errorf("exit status %d:\n%s%s", status, &stdout, &stderr)
	}
	for name, text := range map[string]string{
		"stdout": stdout.String(), "stderr": stderr.String(), "html": fileText(t, html), "json": fileText(t, json),
	} {
		if strings.ContainsAny(text, "\x1b\a\u202e") || strings.Contains(text, "<script>alert") && name == "html" {
			t.Errorf("%s lets through what the server sent", name)
		}
		if strings.Contains(text, password) {
			t.Errorf("%s has the password", name)
		}
	}
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
