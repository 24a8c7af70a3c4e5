package server_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fipsim/fipsim/simulator/server"
)

// curl's exit statuses (curl(1), EXIT CODES).
const (
	curlOK           = 0
	curlFTPAccess    = 9  // the server denied a CWD
	curlFTPRetrieve  = 78 // the file does not exist
	curlHTTPError    = 22 // status 400 or more, with --fail
	curlTFTPNotFound = 68
	curlCertificate  = 60
	curlLoginDenied  = 67
)

// loopback turns every protocol on.
var loopback = server.Options{TFTP: "127.0.0.1:0", FTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0"}

var schemes = []string{"tftp", "ftp", "http", "https"}

// running is a server whose requests a test can wait for: a client has its last byte
// before the server has recorded it.
type running struct {
	*server.Server
	seen chan server.Request
}

// start runs a server for the length of a test.
func start(t testing.TB, o server.Options) *running {
	t.Helper()
	r := &running{seen: make(chan server.Request, 10_000)}
	o.OnRequest = func(request server.Request) { r.seen <- request }
	var err error
	if r.Server, err = server.Start(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

// next returns the next request that was recorded.
func (r *running) next(t testing.TB) server.Request {
	t.Helper()
	select {
	case request := <-r.seen:
		return request
	case <-time.After(20 * time.Second):
		t.Fatal("no request was recorded")
		return server.Request{}
	}
}

// until passes over requests until one has ended so.
func (r *running) until(t testing.TB, scheme string, outcome server.Outcome) server.Request {
	t.Helper()
	for {
		if request := r.next(t); request.Scheme == scheme && request.Outcome == outcome {
			return request
		}
	}
}

// serve runs a server with every protocol on.
func serve(t testing.TB, tree fs.FS) *running {
	t.Helper()
	o := loopback
	o.Tree = tree
	return start(t, o)
}

func files(contents map[string]string) fstest.MapFS {
	tree := make(fstest.MapFS)
	for name, body := range contents {
		tree[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return tree
}

// caFile writes the server's certificate for curl's --cacert.
func caFile(t testing.TB, s *running) string {
	t.Helper()
	ca, err := s.CA()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// needCurl skips where there is no curl, which is somebody else's client.
func needCurl(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		return
	}
	if os.Getenv("FIPSIM_REQUIRE_REAL") == "1" {
		t.Fatal("curl is not installed, and FIPSIM_REQUIRE_REAL is set")
	}
	t.Skip("curl is not installed: apt-get install curl")
}

// curl runs curl without the user's configuration and returns what it wrote and its
// exit status.
func curl(t testing.TB, args ...string) (body string, exit int) {
	t.Helper()
	args = append([]string{"-q", "--silent", "--show-error", "--fail", "--globoff", "--path-as-is", "--max-time", "60"}, args...)
	cmd := exec.CommandContext(t.Context(), "curl", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatalf("curl %q: %v", args, err)
	}
	if t.Log(stderr.String()); exited != nil {
		exit = exited.ExitCode()
	}
	return stdout.String(), exit
}

// address is the URL of a file, percent-encoded.
func address(s *running, scheme, name string) string {
	return s.URL(scheme).ResolveReference(&url.URL{Path: name}).String()
}
