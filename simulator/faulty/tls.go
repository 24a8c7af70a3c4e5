package faulty

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// tlsFault is what a fault changes of TLS; the zero value is a server for phones old and
// new: TLS 1.2 and 1.3, a certificate of an intermediate authority that is shown too.
type tlsFault struct {
	leaf        func(*x509.Certificate) // before it is signed
	config      func(*tls.Config)
	dies        func(net.Listener) net.Listener // puts a listener below TLS
	byName      bool                            // the URL names localhost, not its address: without a name there is no SNI
	selfSigned  bool                            // by no authority at all
	backwards   bool                            // root first, then the intermediate
	weak        bool                            // the server's key has 1024 bits
	noMiddle    bool                            // the intermediate is not shown
	otherSigner bool                            // of an authority that nobody was told of
}

// keys are made once: that takes time, and what they protect is a test.
var keys = sync.OnceValues(func() (k [3]*rsa.PrivateKey, err error) {
	for i := range k {
		if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return k, err
		}
	}
	return k, nil
})

// tlsConfig is the server's side of TLS.
func (s *Server) tlsConfig() (*tls.Config, error) {
	k, err := keys()
	if err != nil {
		return nil, err
	}
	f := &s.behaviour.tls
	root := authority("faulty root")
	rootDER, err := sign(root, root, k[0], k[0])
	if err != nil {
		return nil, err
	}
	middle := authority("faulty intermediate")
	middleDER, err := sign(middle, root, k[1], k[0])
	if err != nil {
		return nil, err
	}
	if f.weak {
		if k[2], err = rsa.GenerateKey(rand.Reader, 1024); err != nil { //nolint:gosec // that is the fault
			return nil, err
		}
	}
	leaf := leafTemplate()
	if f.leaf != nil {
		f.leaf(leaf)
	}
	leafDER, err := sign(leaf, middle, k[2], k[1])
	if f.selfSigned {
		leafDER, err = sign(leaf, leaf, k[2], k[2])
	}
	if err != nil {
		return nil, err
	}
	s.ca = certificatePEM(rootDER)
	chain := f.chain(leafDER, middleDER, rootDER)
	if f.otherSigner {
		chain = append(chain, rootDER)
		if s.ca, err = strangeAuthority(); err != nil {
			return nil, err
		}
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: k[2]}},
		MinVersion:   tls.VersionTLS12,
		CipherSuites: suites(),
		NextProtos:   []string{"http/1.1"},
	}
	if f.config != nil {
		f.config(config)
	}
	return config, nil
}

// chain is what the server shows.
func (f *tlsFault) chain(leaf, middle, root []byte) [][]byte {
	switch {
	case f.noMiddle, f.selfSigned:
		return [][]byte{leaf}
	case f.backwards:
		return [][]byte{leaf, root, middle}
	}
	return [][]byte{leaf, middle}
}

// suites are those of TLS 1.2, key exchange by RSA included, which a phone of 2021 may
// offer alone.
func suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	}
}

func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
}

// sign makes a certificate for the key of, signed by another.
func sign(template, parent *x509.Certificate, of, by *rsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	return x509.CreateCertificate(rand.Reader, template, parent, of.Public(), by)
}

// strangeAuthority is one that signed nothing here.
func strangeAuthority() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := authority("another root")
	der, err := sign(template, template, key, key)
	return certificatePEM(der), err
}

func certificatePEM(der []byte) []byte {
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}) // into memory
	return b.Bytes()
}
