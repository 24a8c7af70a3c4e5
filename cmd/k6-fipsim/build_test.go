package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goTool runs the go command in a folder and returns what it printed.
func goTool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}

// The binary is k6 v1.8.1 with k6/x/fip in it.
func TestBuild(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "k6-fipsim")
	goTool(t, ".", "build", "-o", binary, ".")
	r := k6(t, nil, binary, "version")
	if r.status != 0 || !strings.HasPrefix(r.out, "k6-fipsim v1.8.1 ") || !strings.Contains(r.out, "k6/x/fip [js]") {
		t.Errorf("exit status %d\n%s", r.status, r.out)
	}
}

// k6 stays out of the core: fipsim's module requires nothing of it, and sees no package of this one.
func TestCoreHasNoK6(t *testing.T) {
	const core = "../.."
	for _, args := range [][]string{{"list", "-m", "all"}, {"list", "./..."}} {
		out := goTool(t, core, args...)
		if !strings.Contains(out, "github.com/fipsim/fipsim") {
			t.Errorf("go %s lists nothing:\n%s", strings.Join(args, " "), out)
		}
		for line := range strings.Lines(out) {
			if strings.Contains(line, "k6") || strings.Contains(line, "grafana") {
				t.Errorf("go %s: %s", strings.Join(args, " "), line)
			}
		}
	}
}
