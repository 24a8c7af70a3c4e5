package pcaps

import (
	"crypto/sha1" //nolint:gosec // what was negotiated in the field
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"hash"
)

// suite is how a cipher suite protects records.
type suite struct {
	cipher cipherKind
	key    int              // length of a key in bytes
	mac    func() hash.Hash // of a CBC suite
	prf    func() hash.Hash // TLS 1.2's, and the hash of TLS 1.3
}

type cipherKind int

const (
	cipherGCM cipherKind = iota + 1
	cipherChaCha
	cipherCBC
	cipher3DES
)

// suiteOf returns what records of a suite need; false for one that is not read. The
// numbers without a name in crypto/tls are those of RFC 5246 and RFC 5289: DHE, and CBC
// with SHA-384.
func suiteOf(id uint16) (suite, bool) {
	switch id {
	case tls.TLS_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0x009e:
		return suite{cipher: cipherGCM, key: 16, prf: sha256.New}, true
	case tls.TLS_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 0x009f:
		return suite{cipher: cipherGCM, key: 32, prf: sha512.New384}, true
	case tls.TLS_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 0xccaa:
		return suite{cipher: cipherChaCha, key: 32, prf: sha256.New}, true
	case tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, 0x0033:
		return suite{cipher: cipherCBC, key: 16, mac: sha1.New, prf: sha256.New}, true
	case tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, 0x0039:
		return suite{cipher: cipherCBC, key: 32, mac: sha1.New, prf: sha256.New}, true
	case tls.TLS_RSA_WITH_AES_128_CBC_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256, 0x0067:
		return suite{cipher: cipherCBC, key: 16, mac: sha256.New, prf: sha256.New}, true
	case 0x003d, 0x006b: // RSA and DHE_RSA, AES_256_CBC_SHA256
		return suite{cipher: cipherCBC, key: 32, mac: sha256.New, prf: sha256.New}, true
	case 0xc024, 0xc028: // ECDHE, AES_256_CBC_SHA384
		return suite{cipher: cipherCBC, key: 32, mac: sha512.New384, prf: sha512.New384}, true
	case tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, 0x0016:
		return suite{cipher: cipher3DES, key: 24, mac: sha1.New, prf: sha256.New}, true
	}
	return suite{}, false
}
