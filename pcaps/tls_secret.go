package pcaps

import (
	"crypto/tls"
	"encoding/binary"
)

// tlsKeys is what the key log gives for one connection.
type tlsKeys struct {
	clientRandom [32]byte
	suite        suite
	sides        [2]tlsSide // of the server, of the client
	later        [2]opener  // TLS 1.2: from ChangeCipherSpec on
	opened       bool       // a record of application data was
	shaken       bool       // the phone's Finished was seen
}

// tlsSide opens the records of one side.
type tlsSide struct {
	opener  opener // nil: none, or not yet
	seq     uint64
	secret  []byte // TLS 1.3: of this opener
	traffic []byte // TLS 1.3: of the one after the handshake
}

// unlock looks for the secrets of a connection, when suite and randoms are known.
func (t *tlsTalk) unlock(h serverHello) {
	all, k := t.f.w.secrets, &t.keys
	s, known := suiteOf(h.suite)
	if !known || all == nil {
		return
	}
	k.suite = s
	if h.version < tls.VersionTLS13 {
		if master := all.find(k.clientRandom, labelMaster); master != nil {
			k.later, _ = openers12(h.version, s, master, k.clientRandom[:], h.random[:], h.etm)
		}
		return
	}
	for side, labels := range [2][2]string{{labelServerHandshake, labelServerTraffic}, {labelClientHandshake, labelClientTraffic}} {
		first := all.find(k.clientRandom, labels[0])
		k.sides[side].traffic = all.find(k.clientRandom, labels[1])
		if first != nil {
			k.sides[side].begin(s, first)
		}
	}
}

// begin starts with a new secret: its records are counted from zero.
func (s *tlsSide) begin(with suite, secret []byte) {
	s.secret, s.seq, s.opener = secret, 0, nil
	if len(secret) > 0 {
		s.opener = opener13(with, secret)
	}
}

// turn is TLS 1.2's ChangeCipherSpec.
func (k *tlsKeys) turn(side int) {
	k.sides[side] = tlsSide{opener: k.later[side]}
}

// The handshake messages after which TLS 1.3 changes keys (RFC 8446 §4).
const (
	messageFinished  = 20
	messageKeyUpdate = 24
)

// message follows TLS 1.3's changes of keys.
func (k *tlsKeys) message(version uint16, side int, kind byte) {
	s := &k.sides[side]
	k.shaken = k.shaken || kind == messageFinished && side == 1
	switch {
	case version < tls.VersionTLS13:
	case kind == messageFinished && s.traffic != nil:
		s.begin(k.suite, s.traffic)
		s.traffic = nil
	case kind == messageFinished:
		s.opener = nil
	case kind == messageKeyUpdate:
		s.begin(k.suite, nextSecret(k.suite, s.secret))
	}
}

// open takes the protection off a record.
func (t *tlsTalk) open(side int, m moment, r []byte) {
	s := &t.keys.sides[side]
	plain, kind, err := s.opener.open(s.seq, r[0], binary.BigEndian.Uint16(r[1:]), r[5:])
	if err != nil {
		t.unopened(side, len(r)-5)
		return
	}
	s.seq++
	switch kind {
	case recordAlert:
		if len(plain) == 2 {
			t.alert(side, m, plain[0], plain[1])
		}
	case recordHandshake:
		t.handshake(side, m, plain)
	case recordData:
		t.keys.opened = true
		t.plain(side, m, plain)
	}
}

// unopened is a record that the secrets do not fit. Before the first that fits, in TLS
// 1.3, it may be early data, which the server passed over (RFC 8446 §4.2.10).
func (t *tlsTalk) unopened(side, n int) {
	s := &t.keys.sides[side]
	if early := t.chosen == tls.VersionTLS13 && side == 1 && s.seq == 0 && !t.keys.opened; !early {
		t.f.w.unopened++
		s.opener = nil
		if t.inner != nil {
			t.inner.hole(side == 1, t.f.last)
			t.dead = true
		}
	}
	t.count(side, n)
}

// plain is what was said inside. What is not HTTP is counted as if it were sealed.
func (t *tlsTalk) plain(side int, m moment, b []byte) {
	if t.inner == nil && side == 1 {
		if t.head = append(t.head, b[:min(len(b), maxHead)]...); isRequestLine(t.head) {
			t.inner = newHTTPTalk(t.f, "https")
			b, t.head = append(t.head, b[min(len(b), maxHead):]...), nil
		} else if len(t.head) > maxHead {
			t.head = t.head[:maxHead]
		}
	}
	if t.inner == nil {
		t.count(side, len(b))
		return
	}
	t.inner.data(side == 1, m, b)
}
