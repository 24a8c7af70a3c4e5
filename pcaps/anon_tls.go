package pcaps

import (
	"crypto/elliptic"
	"encoding/binary"
	"math/big"
	"slices"
)

// tls replaces what a handshake tells in the clear, and overwrites what is encrypted
// with other bytes: no key log opens it any more.
func (d *disguise) tls(b []byte) {
	turned := false
	for len(b) >= 5 {
		kind, length := b[0], int(binary.BigEndian.Uint16(b[3:]))
		if kind < recordChangeCipher || kind > recordData || 5+length > len(b) {
			d.blank(b)
			return
		}
		body := b[5 : 5+length]
		switch {
		case kind == recordChangeCipher:
			turned = true
		case kind == recordHandshake && !turned:
			d.handshake(body)
		case kind == recordAlert && !turned:
		default:
			d.random(body)
		}
		b = b[5+length:]
	}
	d.blank(b)
}

// random overwrites bytes with others that follow from them.
func (d *disguise) random(b []byte) {
	if d.learning {
		return
	}
	s := d.stream("random", string(b))
	for i := range b {
		b[i] = byte(0x80 | s.below(128)) // no text by accident
	}
}

// handshake replaces what is somebody's in the messages of one record (RFC 8446 §4).
func (d *disguise) handshake(b []byte) {
	for len(b) >= 4 {
		length := min(int(b[1])<<16|int(b[2])<<8|int(b[3]), len(b)-4)
		body := b[4 : 4+length]
		switch b[0] {
		case 1, 2:
			d.hello(body, b[0] == 1)
		case 11:
			d.certificates(body)
		case 0, 14: // hello request, server hello done
		default:
			d.random(body)
		}
		b = b[4+length:]
	}
	d.blank(b)
}

// hello is a ClientHello or a ServerHello.
func (d *disguise) hello(b []byte, client bool) {
	r := bytesIn{b, true}
	r.take(2)
	if random := r.take(32); r.ok && [32]byte(random) != helloRetry {
		d.random(random)
	}
	d.random(r.vector(1))
	if client {
		r.vector(2)
		r.vector(1)
	} else {
		r.take(3)
	}
	all := bytesIn{r.vector(2), r.ok}
	for all.ok && len(all.b) > 0 {
		switch kind, body := all.number(2), all.vector(2); {
		case kind == extServerName && client && len(body) > 5:
			d.text(body[5:], false)
		case kind == 35, kind == 41, kind == 44, kind == 21: // ticket, pre-shared key, cookie, padding
			d.random(body)
		}
	}
}

// certificates replaces names, keys and signatures of the certificates in a message of
// TLS 1.2 (RFC 5246 §7.4.2).
func (d *disguise) certificates(b []byte) {
	list := bytesIn{b, true}
	list.number(3)
	for list.ok && len(list.b) > 0 {
		cert := list.vector(3)
		if list.ok {
			d.der(cert, 0)
		} else {
			d.random(list.b)
		}
	}
}

// maxDER bounds how deep a certificate is looked into.
const maxDER = 12

// der goes through DER (X.690) and replaces what names somebody. It returns false for
// what is none, which it leaves.
func (d *disguise) der(b []byte, depth int) bool {
	if depth > maxDER || !soundDER(b) {
		return false
	}
	for len(b) > 0 {
		head, length, _ := headDER(b)
		tag, body := b[0], b[head:head+length]
		switch {
		case tag&0x20 != 0: // constructed
			d.der(body, depth+1)
		case tag == 0x13 && length == 2: // a country
		case slices.Contains([]byte{0x0c, 0x13, 0x14, 0x16, 0x1a, 0x1e, 0x81, 0x82, 0x86}, tag):
			d.text(body, true)
		case tag == 0x04:
			if !d.der(body, depth+1) {
				d.random(body)
			}
		case tag == 0x03 && length > 3:
			d.bits(body[1:], depth)
		default:
			d.value(tag, body)
		}
		b = b[head+length:]
	}
	return true
}

// value is an address, a number or an identifier; others say nothing of anybody.
func (d *disguise) value(tag byte, body []byte) {
	switch {
	case tag == 0x87 && len(body) == 4:
		d.own4(body)
	case tag == 0x87 && len(body) == 16:
		d.own6(body)
	case tag == 0x02 && len(body) > 8: // a serial number, a modulus: as long, positive, odd
		d.random(body[2 : len(body)-1])
	case tag == 0x80 && len(body) > 4:
		d.random(body)
	}
}

// bits is a key or a signature. A point must lie on its curve, or the certificate is
// none any more.
func (d *disguise) bits(b []byte, depth int) {
	for _, c := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		size := (c.Params().BitSize + 7) / 8
		if len(b) == 1+2*size && b[0] == 4 && !d.learning {
			k := make([]byte, 32)
			s := d.stream("point", string(b))
			for i := range k[4:] {
				k[4+i] = byte(s.below(256))
			}
			x, y := c.ScalarBaseMult(new(big.Int).SetBytes(k).Bytes()) //nolint:staticcheck // any point will do: nobody has its key
			x.FillBytes(b[1 : 1+size])
			y.FillBytes(b[1+size:])
			return
		}
	}
	if !d.der(b, depth+1) {
		d.random(b)
	}
}

// headDER returns the lengths of a head and of the content.
func headDER(b []byte) (head, length int, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, false
	}
	head, length = 2, int(b[1])
	if n := int(b[1] & 0x7f); b[1]&0x80 != 0 {
		if n == 0 || n > 3 || len(b) < 2+n {
			return 0, 0, false
		}
		head, length = 2+n, 0
		for _, c := range b[2 : 2+n] {
			length = length<<8 | int(c)
		}
	}
	return head, length, head+length <= len(b)
}

func soundDER(b []byte) bool {
	for len(b) > 0 {
		head, length, ok := headDER(b)
		if !ok {
			return false
		}
		b = b[head+length:]
	}
	return true
}
