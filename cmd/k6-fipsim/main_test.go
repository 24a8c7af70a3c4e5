package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.k6.io/k6/cmd"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"k6-fipsim": main,
		"k6-talks":  cmd.Execute, // as k6 is by itself
	})
}

// runTime bounds one run of k6.
const runTime = 4 * time.Minute

// ran is a run of k6 that is over.
type ran struct {
	status int
	out    string // standard output and error
	cpu    time.Duration
}

// k6 runs a command of this module, with env beside the test's own environment.
func k6(t testing.TB, env []string, name string, args ...string) ran {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTime)
	defer cancel()
	return finish(t, exec.CommandContext(ctx, name, args...), env)
}

// finish runs cmd to its end.
func finish(t testing.TB, cmd *exec.Cmd, env []string) ran {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(append(os.Environ(), "HOME="+t.TempDir(), "NO_COLOR=1"), env...)
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("%v\n%s", err, &out)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}
