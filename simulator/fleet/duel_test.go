package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
)

// duel is the fleet beside a bare loop, on the same server.
type duel struct {
	Server string
	Tree   string // of trees, below
	CA     string // PEM; empty: none
	Rounds int
	Passes int // a round
	Expect string
}

// duelWorkers is how many passes are under way at once, on either side.
const duelWorkers = 32

// published is a tree that phones provision from.
type published struct {
	files  func(tb testing.TB, specs []Spec) fstest.MapFS
	names  func(device.MAC) []string // what a phone asks for, in order
	expect func(testing.TB) string   // what it ends with
}

// trees are by name, since a child gets its name alone.
var trees = map[string]published{
	"small": {
		files: func(_ testing.TB, specs []Spec) fstest.MapFS { return tree(specs) },
		names: func(mac device.MAC) []string {
			return []string{mac.BootName(), device.CommonBoot, device.CommonCfg, "site.cfg", mac.CfgName()}
		},
		expect: func(testing.TB) string { return expectTree },
	},
	"fip14g": {
		files: renderedTree,
		names: func(mac device.MAC) []string {
			return []string{mac.BootName(), device.CommonBoot, device.CommonCfg, mac.CfgName()}
		},
		expect: renderedExpect,
	},
}

// childDuel is the variable that tells a child in the phones' namespace which duel.
const childDuel = "FIPSIM_FLEET_DUEL"

// run runs the duel in this process.
func (d duel) run() (figures, error) {
	specs, err := Count(d.Passes, DefaultFirst)
	if err != nil {
		return figures{}, err
	}
	o := Options{Phones: specs, Servers: []string{d.Server}, InFlight: duelWorkers, Seed: 1, TLS: fetch.TLS{CA: []byte(d.CA)}}
	if o.Expect, err = scenarios.ParseExpect("expect.cfg", []byte(d.Expect)); err != nil {
		return figures{}, err
	}
	ours := func(n int) error {
		r, err := Run(context.Background(), o)
		if err == nil && r.Provisioned != uint64(n) {
			err = fmt.Errorf("%d of %d were provisioned: %v", r.Provisioned, n, r.Errors)
		}
		return err
	}
	peer, err := d.bare()
	if err != nil {
		return figures{}, err
	}
	return beside(ours, peer, d.Rounds, d.Passes)
}

// bare is the peer.
func (d duel) bare() (side, error) {
	at, err := url.Parse(d.Server)
	if err != nil {
		return nil, err
	}
	names := trees[d.Tree].names
	if at.Scheme != "tftp" {
		return bareHTTP(d.Server, d.CA, names), nil
	}
	host := at.Host
	if at.Port() == "" {
		host += ":69"
	}
	server, err := netip.ParseAddrPort(host)
	return bareTFTP(server, names, duelWorkers), err
}

// bareHTTP is a side that asks for a pass's files over one connection a phone, and does nothing else; over
// HTTPS each connection has a full handshake.
func bareHTTP(base, ca string, names func(device.MAC) []string) side {
	var roots *x509.CertPool
	if ca != "" {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(ca))
	}
	return inParallel(duelWorkers, func() func(device.MAC) error {
		t := &http.Transport{DisableCompression: true, MaxConnsPerHost: 1, TLSClientConfig: &tls.Config{RootCAs: roots}}
		return func(mac device.MAC) error {
			defer t.CloseIdleConnections()
			for _, name := range names(mac) {
				res, err := (&http.Client{Transport: t}).Get(base + name)
				if err != nil {
					return err
				}
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// inParallel is a side of so many workers, each with what start makes.
func inParallel(workers int, start func() func(device.MAC) error) side {
	return func(n int) error {
		work, failed := make(chan device.MAC), make(chan error, workers)
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				pass := start()
				for mac := range work {
					if err := pass(mac); err != nil {
						select {
						case failed <- err:
						default:
						}
					}
				}
			})
		}
		for i := range n {
			work <- DefaultFirst.Add(uint64(i))
		}
		close(work)
		all.Wait()
		close(failed)
		return <-failed
	}
}

// runIn runs the duel in a child of this process, to which start gives a command: its CPU is its own.
func (d duel) runIn(tb testing.TB, start func(ctx context.Context, name string, args ...string) *exec.Cmd) figures {
	tb.Helper()
	job, err := json.Marshal(d)
	if err != nil {
		tb.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := start(tb.Context(), exe)
	cmd.Env = append(os.Environ(), childDuel+"="+string(job))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%v: %s", err, &stderr)
	}
	var f figures
	if err := json.Unmarshal(out, &f); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return f
}

// runDuel is the child's side of runIn.
func runDuel(text string) error {
	var d duel
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return err
	}
	f, err := d.run()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}
