package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/fipsim/fipsim/simulator/faulty"
)

func TestMain(m *testing.M) {
	testscript.Main(leakless{m}, map[string]func(){"fipsim": main})
}

// leakless fails what passed if a goroutine is left behind.
type leakless struct{ *testing.M }

func (l leakless) Run() (status int) {
	sideBySide()
	if status = l.M.Run(); status != 0 {
		return status
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// manyWaits is how many parallel tests go on at once: servers that are hostile or silent keep most of them waiting.
const manyWaits = 16

// sideBySide lets so many, unless -parallel says how many. What -short leaves does not wait.
func sideBySide() {
	flag.Parse()
	if p := flag.Lookup("test.parallel"); p.Value.String() == p.DefValue && !testing.Short() {
		_ = p.Value.Set(strconv.Itoa(manyWaits)) // a number
	}
}

// turns let fewer go on at once: loads beside many others are invalid, and free ports are taken by others before they are used.
type turns chan struct{}

// take waits for a turn, which lasts until the test's end.
func (c turns) take(t *testing.T) {
	t.Helper()
	c <- struct{}{}
	t.Cleanup(func() { <-c })
}

// TestScripts runs the command as people do: one behaviour a file, in testdata/script.
// `status N fipsim …` asserts the exit status.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"faulty": serveWrongly,
		},
		Setup: func(e *testscript.Env) error {
			if dir := os.Getenv("GOCOVERDIR"); dir != "" {
				e.Setenv("GOCOVERDIR", dir)
			}
			return nil
		},
	})
}

// status is `status N command args`: the command must exit with N. A load that this machine was too busy for
// (exit status 3, and it says so) is no answer: it is run again.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := exitStatus(ts, args[1:])
	for try := 1; try < loadTries && got == 3 && want != 3 && tooBusy.MatchString(ts.ReadFile("stderr")); try++ {
		ts.Logf("this machine was too busy for it; once more")
		time.Sleep(5 * time.Second)
		got = exitStatus(ts, args[1:])
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d\nstdout:\n%s\nstderr:\n%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// loadTries is how often a load is run that this machine was too busy for.
const loadTries = 4

var tooBusy = regexp.MustCompile(`on this machine: its processors are too busy|this machine is too slow for this rate`)

func exitStatus(ts *testscript.TestScript, args []string) int {
	err := ts.Exec(args[0], args[1:]...)
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		return exited.ExitCode()
	}
	ts.Check(err)
	return 0
}

// serveWrongly is `faulty FAULT DIR`: until the script's end, a server with that fault
// serves a folder, and $FAULTY is its URL.
func serveWrongly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: faulty FAULT DIR")
	}
	fault, err := faulty.Find(args[0])
	ts.Check(err)
	s, err := faulty.Start(context.Background(), fault, os.DirFS(ts.MkAbs(args[1])))
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
	ts.Setenv("FAULTY", s.URLs()[fault.Protocol].String())
}
