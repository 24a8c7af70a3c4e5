package pcaps

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
)

// clientHello is what a ClientHello says (RFC 8446 §4.1.2).
type clientHello struct {
	random     [32]byte
	serverName string
	versions   []uint16
	suites     []uint16
}

// bytesIn reads vectors; a short one makes it empty for good.
type bytesIn struct {
	b  []byte
	ok bool
}

func (r *bytesIn) take(n int) []byte {
	if !r.ok || n > len(r.b) {
		r.ok = false
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *bytesIn) number(n int) int {
	v := 0
	for _, c := range r.take(n) {
		v = v<<8 | int(c)
	}
	return v
}

// vector reads one whose length stands before it in n bytes.
func (r *bytesIn) vector(n int) []byte { return r.take(r.number(n)) }

// The extensions that count (RFC 6066 §3, RFC 7366 §2, RFC 8446 §4.2.1).
const (
	extServerName     = 0
	extEncryptThenMAC = 22
	extVersions       = 43
)

func readClientHello(b []byte) clientHello {
	var h clientHello
	r := bytesIn{b, true}
	legacy := uint16(r.number(2))
	copy(h.random[:], r.take(32))
	r.vector(1)
	suites := r.vector(2)
	for ; len(suites) >= 2; suites = suites[2:] {
		h.suites = append(h.suites, binary.BigEndian.Uint16(suites))
	}
	r.vector(1)
	all := bytesIn{r.vector(2), r.ok}
	for all.ok && len(all.b) > 0 {
		kind, body := all.number(2), all.vector(2)
		switch kind {
		case extServerName:
			names := bytesIn{body, all.ok}
			names.number(2)
			names.number(1)
			h.serverName = string(names.vector(2))
		case extVersions:
			list := bytesIn{body, all.ok}
			for v := list.vector(1); len(v) >= 2; v = v[2:] {
				if n := binary.BigEndian.Uint16(v); n>>8 == 3 {
					h.versions = append(h.versions, n)
				}
			}
		}
	}
	if len(h.versions) == 0 && legacy != 0 {
		h.versions = []uint16{legacy}
	}
	return h
}

// serverHello is what a ServerHello says (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3).
type serverHello struct {
	random         [32]byte
	version, suite uint16
	etm            bool // CBC suites have the MAC outside (RFC 7366)
}

// helloRetry is the random of a ServerHello that asks for another ClientHello (RFC 8446
// §4.1.3): SHA-256 of "HelloRetryRequest".
var helloRetry = sha256.Sum256([]byte("HelloRetryRequest"))

// readServerHello returns what the server chose; false where it can't be read.
func readServerHello(b []byte) (h serverHello, ok bool) {
	r := bytesIn{b, true}
	h.version = uint16(r.number(2))
	copy(h.random[:], r.take(32))
	r.vector(1)
	h.suite = uint16(r.number(2))
	r.number(1)
	ok = r.ok
	all := bytesIn{r.vector(2), r.ok}
	for all.ok && len(all.b) > 0 {
		switch kind, body := all.number(2), all.vector(2); {
		case kind == extVersions && len(body) == 2:
			h.version = binary.BigEndian.Uint16(body)
		case kind == extEncryptThenMAC:
			h.etm = true
		}
	}
	return h, ok && h.version >= tls.VersionSSL30 //nolint:staticcheck // a name for what is met in the field
}
