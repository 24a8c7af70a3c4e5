package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestLoadScripts runs `fipsim load` against servers of this test: one behaviour a file, in
// testdata/load.
func TestLoadScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/load",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"serving": servingDir,
			"silence": silence,
		},
		Setup: func(e *testscript.Env) error {
			if dir := os.Getenv("GOCOVERDIR"); dir != "" {
				e.Setenv("GOCOVERDIR", dir)
			}
			return nil
		},
	})
}
