package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// freePorts are ports of one address that nobody had a moment ago, no two the same.
func freePorts(t *testing.T, host string, networks ...string) []string {
	t.Helper()
	var free []string
	for _, network := range networks {
		var at net.Addr
		switch network {
		case "udp":
			conn, err := net.ListenPacket("udp4", host+":0")
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() // none is given up before all are found
			at = conn.LocalAddr()
		default:
			l, err := net.Listen("tcp4", host+":0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			at = l.Addr()
		}
		free = append(free, at.String())
	}
	return free
}

// interviewing is an interview of 127.7.0.n, where nobody else has a port, visitors included: what was free a moment
// ago still is.
func interviewing(t *testing.T, n int, out string, wait, quiet time.Duration) *serveCmd {
	t.Helper()
	free := freePorts(t, fmt.Sprintf("127.7.0.%d", n), "udp", "tcp", "tcp", "tcp", "udp", "udp")
	return &serveCmd{
		interviewFlags: interviewFlags{Out: out, Wait: wait, Quiet: quiet},
		TFTP:           free[0], FTP: free[1], HTTP: free[2], HTTPS: free[3], pnpAt: free[4], relayAt: free[5],
	}
}

// A phone that goes where it was told by hand is asked one thing; the file that is
// written makes a phone do the same, and the evidence is a capture of it.
func TestServeInterview(t *testing.T) {
	out := filepath.Join(t.TempDir(), "desk.yaml")
	c := interviewing(t, 201, out, time.Minute, time.Second)
	s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
	s.until(`^boot 1  TFTP: PnP and DHCP name different folders`)
	s.until(`Switch the phone off and on now`)
	execute(t, verdict.ExitFail, "phone", "--server", "tftp://"+c.TFTP+"/", "--pnp-address", c.pnpAt, "--dhcp-relay", c.relayAt,
		"--behaviour", "source_order=static,pnp,dhcp")
	s.until(`^  source_order: static,pnp,dhcp$`)
	s.until(`^not found: everything else`)
	s.until(`desk.yaml: 1 options, of which 1 are not as a simulated phone's; .*desk.pcapng has the packets`)
	if exit := <-s.exit; exit != verdict.ExitOK {
		t.Fatalf("exit %d\n%s", exit, s.stderr.String())
	}
	written, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(written), "\nsource_order: 'static,pnp,dhcp' # TFTP: PnP and DHCP") {
		t.Errorf("%v\n%s", err, written)
	}
	evidence, err := os.ReadFile(strings.TrimSuffix(out, ".yaml") + ".pcapng")
	if err != nil {
		t.Fatal(err)
	}
	if capture, err := pcaps.Read("evidence", bytes.NewReader(evidence), pcaps.Options{}); err != nil || len(capture.Phones) != 1 {
		t.Errorf("evidence: %v, %+v", err, capture)
	}
	execute(t, verdict.ExitOK, "phone", "--behaviour", out)
}

// Where no phone comes, that is no verdict: exit status 3.
func TestServeInterviewOfNobody(t *testing.T) {
	c := interviewing(t, 202, filepath.Join(t.TempDir(), "desk.yaml"), 50*time.Millisecond, 50*time.Millisecond)
	s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
	s.until(`^  Switch the phone off and on now`)
	if exit := <-s.exit; exit != verdict.ExitUnknown || !strings.Contains(s.stderr.String(), "no phone asked for anything") {
		t.Errorf("exit %d\n%s", exit, s.stderr.String())
	}
}
