package main

import (
	"os"
	"os/exec"
	"testing"
)

// The command builds for each platform that something is handed out for. What cannot
// work on one of them says so there when it is run (docs/install.md).
func TestPlatforms(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles everything for five platforms")
	}
	for _, p := range platforms {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, "./cmd/fipsim")
		cmd.Dir = "../.."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", p, err, text)
		}
	}
}
