package testbed_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/fipsim/fipsim/simulator/testbed"
)

// tree is what the servers of these tests publish; the cfg is more than one TFTP block.
var tree = fstest.MapFS{
	"y000000000000.boot":       {Data: []byte("#!version:1.0.0.1\ninclude:config <HTTP Directory/sip.cfg>\n")},
	"HTTP Directory/sip.cfg":   {Data: []byte(strings.Repeat("account.1.label = Zoë # 1\n", 100))},
	"secret/0021f2000001.boot": {Data: []byte("#\n")},
}

// curl fetches u in the phone's namespace. Its error is curl's exit status.
func curl(t *testing.T, tb *testbed.Testbed, u *url.URL, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"--silent", "--show-error", "--fail", "--max-time", "20", "--noproxy", "*"}, args...)
	out, err := tb.Phone.Command(t.Context(), "curl", append(args, u.String())...).Output()
	return string(out), err
}

// options are what curl needs to come in at e.
func options(server *testbed.Running, e testbed.Endpoint) []string {
	options := []string{"--cacert", server.CA.Path}
	switch e.Auth {
	case testbed.Digest:
		options = append(options, "--digest")
	case testbed.Basic:
		options = append(options, "--basic")
	case testbed.NoAuth, testbed.Login:
	}
	return options
}

// Each server gives each published file, unchanged, to a client that is not ours, and
// says that it has no other.
func TestServersServe(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.AllNeeds(), "curl"))
	docroot := tb.Publish(tree)
	for _, s := range testbed.Servers {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			tb := tb.For(t)
			server := tb.Start(s, docroot)
			for _, e := range server.Endpoints {
				for name, file := range tree {
					got, err := curl(t, tb, e.URL.JoinPath(name), options(server, e)...)
					if err != nil {
						t.Errorf("%s: %s: %v", e.Name, name, err)
					}
					if diff := cmp.Diff(string(file.Data), got); diff != "" {
						t.Errorf("%s: %s is not what was published (-want +got):\n%s", e.Name, name, diff)
					}
				}
				if got, err := curl(t, tb, e.URL.JoinPath("missing.cfg"), options(server, e)...); err == nil {
					t.Errorf("%s: a missing file was served: %q", e.Name, got)
				}
			}
		})
	}
}

// Where a login is asked for, none and a wrong one are turned away.
func TestServersRefuse(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.AllNeeds(), "curl"))
	docroot := tb.Publish(tree)
	const accessDenied, loginDenied = 22, 67 // curl's exit statuses for an HTTP status of 400 and more, and for a refused login
	for _, s := range []testbed.Server{testbed.VSFTPDLogin, testbed.Nginx, testbed.Apache} {
		server := tb.Start(s, docroot)
		for _, e := range server.Endpoints {
			if e.Auth == testbed.NoAuth {
				continue
			}
			for _, user := range []*url.Userinfo{nil, url.UserPassword(testbed.User, "wrong")} {
				u := e.URL.JoinPath("y000000000000.boot")
				u.User = user
				want := accessDenied
				if u.Scheme == "ftp" {
					want = loginDenied
				}
				got, err := curl(t, tb, u, options(server, e)...)
				if code := exitCode(err); code != want {
					t.Errorf("%s as %v: exit status %d (%q), want %d", e.Name, user, code, got, want)
				}
			}
		}
	}
}

// vsftpd offers AUTH TLS with a certificate that its CA's file vouches for.
func TestExplicitFTPS(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.VSFTPD.Needs, "curl"))
	docroot := tb.Publish(tree)
	for _, s := range []testbed.Server{testbed.VSFTPD, testbed.VSFTPDLogin} {
		server := tb.Start(s, docroot)
		got, err := curl(t, tb, server.Endpoints[0].URL.JoinPath("y000000000000.boot"), "--ssl-reqd", "--cacert", server.CA.Path)
		if err != nil || got != string(tree["y000000000000.boot"].Data) {
			t.Errorf("%s: got %q, %v", s.Name, got, err)
		}
	}
}

// The certificate is for the server's address alone, and signed by the CA alone.
func TestCertificate(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.Nginx.Needs, "curl"))
	nginx := tb.Start(testbed.Nginx, tb.Publish(tree))
	const peerFailed = 60 // curl's exit status: "Peer's SSL certificate or SSH remote key was not OK"
	https := nginx.Endpoints[1].URL.JoinPath("y000000000000.boot")
	if _, err := curl(t, tb, https); exitCode(err) != peerFailed {
		t.Errorf("with the system's CAs: %v, want exit status %d", err, peerFailed)
	}
	wrongHost := *https
	wrongHost.Host = "fipsim.test"
	resolve := "fipsim.test:443:" + nginx.Addr.String()
	if _, err := curl(t, tb, &wrongHost, "--cacert", nginx.CA.Path, "--resolve", resolve); exitCode(err) != peerFailed {
		t.Errorf("by another name: %v, want exit status %d", err, peerFailed)
	}
}

// What a test changes in the docroot is what the server serves next.
func TestDocrootLives(t *testing.T) {
	t.Parallel()
	tb := testbed.New(t, append(testbed.TFTPDHPA.Needs, "curl"))
	server := tb.Start(testbed.TFTPDHPA, tb.Publish(tree))
	if err := os.WriteFile(filepath.Join(server.Docroot, "0021f2000001.cfg"), []byte("a=b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := curl(t, tb, server.Endpoints[0].URL.JoinPath("0021f2000001.cfg"))
	if err != nil || got != "a=b\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
