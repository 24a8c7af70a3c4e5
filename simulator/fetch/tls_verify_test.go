package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// shows is a connection to a server that shows a certificate.
func shows(t *testing.T, c tls.Certificate) tls.ConnectionState {
	t.Helper()
	var s tls.ConnectionState
	for _, der := range c.Certificate {
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		s.PeerCertificates = append(s.PeerCertificates, parsed)
	}
	return s
}

// What was found good once is good for the same host, the same certificates and as long as they are; and nothing
// that was bad is remembered.
func TestTLSVerifiedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		roots := x509.NewCertPool()
		roots.AddCert(a.cert)
		good := shows(t, a.issue(t, func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.IPv4(192, 0, 2, 7)) }))
		other := shows(t, newAuthority(t).issue(t, nil))
		var v verified
		for range 2 {
			for _, host := range []string{"localhost", "127.0.0.1", "192.0.2.7"} {
				if err := v.check(good, roots, host); err != nil {
					t.Error(err)
				}
			}
			var name x509.HostnameError
			if err := v.check(good, roots, "pbx.example"); !errors.As(err, &name) {
				t.Errorf("another host: %v", err)
			}
			var unknown x509.UnknownAuthorityError
			if err := v.check(other, roots, "localhost"); !errors.As(err, &unknown) {
				t.Errorf("another authority: %v", err)
			}
			if err := v.check(tls.ConnectionState{}, roots, "localhost"); err == nil {
				t.Error("no certificate is good")
			}
			if len(v.good) != 3 {
				t.Errorf("%d are remembered, want 3", len(v.good))
			}
		}
		time.Sleep(59 * time.Minute)
		if err := v.check(good, roots, "localhost"); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute)
		var invalid x509.CertificateInvalidError
		if err := v.check(good, roots, "localhost"); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
			t.Errorf("it has expired: %v", err)
		}
	})
}

// However many servers there are, what is remembered of them is bounded.
func TestTLSVerifiedBounded(t *testing.T) {
	a := newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	good := shows(t, a.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"*.example"} }))
	var v verified
	for i := range mostVerified + 10 {
		if err := v.check(good, roots, fmt.Sprintf("pbx%d.example", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(v.good) != 10 {
		t.Errorf("%d are remembered, want 10", len(v.good))
	}
}
