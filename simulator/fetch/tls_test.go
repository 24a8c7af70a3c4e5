package fetch

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/wire"
)

// authority is a certificate authority made for one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-30, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// issue makes a certificate with an RSA key for 127.0.0.1 and localhost; edit may
// change it before it is signed.
func (a *authority) issue(t *testing.T, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS starts an HTTPS server that answers "a = 1".
func serveTLS(t *testing.T, c *tls.Config) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a = 1") }))
	server.TLS = c
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are the point
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

var expired = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

func TestTLSCertificates(t *testing.T) {
	trusted := newAuthority(t)
	for _, profile := range []string{"modern", "tls12-rsa", "no-sni"} {
		for name, test := range map[string]struct {
			edit     func(*x509.Certificate)
			ca       []byte
			insecure bool
			want     error
			words    string
		}{
			"good": {ca: trusted.pem},
			"expired": {
				func(c *x509.Certificate) { c.NotAfter = expired; c.NotBefore = expired.AddDate(-1, 0, 0) },
				trusted.pem, false, ErrTLS, "certificate expired on 2024-01-02",
			},
			"not yet valid": {func(c *x509.Certificate) {
				c.NotBefore = expired.AddDate(99, 0, 0)
				c.NotAfter = expired.AddDate(100, 0, 0)
			}, trusted.pem, false, ErrTLS, "certificate is not valid before 2123-01-02"},
			"wrong name": {
				func(c *x509.Certificate) { c.DNSNames = []string{"pbx.example"}; c.IPAddresses = nil }, trusted.pem,
				false, ErrTLS, "certificate is for pbx.example, not for 127.0.0.1",
			},
			"unknown authority": {nil, nil, false, ErrTLS, "authority that is not trusted (give it with --ca, or --insecure)"},
			"other authority":   {nil, newAuthority(t).pem, false, ErrTLS, "authority that is not trusted"},
			"insecure":          {func(c *x509.Certificate) { c.NotAfter = expired; c.IPAddresses = nil }, nil, true, nil, ""},
		} {
			t.Run(profile+" "+name, func(t *testing.T) {
				server := serveTLS(t, &tls.Config{
					Certificates: []tls.Certificate{trusted.issue(t, test.edit)},
					CipherSuites: append([]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, rsaSuites...),
				})
				k := &kit{Options: Options{TLS: TLS{CA: test.ca, Insecure: test.insecure}}}
				k.Behaviour.TLSProfile = profile
				if test.want == nil {
					k.body(t, Request{URL: mustURL(t, server.URL)}, "a = 1")
					return
				}
				_, err := k.fetch(t, server.URL+"/x.cfg")
				fails(t, err, test.want, test.words)
				if want := netip.MustParseAddrPort(server.Listener.Addr().String()); err.Peer != want {
					t.Errorf("peer is %v, want %v", err.Peer, want)
				}
			})
		}
	}
}

// What each profile offers, as a server sees it.
func TestTLSProfileOffers(t *testing.T) {
	a := newAuthority(t)
	for _, test := range []struct {
		profile string
		max     uint16
		name    string
		suites  []uint16 // nil: whatever the library has
	}{
		{"modern", tls.VersionTLS13, "localhost", nil},
		{"tls12-rsa", tls.VersionTLS12, "localhost", rsaSuites},
		{"no-sni", tls.VersionTLS13, "", nil},
	} {
		t.Run(test.profile, func(t *testing.T) {
			var (
				mu    sync.Mutex
				hello tls.ClientHelloInfo
			)
			server := serveTLS(t, &tls.Config{
				Certificates: []tls.Certificate{a.issue(t, nil)},
				CipherSuites: append([]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}, rsaSuites...),
				GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
					mu.Lock()
					defer mu.Unlock()
					hello = *h
					return nil, nil
				},
			})
			k := &kit{Options: Options{Behaviour: device.Behaviour{TLSProfile: test.profile}, TLS: TLS{CA: a.pem}}}
			k.body(t, Request{URL: mustURL(t, strings.Replace(server.URL, "127.0.0.1", "localhost", 1))}, "a = 1")
			mu.Lock()
			defer mu.Unlock()
			if hello.ServerName != test.name || hello.SupportedVersions[0] != test.max {
				t.Errorf("offered name %q and version %x, want %q and %x",
					hello.ServerName, hello.SupportedVersions[0], test.name, test.max)
			}
			if test.suites == nil {
				return
			}
			anyOrder := cmpopts.SortSlices(func(a, b uint16) bool { return a < b })
			if diff := cmp.Diff(test.suites, hello.CipherSuites, anyOrder); diff != "" {
				t.Errorf("cipher suites (-want +got):\n%s", diff)
			}
		})
	}
}

// Servers that demand what the phone does not have.
func TestTLSNoAgreement(t *testing.T) {
	a := newAuthority(t)
	cert := []tls.Certificate{a.issue(t, nil)}
	for name, test := range map[string]struct {
		server  *tls.Config
		profile string
		words   string
	}{
		"TLS 1.3 only": {&tls.Config{MinVersion: tls.VersionTLS13}, "tls12-rsa", "no TLS version in common"},
		"no RSA key exchange": {
			&tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}, "tls12-rsa",
			"no TLS parameters in common",
		},
		"TLS 1.1 at most": {
			&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "modern",
			"no TLS version in common",
		},
		"client certificate": {&tls.Config{ClientAuth: tls.RequireAnyClientCert}, "modern", "asks for a client certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			test.server.Certificates = cert
			server := serveTLS(t, test.server)
			k := &kit{Options: Options{Behaviour: device.Behaviour{TLSProfile: test.profile}, TLS: TLS{CA: a.pem}}}
			_, err := k.fetch(t, server.URL)
			fails(t, err, ErrTLS, test.words)
		})
	}
}

func TestTLSClientCertificate(t *testing.T) {
	a := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	server := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{a.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	})
	var log bytes.Buffer
	k := &kit{Options: Options{TLS: TLS{CA: a.pem, Certificates: []tls.Certificate{a.issue(t, nil)}, KeyLog: &log}}}
	k.body(t, Request{URL: mustURL(t, server.URL)}, "a = 1")
	if !strings.Contains(log.String(), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("key log is %q", log.String())
	}
	k.TLS.Certificates = []tls.Certificate{newAuthority(t).issue(t, nil)}
	_, err := k.fetch(t, server.URL)
	fails(t, err, ErrTLS, "client certificate")
}

// HTTPS where something else answers.
func TestTLSWrongPort(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	_, err := new(kit).fetch(t, strings.Replace(plain.URL, "http:", "https:", 1))
	fails(t, err, ErrTLS, "plain HTTP", "use http://")

	for name, test := range map[string]struct {
		greeting string
		hangUp   bool
		want     error
		words    string
	}{
		"FTP":     {"220 ready\r\n", false, ErrTLS, "does not speak TLS"},
		"hang up": {"", true, ErrTLS, "ended the connection in the TLS handshake"},
		"silence": {"", false, ErrNoAnswer, "silence for 30s in the TLS handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(wire.Memory)
				m.HandleTCP(netip.AddrPortFrom(scriptedHost, 443), func(c net.Conn) {
					defer c.Close()
					record := make([]byte, 5)
					io.ReadFull(c, record)
					io.CopyN(io.Discard, c, int64(record[3])<<8+int64(record[4]))
					io.WriteString(c, test.greeting)
					if !test.hangUp {
						io.Copy(io.Discard, c)
					}
				})
				_, err := (&kit{Options: Options{Network: m}}).fetch(t, "https://192.0.2.80/x.cfg")
				fails(t, err, test.want, test.words)
			})
		})
	}
}
