package pcaps

import (
	"crypto/tls"
	"encoding/binary"
)

// clientHello is what a ClientHello says (RFC 8446 §4.1.2).
type clientHello struct {
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

// The extensions that count (RFC 6066 §3, RFC 8446 §4.2.1).
const (
	extServerName = 0
	extVersions   = 43
)

func readClientHello(b []byte) clientHello {
	var h clientHello
	r := bytesIn{b, true}
	legacy := uint16(r.number(2))
	r.take(32)
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

// readServerHello returns the version and the cipher suite that the server chose.
func readServerHello(b []byte) (version, suite uint16, ok bool) {
	r := bytesIn{b, true}
	version = uint16(r.number(2))
	r.take(32)
	r.vector(1)
	suite = uint16(r.number(2))
	r.number(1)
	ok = r.ok
	all := bytesIn{r.vector(2), r.ok}
	for all.ok && len(all.b) > 0 {
		kind, body := all.number(2), all.vector(2)
		if kind == extVersions && len(body) == 2 {
			version = binary.BigEndian.Uint16(body)
		}
	}
	return version, suite, ok && version >= tls.VersionSSL30 //nolint:staticcheck // a name for what is met in the field
}
