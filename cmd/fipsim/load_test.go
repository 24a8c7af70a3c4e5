package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/server"
)

// TestLoadScripts runs `fipsim load` against servers of this test: one behaviour a file, in
// testdata/load. A load beside many others could be invalid: two at a time.
func TestLoadScripts(t *testing.T) {
	turn := make(turns, 2)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/load",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":      status,
			"serving":     servingDir,
			"silence":     silence,
			"discovering": discovering,
			"marking":     marking,
			"await":       await,
		},
		Setup: func(e *testscript.Env) error {
			turn <- struct{}{}
			e.Defer(func() { <-turn })
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

// marking is `marking DIR FILE`: a web server at $HTTP that makes a file when phones have been served for a while.
func marking(ts *testscript.TestScript, _ bool, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		files.ServeHTTP(w, r)
		if asked.Add(1) == 200 { // dozens of passes are over
			if err := os.WriteFile(ts.MkAbs(args[1]), nil, 0o600); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		}
	}))
	ts.Defer(s.Close)
	ts.Setenv("HTTP", s.URL+"/")
}
