package fipsim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// outsideProgram is somebody else's, who tests a provisioning server of theirs with
// our phone.
const outsideProgram = `package main

import (
	"fmt"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/device"
	_ "github.com/fipsim/fipsim/simulator/fetch"
	_ "github.com/fipsim/fipsim/simulator/phone"
	_ "github.com/fipsim/fipsim/simulator/server"
	"github.com/fipsim/fipsim/simulator/trace"
)

func main() {
	var sink trace.Sink = trace.Discard
	sink.Record(trace.Event{})
	mac, err := device.ParseMAC("00:21:F2:00:00:01")
	if err != nil {
		panic(err)
	}
	if _, err := config.ParseCfg("sip.cfg", []byte("account.1.label = Zoe\n")); err != nil {
		panic(err)
	}
	fmt.Println(mac)
}
`

// The module can be imported: a module outside of it, with nothing but what its own
// go.mod says, builds and runs a program of theirs. It gets no network: it needs
// nothing that this module does not need too.
func TestOutsideModule(t *testing.T) {
	// Where only this test is run, nothing may have been downloaded yet.
	if out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-f", "", "./simulator/...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	requirements, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	outside := strings.Replace(string(requirements), "module "+module, "module fipsim-outside.test/provisioning", 1) +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + here + "\n"
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": outside, "go.sum": string(sums), "main.go": outsideProgram} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "PWD="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "0021f2000001" {
		t.Errorf("%v\n%s", err, out)
	}
}
