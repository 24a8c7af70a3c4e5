package testbed

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// CA is who signed the servers' certificates. There is one in a test process.
type CA struct {
	PEM  []byte // its certificate
	Path string // the same, as a file for other programs

	signer *keyPair
}

// Pool returns a pool of roots with nothing but the CA in it.
func (ca CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM)
	return pool
}

type keyPair struct {
	key  *rsa.PrivateKey // RSA, for clients that know nothing else
	cert *x509.Certificate
}

// keyBits is the least that OpenSSL takes at its default security level.
const keyBits = 2048

var authorityKey = sync.OnceValues(func() (*keyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fipsim test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &keyPair{key, cert}, err
})

// serverKey is that of all servers of the process: making one takes a while.
var serverKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// authority returns the process's CA, with a file of it in the test's folder.
func authority(tb *Testbed) CA {
	tb.t.Helper()
	signer, err := authorityKey()
	tb.must(err, "make a CA")
	ca := CA{signer: signer, PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signer.cert.Raw})}
	s := &starting{Testbed: tb, dir: tb.folder("ca")}
	ca.Path = s.write("ca.pem", "%s", ca.PEM)
	return ca
}

// certFiles are a server's certificate as files.
type certFiles struct{ chain, key string }

// Name is a name that every server's certificate has, for tests with a DNS server.
const Name = "provision.test"

// certificate makes one for the server's address, and for Name.
func (s *starting) certificate() certFiles {
	s.t.Helper()
	ca := authority(s.Testbed)
	key, err := serverKey()
	s.must(err, "make a key")
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	s.must(err, "make a serial number")
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: s.addr.String()},
		IPAddresses: []net.IP{s.addr.AsSlice()}, DNSNames: []string{Name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.signer.cert, &key.PublicKey, ca.signer.key)
	s.must(err, "sign a certificate")
	private, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(err, "write a key")
	return certFiles{
		chain: s.write("server.crt", "%s", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:   s.write("server.key", "%s", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

// md5Sum is what Digest's user files hold (RFC 7616 §3.4.2, HA1).
func md5Sum(text string) [md5.Size]byte { return md5.Sum([]byte(text)) }
