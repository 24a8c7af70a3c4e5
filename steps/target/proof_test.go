package target

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/scenarios"
)

// A docroot is proved by its words, however broken the answer is around them. Where no
// answer could be right, whatever folder is served, the rules are to tell what is wrong.
func TestProof(t *testing.T) {
	busy := 0
	tests := map[string]struct {
		answer func(body string) string
		user   *url.Userinfo
		refuse string // empty: it is judged
	}{
		"as it should be": {answer: func(body string) string { return whole("200 OK", "", body) }},
		"no version": {answer: func(body string) string {
			return strings.Replace(whole("200 OK", "", body), "HTTP/1.1", "HTTP", 1)
		}},
		"fewer bytes than announced, and no end": {answer: func(body string) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body)+2, body)
		}},
		"redirected in a circle": {answer: func(string) string { return whole("302 Found", "Location: /x.cfg\r\n", "") }},
		"redirected to nobody": {answer: func(string) string {
			return whole("302 Found", "Location: http://127.0.0.1:1/x.cfg\r\n", "")
		}},
		"busy at first": {answer: func(body string) string {
			if busy++; busy < 3 {
				return whole("503 Service Unavailable", "", "")
			}
			return whole("200 OK", "", body)
		}},
		"no challenge": {user: url.UserPassword("phone", "secret"),
			answer: func(string) string { return whole("401 Unauthorized", "", "") }},
		"refused credentials": {user: url.UserPassword("phone", "secret"), refuse: "asks for credentials",
			answer: func(string) string {
				return whole("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "")
			}},
		"no credentials": {refuse: "give them in the URL", answer: func(string) string { return whole("401 Unauthorized", "", "") }},
		"missing":        {refuse: "written there just now, is missing", answer: func(string) string { return whole("404 Not Found", "", "") }},
		"forbidden":      {refuse: "cannot be proved", answer: func(string) string { return whole("403 Forbidden", "", "") }},
		"a page for all": {refuse: "cannot be proved", answer: func(string) string { return whole("200 OK", "", "welcome") }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			u := answering(t, dir, test.answer)
			u.User = test.user
			d, err := Open(t.Context(), &scenarios.TargetFile{Kind: scenarios.KindDocroot, URLs: []*url.URL{u}, Docroot: dir}, Options{})
			switch {
			case err == nil && test.refuse != "":
				t.Errorf("it was taken; want an error with %q", test.refuse)
			case err != nil && (test.refuse == "" || !strings.Contains(err.Error(), test.refuse)):
				t.Errorf("%v; want %q", err, test.refuse)
			case err == nil:
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// whole is an answer of HTTP.
func whole(status, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s", status, header, len(body), body)
}

// answering serves whatever answer makes of the files in a folder.
func answering(t *testing.T, dir string, answer func(body string) string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				requests := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(requests)
					if err != nil {
						return
					}
					body, _ := os.ReadFile(filepath.Join(dir, filepath.FromSlash(r.URL.Path))) // empty where there is none
					if _, err := conn.Write([]byte(answer(string(body)))); err != nil {
						return
					}
				}
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}
}
