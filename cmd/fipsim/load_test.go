package main

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
)

// TestLoadScripts runs `fipsim load` against servers of this test: one behaviour a file, in
// testdata/load.
func TestLoadScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/load",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":      status,
			"serving":     servingDir,
			"silence":     silence,
			"discovering": discovering,
		},
		Setup: func(e *testscript.Env) error {
			if dir := os.Getenv("GOCOVERDIR"); dir != "" {
				e.Setenv("GOCOVERDIR", dir)
			}
			return nil
		},
	})
}

// discovering is `discovering URL`: servers that tell phones this URL, by PnP at $PNP and by DHCP at $DHCP.
func discovering(ts *testscript.TestScript, _ bool, args []string) {
	url := func(device.MAC) string { return args[0] }
	pnp, err := server.ListenPnP(context.Background(), server.PnPOptions{URL: url})
	ts.Check(err)
	dhcp, err := server.ListenDHCP(context.Background(), server.DHCPOptions{Option66: url})
	ts.Check(err)
	ts.Defer(func() { ts.Check(errors.Join(pnp.Close(), dhcp.Close())) })
	ts.Setenv("PNP", pnp.Addr().String())
	ts.Setenv("DHCP", dhcp.Addr().String())
}
