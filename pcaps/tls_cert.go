package pcaps

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// certificateWrong says in a word what no phone whose clock is right can accept.
func (t *tlsTalk) certificateWrong(at time.Time) string {
	switch c := t.cert; {
	case c == nil:
	case at.After(c.NotAfter):
		return "expired"
	case at.Before(c.NotBefore):
		return "not yet valid"
	}
	return ""
}

// certificateFault says what is wrong with the certificate, as far as everybody can see.
func (t *tlsTalk) certificateFault(at time.Time, code byte) string {
	switch c := t.cert; {
	case c == nil:
		return ""
	case at.After(c.NotAfter):
		return ": the certificate expired on " + c.NotAfter.UTC().Format(time.DateOnly)
	case at.Before(c.NotBefore):
		return ": the certificate is not valid before " + c.NotBefore.UTC().Format(time.DateOnly)
	case t.host != "" && c.VerifyHostname(t.host) != nil:
		return fmt.Sprintf(": the certificate is for %s, not for %s", certificateNames(c), t.host)
	case t.host == "" && c.VerifyHostname(t.f.server.Addr().String()) != nil && code == 42:
		return fmt.Sprintf(": the certificate is for %s", certificateNames(c))
	case c.Issuer.String() == c.Subject.String():
		return ": the certificate is self-signed"
	}
	return ": the certificate is from " + trace.Clean(t.cert.Issuer.String())
}

func certificateNames(c *x509.Certificate) string {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	return trace.Clean(strings.Join(names, ", "))
}
