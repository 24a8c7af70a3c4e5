package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fipsim/fipsim/pcaps"
	"github.com/fipsim/fipsim/simulator/verdict"
)

// freePort is a port of loopback that nobody had a moment ago.
func freePort(t *testing.T, network string) string {
	t.Helper()
	if network == "udp" {
		conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.LocalAddr().String()
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func interviewing(t *testing.T, out string, wait, quiet time.Duration) *serveCmd {
	t.Helper()
	return &serveCmd{
		interviewFlags: interviewFlags{Out: out, Wait: wait, Quiet: quiet},
		TFTP:           freePort(t, "udp"), FTP: freePort(t, "tcp"), HTTP: freePort(t, "tcp"), HTTPS: freePort(t, "tcp"),
		pnpAt: freePort(t, "udp"), relayAt: freePort(t, "udp"),
	}
}

// A phone that goes where it was told by hand is asked one thing; the file that is
// written makes a phone do the same, and the evidence is a capture of it.
func TestServeInterview(t *testing.T) {
	out := filepath.Join(t.TempDir(), "desk.yaml")
	c := interviewing(t, out, time.Minute, time.Second)
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
	c := interviewing(t, filepath.Join(t.TempDir(), "desk.yaml"), 50*time.Millisecond, 50*time.Millisecond)
	s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
	s.until(`^  Switch the phone off and on now`)
	if exit := <-s.exit; exit != verdict.ExitUnknown || !strings.Contains(s.stderr.String(), "no phone asked for anything") {
		t.Errorf("exit %d\n%s", exit, s.stderr.String())
	}
}
