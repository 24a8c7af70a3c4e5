package pcaps

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // what was negotiated in the field
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // the PRF of TLS 1.0
	"crypto/sha1" //nolint:gosec // the PRF of TLS 1.0
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// pHash is P_hash (RFC 5246 §5).
func pHash(h func() hash.Hash, secret, seed []byte, n int) []byte {
	mac := hmac.New(h, secret)
	sum := func(parts ...[]byte) []byte {
		mac.Reset()
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// keyBlock derives the keys of TLS 1.2 and earlier from the master secret (RFC 5246
// §6.3; RFC 2246 §5 for the PRF of TLS 1.0 and 1.1).
func keyBlock(version uint16, s suite, master, clientRandom, serverRandom []byte, n int) []byte {
	seed := append(append([]byte("key expansion"), serverRandom...), clientRandom...)
	if version >= tls.VersionTLS12 {
		return pHash(s.prf, master, seed, n)
	}
	half := (len(master) + 1) / 2
	out := pHash(md5.New, master[:half], seed, n)
	subtle.XORBytes(out, out, pHash(sha1.New, master[len(master)-half:], seed, n))
	return out
}

// openers12 returns what opens the records of both sides, [server, client], in TLS 1.2
// and earlier.
func openers12(version uint16, s suite, master, clientRandom, serverRandom []byte, etm bool) (both [2]opener, ok bool) {
	macLen, ivLen := 0, 4
	switch s.cipher {
	case cipherChaCha:
		ivLen = 12
	case cipherCBC, cipher3DES:
		macLen, ivLen = s.mac().Size(), aes.BlockSize
		if s.cipher == cipher3DES {
			ivLen = des.BlockSize
		}
	case cipherGCM:
	}
	block := keyBlock(version, s, master, clientRandom, serverRandom, 2*(macLen+s.key+ivLen))
	take := func(n int) (sides [2][]byte) { // the client's come first
		sides[1], sides[0], block = block[:n], block[n:2*n], block[2*n:]
		return sides
	}
	macs, keys, ivs := take(macLen), take(s.key), take(ivLen)
	for side := range both {
		if both[side] = newOpener12(version, s, macs[side], keys[side], ivs[side], etm); both[side] == nil {
			return both, false
		}
	}
	return both, true
}

func newOpener12(version uint16, s suite, mac, key, iv []byte, etm bool) opener {
	if s.cipher != cipherCBC && s.cipher != cipher3DES {
		aead := newAEAD(s, key)
		if aead == nil {
			return nil
		}
		return &aeadOpener12{aead: aead, iv: iv, explicit: s.cipher == cipherGCM}
	}
	block, err := aes.NewCipher(key)
	if s.cipher == cipher3DES {
		block, err = des.NewTripleDESCipher(key)
	}
	if err != nil {
		return nil
	}
	o := &cbcOpener{block: block, mac: hmac.New(s.mac, mac), etm: etm}
	if version < tls.VersionTLS11 {
		o.iv = iv
	}
	return o
}

func newAEAD(s suite, key []byte) cipher.AEAD {
	if s.cipher == cipherChaCha {
		a, err := chacha20poly1305.New(key)
		if err != nil {
			return nil
		}
		return a
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	return a
}

// opener13 returns what opens one side's records in TLS 1.3; nil where the secret is of
// a wrong length.
func opener13(s suite, secret []byte) opener {
	key, iv := expandLabel(s, secret, "key", s.key), expandLabel(s, secret, "iv", 12)
	if key == nil || iv == nil {
		return nil
	}
	aead := newAEAD(s, key)
	if aead == nil {
		return nil
	}
	return &aeadOpener13{aead: aead, iv: iv}
}

// nextSecret is the secret after a KeyUpdate (RFC 8446 §7.2).
func nextSecret(s suite, secret []byte) []byte {
	return expandLabel(s, secret, "traffic upd", s.prf().Size())
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
func expandLabel(s suite, secret []byte, label string, n int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(append(info, "tls13 "+label...), 0)
	out, err := hkdf.Expand(s.prf, secret, string(info), n)
	if err != nil {
		return nil
	}
	return out
}
