package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/faulty/hostile"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// doorsOf are where a server listens.
func doorsOf(c *serveCmd) hostile.Doors {
	return hostile.Doors{TFTP: c.TFTP, FTP: c.FTP, HTTP: c.HTTP, HTTPS: c.HTTPS, PnP: c.pnpAt, DHCP: c.relayAt}
}

// The worst phones come to a server: what it tells of them is harmless, and the next
// phone gets its files.
func TestServeHostileVisitors(t *testing.T) {
	turn := make(turns, 2)
	for i, v := range hostile.Visitors() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			turn.take(t)
			c := interviewing(t, 1+i, "", 0, 0)
			c.Docroot, c.PnP, c.DHCP = folder(t, map[string]string{"y000000000000.cfg": "a.b=c\n"}), true, true
			s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
			s.until("^Ctrl-C ends it")
			told := s.rest()
			v.Visit(t.Context(), doorsOf(c))
			for _, way := range [][]string{
				{"--pnp-address", c.pnpAt}, {"--dhcp-relay", c.relayAt}, {"--server", "ftp://" + c.FTP}, {"--server", "http://" + c.HTTP},
			} {
				execute(t, verdict.ExitOK, append([]string{"phone", "--mac", "0021f2ffff01"}, way...)...)
			}
			s.cancel()
			if exit := <-s.exit; exit != verdict.ExitOK {
				t.Errorf("exit status %d: %s", exit, s.stderr.String())
			}
			checkTold(t, map[string]string{"output": <-told, "errors": s.stderr.String()})
		})
	}
}

// The worst phones are interviewed: each boot ends by itself, and what is told and
// written of them is harmless.
func TestInterviewHostileVisitors(t *testing.T) {
	turn := make(turns, 2)
	for i, v := range hostile.Visitors() {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			turn.take(t)
			out := filepath.Join(t.TempDir(), "desk.yaml")
			c := interviewing(t, 101+i, out, 2*time.Second, 100*time.Millisecond)
			s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
			s.until(`Switch the phone off and on now`)
			v.Visit(t.Context(), doorsOf(c))
			told := s.upTo("^boot 2")
			s.cancel()
			told += s.upTo("$^") // to its end
			if exit := <-s.exit; exit != verdict.ExitOK && exit != verdict.ExitUnknown || len(told) > 4096 {
				t.Errorf("exit status %d, %s: %s", exit, s.stderr.String(), told)
			}
			checkTold(t, map[string]string{"output": told, "errors": s.stderr.String(), "file": fileText(t, out)})
		})
	}
}
