package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fipsim/fipsim/simulator/server"
)

const (
	user     = "phone"
	password = `p:w"ö\1`
)

// Who has the credentials gets the file; who hasn't gets each protocol's refusal. TFTP
// knows no credentials and serves everybody.
func TestCurlGivesCredentials(t *testing.T) {
	needCurl(t)
	for _, auth := range []server.Auth{server.Basic, server.Digest} {
		o := loopback
		o.User, o.Password, o.Auth = user, password, auth
		o.Tree = files(map[string]string{"a.cfg": "lang.gui=English\n"})
		s := start(t, o)
		ca := caFile(t, s)
		for _, tt := range []struct {
			scheme, user string
			args         []string
			exit         int
		}{
			{"tftp", "", nil, curlOK},
			{"ftp", user + ":" + password, nil, curlOK},
			{"ftp", user + ":" + password, []string{"--ssl-reqd"}, curlOK},
			{"ftp", user + ":wrong", nil, curlLoginDenied},
			{"ftp", "", nil, curlLoginDenied},
			{"http", user + ":" + password, []string{"--" + string(auth)}, curlOK},
			{"https", user + ":" + password, []string{"--anyauth"}, curlOK},
			{"http", user + ":wrong", []string{"--" + string(auth)}, curlHTTPError},
			{"http", "other:" + password, []string{"--" + string(auth)}, curlHTTPError},
			{"https", "", nil, curlHTTPError},
		} {
			t.Run(fmt.Sprintf("%s/%s as %s %v", auth, tt.scheme, tt.user, tt.args), func(t *testing.T) {
				args := append(tt.args, "--cacert", ca, address(s, tt.scheme, "a.cfg"))
				if tt.user != "" {
					args = append(args, "--user", tt.user)
				}
				body, exit := curl(t, args...)
				if exit != tt.exit || (exit == curlOK) != (body != "") {
					t.Errorf("exit %d, want %d; body %q", exit, tt.exit, body)
				}
				want := server.Sent
				if tt.exit != curlOK {
					want = server.Unauthorized
				}
				s.until(t, tt.scheme, want)
			})
		}
		if text := fmt.Sprintf("%+v", s.History()); strings.Contains(text, password) || strings.Contains(text, "wrong ") {
			t.Errorf("the history has a password: %s", text)
		}
	}
}

// curl says what it makes of our Digest challenges: the first, MD5, is the one it takes.
func TestCurlReadsTheDigestChallenges(t *testing.T) {
	needCurl(t)
	o := server.Options{HTTP: "127.0.0.1:0", User: user, Password: password, Auth: server.Digest}
	s := start(t, o)
	head, _ := curl(t, "--head", "--no-fail", address(s, "http", "a.cfg"))
	first := strings.Index(head, "algorithm=MD5")
	second := strings.Index(head, "algorithm=SHA-256")
	if first < 0 || second < first {
		t.Errorf("want a challenge for MD5, then one for SHA-256:\n%s", head)
	}
}

// A client that does not trust the certificate leaves a trace.
func TestCurlDistrustsTheCertificate(t *testing.T) {
	needCurl(t)
	s := start(t, server.Options{HTTPS: "127.0.0.1:0"})
	if _, exit := curl(t, "--tls-max", "1.2", address(s, "https", "a.cfg")); exit != curlCertificate {
		t.Errorf("exit %d, want %d", exit, curlCertificate)
	}
	got := s.next(t)
	if got.Outcome != server.Failed || !strings.Contains(got.Detail, "TLS handshake") || !got.Peer.IsValid() {
		t.Errorf("history: %+v", got)
	}
}
