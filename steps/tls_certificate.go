package steps

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"
)

// validToday looks at each certificate that the server sends.
func validToday(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if err := t.shaken(); err != nil {
		return err
	}
	now := time.Now()
	for _, c := range t.state.PeerCertificates {
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return violated("certificates that are valid today", "that of %s is valid from %s to %s",
				name(c), c.NotBefore.UTC().Format(time.DateTime), c.NotAfter.UTC().Format(time.DateTime))
		}
	}
	return nil
}

// name is what a certificate is called in reports.
func name(c *x509.Certificate) string { return excerpt([]byte(c.Subject.String())) }

func namesHost(ctx context.Context) error {
	w := of(ctx)
	if err := w.talk.tls.shaken(); err != nil {
		return err
	}
	leaf, host := w.talk.tls.state.PeerCertificates[0], w.talk.file.url.Hostname()
	if err := leaf.VerifyHostname(host); err != nil {
		names := append([]string(nil), leaf.DNSNames...)
		for _, ip := range leaf.IPAddresses {
			names = append(names, ip.String())
		}
		if len(names) == 0 {
			return violated("a certificate for "+host, "it is for no host: it has no subject alternative name")
		}
		return violated("a certificate for "+host, "it is for %s", excerpt([]byte(strings.Join(names, ", "))))
	}
	return nil
}

// isForServers looks at the use that the certificate is for; none named: any.
func isForServers(ctx context.Context) error {
	t := &of(ctx).talk.tls
	if err := t.shaken(); err != nil {
		return err
	}
	leaf := t.state.PeerCertificates[0]
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	return violated("a certificate for servers (id-kp-serverAuth)", "its extended key usage names other uses alone")
}

// trustedPath tells whether the server's certificate leads to a trusted authority, and
// the last certificate to which it leads.
func (w *world) trustedPath() (trusted bool, last *x509.Certificate, err error) {
	t := w.talk.tls
	if err := t.shaken(); err != nil {
		return false, nil, err
	}
	if w.tls().Insecure {
		return false, nil, blocked("the target says that its certificates are not to be checked")
	}
	sent := t.state.PeerCertificates
	var roots *x509.CertPool // nil: the machine's own
	if ca := w.tls().CA; len(ca) > 0 {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
	}
	between := x509.NewCertPool()
	for _, c := range sent[1:] {
		between.AddCert(c)
	}
	// Other rules look at the time, at the use and at the name.
	_, failed := sent[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if invalid := (x509.CertificateInvalidError{}); errors.As(failed, &invalid) && invalid.Reason == x509.Expired {
		return false, nil, blocked("not every certificate is valid today (see FIP-TLS-001)")
	}
	last = sent[0]
	for range sent {
		for _, c := range sent[1:] {
			if bytes.Equal(c.RawSubject, last.RawIssuer) && !bytes.Equal(last.RawSubject, last.RawIssuer) {
				last = c
				break
			}
		}
	}
	return failed == nil, last, nil
}

// endsInRoot reports whether the last certificate says that it is signed by itself, or
// by an authority of the name of one that is trusted, or is an authority's itself: then
// none is missing in between.
func (w *world) endsInRoot(last *x509.Certificate) bool {
	if bytes.Equal(last.RawSubject, last.RawIssuer) || last != w.talk.tls.state.PeerCertificates[0] {
		return true
	}
	for rest := w.tls().CA; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return false
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && bytes.Equal(c.RawSubject, last.RawIssuer) {
			return true
		}
	}
}

func isTrusted(ctx context.Context) error {
	w := of(ctx)
	trusted, last, err := w.trustedPath()
	switch {
	case err != nil || trusted:
		return err
	case !w.endsInRoot(last):
		return blocked("the path of certificates ends at %s, whose issuer was not sent", name(last))
	}
	return violated("a path of certificates to a trusted authority",
		"it ends at %s, issued by %s", name(last), excerpt([]byte(last.Issuer.String())))
}

func chainWhole(ctx context.Context) error {
	w := of(ctx)
	trusted, last, err := w.trustedPath()
	switch {
	case err != nil || trusted:
		return err
	case w.endsInRoot(last):
		return blocked("the path of certificates ends at an authority that is not trusted")
	}
	return violated("the certificate of "+excerpt([]byte(last.Issuer.String())), "neither is it sent, nor is it a trusted authority's")
}
