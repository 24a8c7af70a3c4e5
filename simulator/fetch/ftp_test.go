package fetch

import (
	"crypto/tls"
	"errors"
	"sync"
	"testing"

	"github.com/fclairamb/ftpserverlib"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/afero"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/trace"
)

// ftpDriver drives a real FTP server over a tree in memory.
type ftpDriver struct {
	ftpserver.Settings
	tree      afero.Fs
	anonymous bool
	tls       *tls.Config

	mu     sync.Mutex
	logins int
}

func (d *ftpDriver) GetSettings() (*ftpserver.Settings, error) { return &d.Settings, nil }
func (d *ftpDriver) ClientConnected(ftpserver.ClientContext) (string, error) {
	return "ready\nin two lines", nil
}
func (d *ftpDriver) ClientDisconnected(ftpserver.ClientContext) {}

func (d *ftpDriver) AuthUser(_ ftpserver.ClientContext, user, password string) (ftpserver.ClientDriver, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.logins++
	if user == "test1" && password == secret || d.anonymous && user == "anonymous" {
		return d.tree, nil
	}
	return nil, errors.New("wrong password " + password)
}

func (d *ftpDriver) GetTLSConfig() (*tls.Config, error) {
	if d.tls == nil {
		return nil, errors.New("no TLS here")
	}
	return d.tls, nil
}

// serveFTP starts the server and returns its URL without the final slash.
func serveFTP(t *testing.T, d *ftpDriver) string {
	t.Helper()
	d.ListenAddr = "127.0.0.1:0"
	d.tree = afero.NewMemMapFs()
	for _, name := range oddNames {
		if err := afero.WriteFile(d.tree, "/"+name, []byte("in "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := ftpserver.NewFtpServer(d)
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve() // ends by Stop
	}()
	t.Cleanup(func() {
		_ = server.Stop()
		<-done
	})
	return "ftp://" + server.Addr()
}

// One session brings all names, and misses in between; credentials come from the URL
// or from the request.
func TestFTPNames(t *testing.T) {
	for _, secure := range []string{"off", "explicit"} {
		t.Run("TLS "+secure, func(t *testing.T) {
			a := newAuthority(t)
			d := &ftpDriver{tls: &tls.Config{Certificates: []tls.Certificate{a.issue(t, nil)}}}
			if secure == "explicit" {
				d.TLSRequired = ftpserver.MandatoryEncryption
			}
			base := serveFTP(t, d)
			k := &kit{Options: Options{Behaviour: device.Behaviour{FTPTLS: secure}, TLS: TLS{CA: a.pem}}}
			s := k.schemes(t)
			defer s.Close()
			for _, name := range oddNames {
				u := withUser(t, base)
				u.Path = "/" + name
				res, err := k.over(t, s, Request{URL: u})
				if err != nil {
					t.Fatal(err)
				}
				if string(res.Body) != "in "+name || res.URL.User != nil {
					t.Errorf("%s: got %q from %s", name, res.Body, res.URL)
				}
				_, err = k.over(t, s, Request{URL: mustURL(t, base+"/missing.cfg"), User: "test1", Password: secret})
				fails(t, err, ErrNotFound, "550 ")
			}
			if d.logins != 1 {
				t.Errorf("%d logins, want 1", d.logins)
			}
			if said := k.said(trace.FetchReply); len(said) != 1 || said[0][:4] != "230 " {
				t.Errorf("replies %q, want one 230", said)
			}
		})
	}
}

func TestFTPLogin(t *testing.T) {
	base := serveFTP(t, &ftpDriver{})
	_, err := new(kit).fetch(t, base+"/plain.cfg")
	fails(t, err, ErrUnauthorized, "530 ", "no credentials are set")
	u := mustURL(t, base+"/plain.cfg")
	u.User = mustURL(t, "ftp://test1:wr0ng@x").User
	_, err = new(kit).request(t, Request{URL: u})
	fails(t, err, ErrUnauthorized, "530 ", "wrong password ***, with the credentials given")

	open := serveFTP(t, &ftpDriver{anonymous: true})
	new(kit).body(t, Request{URL: mustURL(t, open+"/plain.cfg")}, "in plain.cfg")
}

func TestFTPLimit(t *testing.T) {
	base := serveFTP(t, &ftpDriver{})
	k := new(kit)
	k.body(t, Request{URL: withUser(t, base+"/plain.cfg"), Limit: 12}, "in plain.cfg")
	_, err := k.request(t, Request{URL: withUser(t, base+"/plain.cfg"), Limit: 11})
	fails(t, err, ErrTooLarge, "11 bytes")
}

func TestFTPTLSFailures(t *testing.T) {
	a := newAuthority(t)
	u := withUser(t, serveFTP(t, &ftpDriver{})+"/plain.cfg")
	k := &kit{Options: Options{Behaviour: device.Behaviour{FTPTLS: "explicit"}}}
	_, err := k.request(t, Request{URL: u})
	fails(t, err, ErrTLS, "does not offer TLS (option ftp_tls)", "no TLS here")

	u = withUser(t, serveFTP(t, &ftpDriver{tls: &tls.Config{Certificates: []tls.Certificate{a.issue(t, nil)}}})+"/plain.cfg")
	_, err = k.request(t, Request{URL: u})
	fails(t, err, ErrTLS, "authority that is not trusted")

	d := &ftpDriver{tls: &tls.Config{Certificates: []tls.Certificate{a.issue(t, nil)}}}
	d.TLSRequired = ftpserver.MandatoryEncryption
	u = withUser(t, serveFTP(t, d)+"/plain.cfg")
	_, err = new(kit).request(t, Request{URL: u})
	fails(t, err, ErrServer, "421 ")
}

func TestFTPBadURLs(t *testing.T) {
	for _, test := range []struct{ url, words string }{
		{"ftp://127.0.0.1/a%0d%0aDELE%20b", "line end"},
		{"ftp://127.0.0.1/a%00b", "line end or a NUL"},
		{"ftp://u%0aDELE:p@127.0.0.1/a", "user name holds a line end"},
		{"ftp://u:%0dp@127.0.0.1/a", "password holds a line end"},
		{"ftp://127.0.0.1/", "a folder"},
		{"ftp://127.0.0.1", "a folder"},
		{"ftp://127.0.0.1/dir/", "a folder"},
	} {
		_, err := new(kit).fetch(t, test.url)
		fails(t, err, ErrBadURL, test.words)
	}
}

// The path is relative to the login's folder; only a second slash makes it
// absolute.
func TestFTPTarget(t *testing.T) {
	for url, want := range map[string]string{
		"ftp://h/a.cfg":       "a.cfg",
		"ftp://h/d/a%20b.cfg": "d/a b.cfg",
		"ftp://h//etc/a.cfg":  "/etc/a.cfg",
		"ftp://h/%2Fetc/a":    "/etc/a",
		"ftp://h/50%25.cfg":   "50%.cfg",
	} {
		who, path, err := ftpTarget(Request{URL: mustURL(t, url)})
		if err != nil || path != want {
			t.Errorf("%s: path %q, error %v, want %q", url, path, err, want)
		}
		if diff := cmp.Diff("h:21", who.address); diff != "" {
			t.Errorf("%s: address (-want +got):\n%s", url, diff)
		}
	}
}

// Servers demand that data connections go on with the TLS session of the control
// connection (vsftpd, require_ssl_reuse), whatever the profile.
func TestFTPTLSSessionReuse(t *testing.T) {
	for _, profile := range []string{"modern", "tls12-rsa", "no-sni"} {
		t.Run(profile, func(t *testing.T) {
			var (
				mu      sync.Mutex
				resumed []bool
			)
			a := newAuthority(t)
			d := &ftpDriver{tls: &tls.Config{
				Certificates: []tls.Certificate{a.issue(t, nil)},
				CipherSuites: append([]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, rsaSuites...),
				VerifyConnection: func(s tls.ConnectionState) error {
					mu.Lock()
					defer mu.Unlock()
					resumed = append(resumed, s.DidResume)
					return nil
				},
			}}
			k := &kit{Options: Options{Behaviour: device.Behaviour{FTPTLS: "explicit", TLSProfile: profile}, TLS: TLS{CA: a.pem}}}
			k.body(t, Request{URL: withUser(t, serveFTP(t, d)+"/plain.cfg")}, "in plain.cfg")
			mu.Lock()
			defer mu.Unlock()
			if diff := cmp.Diff([]bool{false, true}, resumed); diff != "" {
				t.Errorf("resumed, control and data (-want +got):\n%s", diff)
			}
		})
	}
}
