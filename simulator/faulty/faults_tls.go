package faulty

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// tlsFaults are about certificates and versions of HTTPS.
func tlsFaults() []spec {
	all := append(certificateFaults(), versionFaults()...)
	for i := range all {
		all[i].protocols = "https"
	}
	return all
}

func onTLS(set func(f *tlsFault)) func(*behaviour) {
	return func(b *behaviour) { set(&b.tls) }
}

// showing changes the server's own certificate before it is signed.
func showing(change func(c *x509.Certificate)) func(*behaviour) {
	return onTLS(func(f *tlsFault) { f.leaf = change })
}

// recordHandshake is the first byte of a connection with TLS (RFC 8446 §5.1).
const recordHandshake = 22

// configured changes how the server talks.
func configured(change func(c *tls.Config)) func(*behaviour) {
	return onTLS(func(f *tlsFault) { f.config = change })
}

func certificateFaults() []spec {
	return []spec{
		{name: "certificate-expired", clause: BadCertificate, rule: "FIP-TLS-001", doc: "the certificate expired yesterday",
			spoil: showing(func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(-90*24*time.Hour), time.Now().Add(-24*time.Hour)
			})},
		{name: "certificate-not-yet", clause: BadCertificate, rule: "FIP-TLS-001",
			doc:   "the certificate begins tomorrow: a clock that is wrong",
			spoil: showing(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(24 * time.Hour) })},
		{name: "certificate-wrong-name", clause: BadCertificate, rule: "FIP-TLS-002", doc: "the certificate is for another host",
			spoil: showing(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"www.example.com"}, nil })},
		{name: "certificate-wrong-address", clause: BadCertificate, rule: "FIP-TLS-002", doc: "the certificate is for another address",
			spoil: showing(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(192, 0, 2, 1)} })},
		{name: "certificate-common-name-only", clause: BadCertificate, rule: "FIP-TLS-002",
			doc:   "the host stands in the common name alone",
			spoil: showing(func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames, c.IPAddresses = "127.0.0.1", nil, nil })},
		{name: "certificate-self-signed", clause: BadCertificate, rule: "FIP-TLS-003",
			doc:   "the certificate is signed by nobody but itself",
			spoil: onTLS(func(f *tlsFault) { f.selfSigned = true })},
		{name: "certificate-unknown-authority", clause: BadCertificate, rule: "FIP-TLS-003",
			doc:   "the certificate is of an authority that phones do not know",
			spoil: onTLS(func(f *tlsFault) { f.otherSigner = true })},
		{name: "certificates-unordered", clause: BadCertificate, rule: "FIP-TLS-006",
			doc:   "the root's certificate stands before the intermediate's: files put together in the wrong order",
			spoil: onTLS(func(f *tlsFault) { f.backwards = true })},
		{name: "certificate-weak", clause: BadCertificate, rule: "FIP-TLS-007", doc: "the certificate's RSA key has 1024 bits",
			spoil: onTLS(func(f *tlsFault) { f.weak = true })},
		{name: "certificate-for-clients", clause: BadCertificate, rule: "FIP-TLS-005", doc: "the certificate is good for clients only",
			spoil: showing(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })},
		{name: "certificate-no-intermediate", clause: TooModern, rule: "FIP-TLS-004",
			doc:   "the intermediate certificate is not shown: browsers fetch it",
			spoil: onTLS(func(f *tlsFault) { f.noMiddle = true })},
	}
}

func versionFaults() []spec {
	return []spec{
		{name: "tls-1.0", clause: OldTLS, rule: "FIP-TLS-010", doc: "TLS 1.0 only",
			spoil: configured(func(c *tls.Config) {
				c.MinVersion, c.MaxVersion, c.CipherSuites = tls.VersionTLS10, tls.VersionTLS10, nil
			})},
		{name: "tls-1.1", clause: OldTLS, rule: "FIP-TLS-010", doc: "TLS 1.1 only",
			spoil: configured(func(c *tls.Config) {
				c.MinVersion, c.MaxVersion, c.CipherSuites = tls.VersionTLS11, tls.VersionTLS11, nil
			})},
		{name: "tls-1.0-too", clause: OldTLS, rule: "FIP-TLS-011", doc: "TLS 1.0 is offered beside newer ones (RFC 8996)",
			spoil: configured(func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 })},
		{name: "tls-1.3-only", clause: TooModern, rule: "FIP-TLS-012", doc: "TLS 1.3 only",
			spoil: configured(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 })},
		{name: "tls-no-rsa", clause: TooModern, rule: "FIP-TLS-013", doc: "no key exchange by RSA: today's defaults",
			spoil: configured(func(c *tls.Config) { c.CipherSuites = nil })},
		{name: "tls-needs-sni", clause: TooModern, rule: "FIP-TLS-014",
			doc:   "a handshake without a name is refused: many hosts at one address",
			spoil: onTLS(func(f *tlsFault) { f.byName, f.config = true, needsName })},
		{name: "tls-alpn-needed", clause: TooModern, rule: "FIP-TLS-016", doc: "a handshake without ALPN is refused: a proxy for HTTP/2",
			spoil: configured(needsALPN)},
		{name: "tls-dies-of-broken", clause: AfterMalformed, rule: "FIP-TLS-017", doc: "nothing is served after a handshake that is none",
			spoil: onTLS(func(f *tlsFault) {
				f.dies = dying(func(b []byte, first bool) bool { return first && b[0] != recordHandshake })
			})},
		{name: "tls-session-refused", clause: TooModern, rule: "FIP-TLS-018",
			doc: "a handshake that takes a session up again is broken off: sessions of another process",
			spoil: configured(func(c *tls.Config) {
				c.VerifyConnection = func(s tls.ConnectionState) error {
					if s.DidResume {
						return errors.New("no such session")
					}
					return nil
				}
			})},
		{name: "tls-client-certificate", clause: TooModern, rule: "FIP-TLS-015", doc: "a client certificate is demanded",
			spoil: configured(func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })},
	}
}

func needsName(c *tls.Config) {
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if hello.ServerName == "" {
			return nil, errors.New("no name")
		}
		return nil, nil // that means: as it is
	}
}

func needsALPN(c *tls.Config) {
	c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if len(hello.SupportedProtos) == 0 {
			return nil, errors.New("no protocol")
		}
		return nil, nil // as above
	}
}
