package pcaps

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"hash"
)

// opener takes the protection off one side's records, in their order. The error is the
// same for all that can be wrong: the key does not fit.
type opener interface {
	open(seq uint64, kind byte, version uint16, b []byte) (plain []byte, inner byte, err error)
}

var errNotOpened = errors.New("the record does not open with the secrets of the key log")

// aeadOpener12 is AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905) in TLS 1.2.
type aeadOpener12 struct {
	aead     cipher.AEAD
	iv       []byte
	explicit bool // eight bytes of the nonce stand before the record
}

func (o *aeadOpener12) open(seq uint64, kind byte, version uint16, b []byte) ([]byte, byte, error) {
	nonce := numbered(o.iv, seq)
	if o.explicit {
		if len(b) < 8 {
			return nil, 0, errNotOpened
		}
		nonce = append(append([]byte{}, o.iv...), b[:8]...)
		b = b[8:]
	}
	if len(b) < o.aead.Overhead() {
		return nil, 0, errNotOpened
	}
	plain, err := o.aead.Open(nil, nonce, b, recordHead(seq, kind, version, len(b)-o.aead.Overhead()))
	if err != nil {
		return nil, 0, errNotOpened
	}
	return plain, kind, nil
}

// numbered is the nonce made of an IV and a sequence number (RFC 8446 §5.3).
func numbered(iv []byte, seq uint64) []byte {
	nonce := append([]byte{}, iv...)
	for i := range min(8, len(nonce)) {
		nonce[len(nonce)-1-i] ^= byte(seq >> (8 * i))
	}
	return nonce
}

// recordHead is what a record's tag covers besides its content (RFC 5246 §6.2.3.3).
func recordHead(seq uint64, kind byte, version uint16, length int) []byte {
	b := binary.BigEndian.AppendUint64(nil, seq)
	b = binary.BigEndian.AppendUint16(append(b, kind), version)
	return binary.BigEndian.AppendUint16(b, uint16(length))
}

// aeadOpener13 is every suite of TLS 1.3 (RFC 8446 §5.2).
type aeadOpener13 struct {
	aead cipher.AEAD
	iv   []byte
}

func (o *aeadOpener13) open(seq uint64, kind byte, version uint16, b []byte) ([]byte, byte, error) {
	head := binary.BigEndian.AppendUint16([]byte{kind, byte(version >> 8), byte(version)}, uint16(len(b)))
	plain, err := o.aead.Open(nil, numbered(o.iv, seq), b, head)
	if err != nil {
		return nil, 0, errNotOpened
	}
	// The content type is the last byte that is not zero; zeros after it are padding.
	for n := len(plain); n > 0; n-- {
		if plain[n-1] != 0 {
			return plain[:n-1], plain[n-1], nil
		}
	}
	return nil, 0, errNotOpened
}

// cbcOpener is the block ciphers of TLS 1.2 and earlier (RFC 5246 §6.2.3.2, RFC 7366
// for encrypt-then-MAC).
type cbcOpener struct {
	block cipher.Block
	mac   hash.Hash
	iv    []byte // TLS 1.0: the last block of the record before
	etm   bool
}

func (o *cbcOpener) open(seq uint64, kind byte, version uint16, b []byte) ([]byte, byte, error) {
	size, macLen := o.block.BlockSize(), o.mac.Size()
	if o.etm {
		if len(b) < macLen {
			return nil, 0, errNotOpened
		}
		body, tag := b[:len(b)-macLen], b[len(b)-macLen:]
		if !o.fits(tag, recordHead(seq, kind, version, len(body)), body) {
			return nil, 0, errNotOpened
		}
		b = body
	}
	iv := o.iv
	if iv == nil {
		if len(b) < size {
			return nil, 0, errNotOpened
		}
		iv, b = b[:size], b[size:]
	}
	if len(b) == 0 || len(b)%size != 0 {
		return nil, 0, errNotOpened
	}
	plain := make([]byte, len(b))
	cipher.NewCBCDecrypter(o.block, iv).CryptBlocks(plain, b)
	if o.iv != nil {
		o.iv = append([]byte{}, b[len(b)-size:]...)
	}
	padding := int(plain[len(plain)-1]) + 1
	if padding > len(plain) {
		return nil, 0, errNotOpened
	}
	if plain = plain[:len(plain)-padding]; o.etm {
		return plain, kind, nil
	}
	if len(plain) < macLen {
		return nil, 0, errNotOpened
	}
	plain, tag := plain[:len(plain)-macLen], plain[len(plain)-macLen:]
	if !o.fits(tag, recordHead(seq, kind, version, len(plain)), plain) {
		return nil, 0, errNotOpened
	}
	return plain, kind, nil
}

func (o *cbcOpener) fits(tag, head, body []byte) bool {
	o.mac.Reset()
	o.mac.Write(head)
	o.mac.Write(body)
	return hmac.Equal(tag, o.mac.Sum(nil))
}
