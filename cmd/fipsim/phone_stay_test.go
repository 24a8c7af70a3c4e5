package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/phone"
)

// staying is a `fipsim phone --stay` that runs.
type staying struct {
	t      *testing.T
	child  *exec.Cmd
	stdout *bufio.Scanner
	stderr *bufio.Scanner
	seen   []string
}

// stay starts one. It is killed with the test, or after a minute.
func stay(t *testing.T, args ...string) *staying {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	// testscript.Main put the command on the path
	child := exec.CommandContext(ctx, "fipsim", append([]string{"phone", "--stay"}, args...)...)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := child.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return &staying{t: t, child: child, stdout: bufio.NewScanner(stdout), stderr: bufio.NewScanner(stderr)}
}

// await reads the timeline up to a line with text.
func (s *staying) await(text string) string {
	s.t.Helper()
	for s.stdout.Scan() {
		s.seen = append(s.seen, s.stdout.Text())
		if strings.Contains(s.stdout.Text(), text) {
			return s.stdout.Text()
		}
	}
	s.t.Fatalf("no %q in\n%s", text, strings.Join(s.seen, "\n"))
	return ""
}

func (s *staying) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.child.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}

// A phone that stays takes SIGHUP as Save & Apply, applies what changed, closes its page
// where the settings say so, and goes off at Ctrl-C with its flash whole.
func TestStay(t *testing.T) {
	dir := t.TempDir()
	write := func(body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "y000000000000.cfg"), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("lang.gui=English\n")
	s := stay(t, "--server", "file://"+dir+"/", "--flash", dir+"/flash", "--repeat", "1h", "--sip", "127.0.0.1:0", "--web", "127.0.0.1:0")
	s.await("** SIP: listens at 127.0.0.1:")
	s.await("the next interval pass is in 1h0m0s")
	s.stderr.Scan()
	_, url, _ := strings.Cut(s.stderr.Text(), "the management page is ")
	if body := get(t, url); !strings.Contains(body, "FIP14G") {
		t.Errorf("the page at %q:\n%s", url, body)
	}

	write("lang.gui=Chinese S\nwui.http_enable=0\nwui.https_enable=0\n")
	s.signal(syscall.SIGHUP)
	s.await("== save-and-apply")
	s.await("3 of them changed by this pass")
	s.await("the management page is switched off: wui.http_enable=0 of y000000000000.cfg:2")
	s.await("** rests")
	write("lang.gui=Chinese S\nwui.http_enable=1\n")
	s.signal(syscall.SIGHUP)
	s.await("the management page is there again: " + url)
	get(t, url)

	s.signal(syscall.SIGINT)
	s.await("** off")
	s.await(": provisioned")
	if err := s.child.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	flash, err := phone.OpenFolder(dir + "/flash")
	if err != nil {
		t.Fatal(err)
	}
	held, err := flash.Load()
	if err != nil {
		t.Fatal(err)
	}
	if lang, _ := held.Settings.Get("lang.gui"); lang != "Chinese S" {
		t.Errorf("flash holds %q", lang)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("%s: %s, %v", url, answer.Status, err)
	}
	return string(body)
}
