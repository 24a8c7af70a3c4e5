package server

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"time"
)

// suites are those of TLS 1.2. The last four exchange keys by RSA, without forward
// secrecy: Go no longer offers them by itself, and a phone of 2021 may know no others.
// A reference server must answer such a phone (tls_profile tls12-rsa); TLS 1.3 and
// ECDHE come first for everybody else. TLS 1.0 and 1.1 stay off (RFC 8996).
var suites = []uint16{
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
}

// identity is what the server shows over TLS.
type identity struct {
	certificate tls.Certificate
	ca          []byte // PEM of what a client must trust
}

// tlsConfig is the TLS side of HTTPS and FTP; protocols are those that ALPN offers.
func (s *Server) tlsConfig(protocols ...string) (*tls.Config, error) {
	id, err := s.identity()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{id.certificate},
		MinVersion:   tls.VersionTLS12,
		CipherSuites: suites,
		NextProtos:   protocols,
	}, nil
}

func (s *Server) makeIdentity() (*identity, error) {
	if given := s.options.Certificate; given != nil {
		if len(given.Certificate) == 0 {
			return nil, errors.New("server: Options.Certificate holds no certificate")
		}
		last := given.Certificate[len(given.Certificate)-1]
		return &identity{certificate: *given, ca: certificatePEM(last)}, nil
	}
	return selfSigned(s.ownAddresses(), time.Now())
}

// ownKey is one for all servers of a process: to make one takes as long as a hundred handshakes.
var ownKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// selfSigned makes a certificate that is its own authority, for localhost and addrs. Its
// key is RSA, since RSA key exchange needs one. It is good from a day ago, for phones whose
// clock is off by hours, and for a month, so that no copy is of use for long.
func selfSigned(addrs []net.IP, now time.Time) (*identity, error) {
	key, err := ownKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "fipsim reference server"},
		NotBefore:             now.Add(-24 * time.Hour),
		NotAfter:              now.Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           addrs,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	own := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return &identity{certificate: own, ca: certificatePEM(der)}, nil
}

// ownAddresses are those that a client may reach the server by: the loopback ones and
// each listen address, which for "all addresses" is every one that the machine has.
func (s *Server) ownAddresses() []net.IP {
	ips := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	everywhere := false
	for _, address := range []string{s.options.HTTPS, s.options.FTP} {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			continue // off
		}
		addr, err := netip.ParseAddr(host)
		switch {
		case host == "", err == nil && addr.IsUnspecified():
			everywhere = true
		case err == nil:
			ips = append(ips, addr.Unmap().WithZone("").AsSlice())
		}
	}
	if !everywhere {
		return ips
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return ips // the loopback addresses still work
	}
	for _, a := range addrs {
		if prefix, ok := a.(*net.IPNet); ok {
			ips = append(ips, prefix.IP)
		}
	}
	return ips
}

func certificatePEM(der []byte) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // into memory
	return b.Bytes()
}

// SelfSigned makes a certificate that is its own authority, for localhost and addrs, as
// a server has that is given none.
func SelfSigned(addrs ...net.IP) (tls.Certificate, error) {
	id, err := selfSigned(addrs, time.Now())
	if err != nil {
		return tls.Certificate{}, err
	}
	return id.certificate, nil
}
