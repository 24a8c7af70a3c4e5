package server_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/server"
)

// docroot makes a folder with a secret beside it, and every door out that we know.
func docroot(t *testing.T) string {
	t.Helper()
	top := t.TempDir()
	root := filepath.Join(top, "root")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "sub"), 0o755))
	must(os.WriteFile(filepath.Join(top, "secret.cfg"), []byte("secret"), 0o600))
	must(os.WriteFile(filepath.Join(root, "sub", "in.cfg"), []byte("inside"), 0o600))
	must(os.Symlink("sub/in.cfg", filepath.Join(root, "link-in.cfg")))
	must(os.Symlink("../secret.cfg", filepath.Join(root, "link-out.cfg")))
	must(os.Symlink(filepath.Join(top, "secret.cfg"), filepath.Join(root, "link-abs.cfg")))
	must(os.Symlink("..", filepath.Join(root, "link-dir")))
	must(os.Symlink("link-loop.cfg", filepath.Join(root, "link-loop.cfg")))
	must(makePipe(filepath.Join(root, "pipe.cfg")))
	return root
}

// Nothing leads out of the tree, over any protocol, and nothing but a file is served.
func TestNoWayOutOfTheTree(t *testing.T) {
	needCurl(t)
	root := docroot(t)
	tree, closer, err := server.Dir(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	s := serve(t, tree)
	ca := caFile(t, s)
	absolute := filepath.Join(filepath.Dir(root), "secret.cfg")
	for _, scheme := range schemes {
		for _, path := range []string{
			"../secret.cfg", "%2e%2e/secret.cfg", "..%2fsecret.cfg", "sub/../../secret.cfg", "/../secret.cfg", "./../secret.cfg",
			"....//secret.cfg", "..;/secret.cfg", `..\secret.cfg`, `..%5csecret.cfg`, "%252e%252e/secret.cfg", "..%c0%afsecret.cfg",
			absolute, "/" + absolute, "%2f" + absolute, "file://" + absolute,
			"link-out.cfg", "link-abs.cfg", "link-dir/secret.cfg", "link-loop.cfg",
			"sub", "sub/", "", "pipe.cfg", "sub/in.cfg/", "sub/in.cfg/..",
		} {
			t.Run(scheme+"/"+path, func(t *testing.T) {
				body, exit := curl(t, "--cacert", ca, s.URL(scheme).String()+path)
				if strings.Contains(body, "secret") {
					t.Fatalf("served %q", body)
				}
				// FTP lists folders; and its paths are resolved before they are looked up.
				if scheme != "ftp" && exit == curlOK {
					t.Errorf("exit 0, body %q", body)
				}
			})
		}
		t.Run(scheme+"/a link that stays inside", func(t *testing.T) {
			body, exit := curl(t, "--cacert", ca, address(s, scheme, "link-in.cfg"))
			if exit != curlOK || body != "inside" {
				t.Errorf("exit %d, %q", exit, body)
			}
		})
	}
}

// The ways to write the same name: a phone joins its URL with or without a slash.
func TestSlashesFallAway(t *testing.T) {
	needCurl(t)
	s := serve(t, files(map[string]string{"sub/in.cfg": "inside"}))
	ca := caFile(t, s)
	for _, scheme := range schemes {
		for _, path := range []string{"sub/in.cfg", "/sub/in.cfg", "sub//in.cfg", "./sub/./in.cfg"} {
			if body, exit := curl(t, "--cacert", ca, s.URL(scheme).String()+path); exit != curlOK || body != "inside" {
				t.Errorf("%s %s: exit %d, %q", scheme, path, exit, body)
			}
		}
	}
}

func TestDirWantsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(t.TempDir(), "nowhere")} {
		if _, _, err := server.Dir(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Dir(%q): %v, want an error with the path", path, err)
		}
	}
}

// A hostile name must not reach a terminal as it is.
func TestHistoryIsSafeToPrint(t *testing.T) {
	needCurl(t)
	s := serve(t, nil)
	name := "\x1b[2Jx\r\n" + strings.Repeat("y", 400) + strings.Repeat("z", 400)
	if _, exit := curl(t, s.URL("http").String()+url.PathEscape(name)); exit != curlHTTPError {
		t.Errorf("exit %d", exit)
	}
	got := s.next(t)
	if strings.ContainsAny(got.Name+got.UserAgent+got.Detail, "\x1b\x07\r\n") || len(got.Name) > 600 {
		t.Errorf("history: %+v", got)
	}
}
