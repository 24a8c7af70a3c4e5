package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fipsim/fipsim/simulator/verdict"
)

// serving is a running `fipsim serve`.
type serving struct {
	t      *testing.T
	out    *io.PipeReader
	lines  *bufio.Scanner
	stderr bytes.Buffer
	cancel context.CancelFunc // Ctrl-C
	exit   chan int
}

func serveArgs(t *testing.T, args ...string) *serving {
	t.Helper()
	return startServing(t, func(a *app) int { return a.run(append([]string{"serve"}, args...)) })
}

func startServing(t *testing.T, run func(*app) int) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	s := &serving{t: t, out: out, lines: bufio.NewScanner(out), cancel: cancel, exit: make(chan int, 1)}
	go func() {
		s.exit <- run(&app{ctx: ctx, stdin: strings.NewReader(""), stdout: in, stderr: &s.stderr})
		in.Close()
	}()
	t.Cleanup(func() { cancel(); out.Close() })
	return s
}

// until reads lines until one fits, and returns its groups.
func (s *serving) until(pattern string) []string {
	s.t.Helper()
	want := regexp.MustCompile(pattern)
	var seen []string
	for s.lines.Scan() {
		seen = append(seen, s.lines.Text())
		if found := want.FindStringSubmatch(s.lines.Text()); found != nil {
			return found
		}
	}
	s.t.Fatalf("no line fits %q:\n%s\n%s", pattern, strings.Join(seen, "\n"), s.stderr.String())
	return nil
}

// untilAll reads lines until each pattern has fitted one, in any order: a phone may ask
// for its next file before the server has told of the last.
func (s *serving) untilAll(patterns ...string) {
	s.t.Helper()
	for len(patterns) > 0 {
		line := s.until(strings.Join(patterns, "|"))[0]
		patterns = slices.DeleteFunc(patterns, func(p string) bool { return regexp.MustCompile(p).MatchString(line) })
	}
}

// rest reads whatever else is told, and gives it to whoever asks once that is over.
func (s *serving) rest() <-chan string {
	told := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(s.out) // the pipe ends with the command
		told <- string(text)
	}()
	return told
}

// upTo reads lines up to one that fits, or to the end of all.
func (s *serving) upTo(pattern string) (told string) {
	last := regexp.MustCompile(pattern)
	for s.lines.Scan() {
		told += s.lines.Text() + "\n"
		if last.MatchString(s.lines.Text()) {
			break
		}
	}
	return told
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A phone provisions from what serve serves, over each protocol, and each request is a
// line. Ctrl-C ends it with status 0.
func TestServe(t *testing.T) {
	dir := folder(t, map[string]string{"y000000000000.cfg": "lang.gui=English\n", "y00000000000.boot": "#\n"})
	s := serveArgs(t, "--docroot", dir, "--tftp", "127.0.0.1:0", "--ftp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
	s.until("^serving " + regexp.QuoteMeta(dir) + "$")
	urls := make(map[string]string)
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		urls[scheme] = s.until(`^  ` + scheme + ` +(\S+)`)[1]
	}
	s.until(`^finding  y00000000000\.boot.*y000000000000\.boot`)
	s.until("^Ctrl-C ends it")
	for scheme, u := range urls {
		var stdout, stderr bytes.Buffer
		phone := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		done := make(chan int, 1)
		go func() { done <- phone.run([]string{"phone", "--server", u, "--insecure", "--settings", "-"}) }()
		s.untilAll(`127\.0\.0\.1:\d+ +`+scheme+` +"0021f2000001\.boot"  not found \((ERROR 1|550|404)\)`,
			scheme+` +"y000000000000\.cfg"  sent.*, 17 bytes`,
			scheme+` +"0021f2000001\.cfg"  not found`)
		if exit := <-done; exit != verdict.ExitOK || !strings.Contains(stdout.String(), "lang.gui=English\n") {
			t.Errorf("%s: the phone exits %d\n%s%s", scheme, exit, stdout.String(), stderr.String())
		}
	}
	s.cancel()
	if exit := <-s.exit; exit != verdict.ExitOK || s.stderr.Len() > 0 {
		t.Errorf("exit %d\n%s", exit, s.stderr.String())
	}
}

// serve tells phones where it is, by PnP and DHCP, without privilege on loopback.
func TestServeTellsWhereItIs(t *testing.T) {
	const free = "127.0.0.1:0"
	c := &serveCmd{
		Docroot: folder(t, map[string]string{"y000000000000.cfg": "lang.gui=English\n"}),
		TFTP:    free, PnP: true, DHCP: true, pnpAt: free, relayAt: free,
	}
	s := startServing(t, func(a *app) int { return a.report(c.Run(a)) })
	told := s.until(`^  tftp +(\S+)`)[1]
	pnp := s.until(`^  pnp +phones that subscribe at (\S+) are told ` + regexp.QuoteMeta(told))[1]
	relay := s.until(`^  dhcp +relay agents at (\S+); option 66 is ` + regexp.QuoteMeta(told))[1]
	s.until("^Ctrl-C ends it")
	go io.Copy(io.Discard, s.out)
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--pnp-address", pnp}, []string{"pnp names the server: " + told, ": provisioned"}},
		{[]string{"--dhcp-relay", relay}, []string{"dhcp names the server: " + told, "for 0021f2000001\n", ": provisioned"}},
	} {
		var stdout, stderr bytes.Buffer
		phone := &app{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
		if exit := phone.run(append([]string{"phone"}, test.args...)); exit != verdict.ExitOK {
			t.Errorf("%s: exit %d\n%s%s", test.args, exit, stdout.String(), stderr.String())
		}
		for _, want := range test.want {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%s: no %q in\n%s", test.args, want, stdout.String())
			}
		}
	}
	s.cancel()
	if exit := <-s.exit; exit != verdict.ExitOK {
		t.Errorf("exit %d\n%s", exit, s.stderr.String())
	}
}

// On all addresses, each URL is one that a phone can be given.
func TestServeOnAllAddresses(t *testing.T) {
	s := serveArgs(t, "--docroot", t.TempDir(), "--http", ":0")
	s.until(`^  http +http://127\.0\.0\.1:[1-9]\d*/$`)
	s.until("^Ctrl-C ends it")
	s.cancel()
	if exit := <-s.exit; exit != verdict.ExitOK {
		t.Errorf("exit %d\n%s", exit, s.stderr.String())
	}
}

// A port that is taken is nobody's verdict, and comes with what to do.
func TestServeWhereSomethingListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := serveArgs(t, "--docroot", t.TempDir(), "--http", l.Addr().String())
	if exit := <-s.exit; exit != verdict.ExitUnknown {
		t.Errorf("exit %d", exit)
	}
	if got := s.stderr.String(); !strings.Contains(got, l.Addr().String()) || !strings.Contains(got, "choose another port") {
		t.Errorf("stderr: %s", got)
	}
}

// Binding port 69 without privilege cannot be tried here, where tests may run as root.
func TestListenHint(t *testing.T) {
	err := fmt.Errorf("serve tftp at :69: %w", &net.OpError{Op: "listen", Net: "udp", Err: os.NewSyscallError("bind", syscall.EACCES)})
	if got := listenHint(err); !strings.Contains(got, "CAP_NET_BIND_SERVICE") {
		t.Errorf("%q", got)
	}
}
