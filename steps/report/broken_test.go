package report_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/report"
)

var look = flag.String("look", "", "a folder: write every report of a good and a broken server there, to be looked at")

// sorry is a web server whose answer to a missing file is a success page, and which
// forgets the second half of every other file.
type sorry struct {
	mu    sync.Mutex
	trees []fs.FS
	base  string
}

func (s *sorry) Name() string { return "a server that is sorry" }

func (s *sorry) Capabilities() []scenarios.Capability {
	return []scenarios.Capability{scenarios.HTTP, scenarios.PublishTree}
}

func (s *sorry) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.trees)
	s.trees = append(s.trees, tree)
	base, err := url.Parse(fmt.Sprintf("%s/%d/", s.base, n))
	return &scenarios.Publication{Bases: []*url.URL{base}, Replace: func(_ context.Context, tree fs.FS) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.trees[n] = tree
		return nil
	}}, err
}

func (s *sorry) Reset(context.Context) error { return nil }

func (s *sorry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := s.read(r.URL.Path)
	if err != nil {
		fmt.Fprint(w, "<html><body><h1>Sorry</h1><p>We have no such page.</p></body></html>")
		return
	}
	w.Write(body[:len(body)/2])
}

func (s *sorry) read(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	if _, err := fmt.Sscanf(name, "/%d/", &n); err != nil || n >= len(s.trees) {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(s.trees[n], strings.TrimPrefix(path.Clean(name), fmt.Sprintf("/%d/", n)))
}

// Every format of a run against a server that is really broken says so, and what came.
func TestBrokenServer(t *testing.T) {
	server := new(sorry)
	listener := httptest.NewServer(server)
	defer listener.Close()
	server.base = listener.URL
	options := steps.Options{Target: server, Rules: []string{"FIP-NAME-001", "FIP-CONT-002"}, Seed: 42, Command: "fipsim check --server " + listener.URL}
	if *look != "" {
		options.Rules = nil
	}
	run, err := steps.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if v := run.Verdict(); v.Word != report.Fails {
		t.Errorf("%s", v)
	}
	for _, kind := range report.Kinds() {
		got := write(t, kind, run)
		for _, want := range []string{"over HTTP", "--rule"} {
			if !strings.Contains(got, want) && kind != "json" {
				t.Errorf("%s has no %q:\n%s", kind, want, got)
			}
		}
		keep(t, "broken", kind, got)
	}
	if *look != "" {
		lookAtGood(t)
	}
}

// lookAtGood writes the reports of the reference server.
func lookAtGood(t *testing.T) {
	target, err := steps.StartEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	run, err := steps.Run(t.Context(), steps.Options{Target: target, Seed: 42, Command: "fipsim check"})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range report.Kinds() {
		keep(t, "good", kind, write(t, kind, run))
	}
}

func keep(t *testing.T, name, kind, text string) {
	t.Helper()
	if *look == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*look, name+"."+kind), []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}
