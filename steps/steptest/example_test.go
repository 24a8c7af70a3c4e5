package steptest_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
	"github.com/fipsim/fipsim/steps"
	"github.com/fipsim/fipsim/steps/steptest"
)

// myServer stands for the server under test: it serves trees over HTTP, each below a
// number.
type myServer struct {
	*httptest.Server

	mu    sync.Mutex
	trees map[string]fs.FS
}

func start() *myServer {
	s := &myServer{trees: make(map[string]fs.FS)}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *myServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.mu.Lock()
	tree := s.trees[number]
	s.mu.Unlock()
	if tree == nil || !fs.ValidPath(name) {
		http.NotFound(w, r)
		return
	}
	http.ServeFileFS(w, r, tree, name)
}

// Name, Capabilities, Publish and Reset make it a scenarios.Target.
func (s *myServer) Name() string { return "my server" }

func (s *myServer) Capabilities() []scenarios.Capability {
	return []scenarios.Capability{scenarios.HTTP, scenarios.PublishTree, scenarios.Intrusive}
}

func (s *myServer) Publish(_ context.Context, tree fs.FS) (*scenarios.Publication, error) {
	s.mu.Lock()
	number := fmt.Sprint(len(s.trees) + 1)
	s.trees[number] = tree
	s.mu.Unlock()
	base, err := url.Parse(s.URL + "/" + number + "/")
	if err != nil {
		return nil, err
	}
	return &scenarios.Publication{
		Bases: []*url.URL{base},
		Replace: func(_ context.Context, tree fs.FS) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.trees[number] = tree
			return nil
		},
	}, nil
}

func (s *myServer) Reset(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.trees)
	return nil
}

// This is all that the test of a server needs.
func TestMyServer(t *testing.T) {
	s := start()
	defer s.Close()
	steptest.Run(t, steps.Options{Target: s, Tags: "@must"})
}

// A server can be judged outside of a test as well.
func Example() {
	s := start()
	defer s.Close()
	run, err := steps.Run(context.Background(), steps.Options{Target: s, Rules: []string{"FIP-NAME-001"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	v := run.Verdict()
	fmt.Println(v, "- exit status", v.Exit())
	// Output:
	// conforms (only --rule FIP-NAME-001): HTTP, names; not judged: TFTP, FTP, HTTPS - exit status 0
}
