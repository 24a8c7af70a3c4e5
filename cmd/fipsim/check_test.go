package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fipsim/fipsim/simulator/server"
)

// TestCheckScripts runs `fipsim check` against servers of this test: one behaviour a
// file, in testdata/check.
func TestCheckScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/check",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  status,
			"serving": servingDir,
			"lying":   lying,
			"dying":   dying,
			"silence": silence,
			"listing": listing,
			"await":   await,
		},
		Setup: func(e *testscript.Env) error {
			if dir := os.Getenv("GOCOVERDIR"); dir != "" {
				e.Setenv("GOCOVERDIR", dir)
			}
			return nil
		},
	})
}

// servingDir is `serving DIR [user password]`: the reference server on DIR. Its URLs are in
// $TFTP, $FTP, $HTTP and $HTTPS, its authority's certificate in $WORK/ca.pem; in $PLAIN is that
// for HTTP without the password.
func servingDir(ts *testscript.TestScript, neg bool, args []string) {
	tree, root, err := server.Dir(ts.MkAbs(args[0]))
	ts.Check(err)
	const free = "127.0.0.1:0"
	o := server.Options{Tree: tree, TFTP: free, FTP: free, HTTP: free, HTTPS: free}
	at := ""
	if len(args) == 3 {
		o.User, o.Password = args[1], args[2]
		at = args[1] + ":" + args[2] + "@"
	}
	s, err := server.Start(context.Background(), o)
	ts.Check(err)
	ts.Defer(func() { ts.Check(errors.Join(s.Close(), root.Close())) })
	for _, scheme := range []string{"tftp", "ftp", "http", "https"} {
		u := s.URL(scheme).String()
		if scheme == "http" {
			ts.Setenv("PLAIN", u)
		}
		if scheme != "tftp" {
			u = strings.Replace(u, "://", "://"+at, 1)
		}
		ts.Setenv(strings.ToUpper(scheme), u)
	}
	ca, err := s.CA()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), ca, 0o644))
}

// lying is `lying DIR`: an HTTP server at $HTTP that answers what is missing with a page.
func lying(ts *testscript.TestScript, neg bool, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(ts.MkAbs(args[0]), r.URL.Path)); err != nil {
			fmt.Fprint(w, "<html>Welcome!</html>")
			return
		}
		files.ServeHTTP(w, r)
	}))
	ts.Defer(s.Close)
	ts.Setenv("HTTP", s.URL+"/")
}

// dying is `dying DIR N [status]`: an HTTP server at $HTTP that after N requests is gone,
// or refuses with a status.
func dying(ts *testscript.TestScript, neg bool, args []string) {
	files := http.FileServer(http.Dir(ts.MkAbs(args[0])))
	last, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	var seen atomic.Int64
	s := httptest.NewUnstartedServer(nil)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := seen.Add(1); {
		case n <= last:
			files.ServeHTTP(w, r)
		case len(args) > 2:
			code, _ := strconv.Atoi(args[2])
			w.WriteHeader(code)
		default:
			s.Listener.Close()
			s.CloseClientConnections()
		}
	})
	s.Start()
	ts.Defer(s.Close)
	ts.Setenv("HTTP", s.URL+"/")
}

// silence is a server at $HTTP that takes every connection and never says a word.
func silence(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, c)
		}
	}()
	ts.Setenv("HTTP", "http://"+l.Addr().String()+"/")
}

// listing is `listing DIR FILE`: the names, modes and contents of all that is in DIR.
func listing(ts *testscript.TestScript, neg bool, args []string) {
	var b strings.Builder
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		body, _ := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %s %q\n", path, info.Mode(), body)
		return nil
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

// await is `await PATTERN`: it waits until there is such a file.
func await(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if found, _ := filepath.Glob(ts.MkAbs(args[0])); len(found) > 0 {
			return
		}
	}
	ts.Fatalf("there is no %s", args[0])
}
