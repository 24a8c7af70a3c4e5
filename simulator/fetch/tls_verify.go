package fetch

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// verified remembers for how long certificates are good that were found so: of many
// phones to which a server shows the same ones, the first alone checks the signatures
// of the authorities. That the server has the key to its certificate, each one checks.
type verified struct {
	mu   sync.Mutex
	good map[[sha256.Size]byte]span
}

// span is the time in which all certificates of a chain are valid.
type span struct{ from, until time.Time }

// mostVerified bounds how many servers' certificates are remembered.
const mostVerified = 1024

// check is what crypto/tls checks of a server's certificates, by the same rules (RFC 5280
// §6, RFC 6125 §6).
func (v *verified) check(s tls.ConnectionState, roots *x509.CertPool, host string) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("tls: the server shows no certificate")
	}
	key, now := contentOf(host, s.PeerCertificates), time.Now()
	v.mu.Lock()
	known, ok := v.good[key]
	v.mu.Unlock()
	if ok && !now.Before(known.from) && !now.After(known.until) {
		return nil
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	chains, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host, CurrentTime: now})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.good == nil || len(v.good) >= mostVerified {
		v.good = make(map[[sha256.Size]byte]span)
	}
	v.good[key] = spanOf(chains[0])
	return nil
}

// contentOf stands for a host and the certificates that it shows, byte for byte.
func contentOf(host string, shown []*x509.Certificate) (key [sha256.Size]byte) {
	all := sha256.New()
	var length [8]byte
	add := func(part []byte) {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		all.Write(length[:])
		all.Write(part)
	}
	add([]byte(host))
	for _, c := range shown {
		add(c.Raw)
	}
	all.Sum(key[:0])
	return key
}

func spanOf(chain []*x509.Certificate) span {
	s := span{chain[0].NotBefore, chain[0].NotAfter}
	for _, c := range chain[1:] {
		if c.NotBefore.After(s.from) {
			s.from = c.NotBefore
		}
		if c.NotAfter.Before(s.until) {
			s.until = c.NotAfter
		}
	}
	return s
}
