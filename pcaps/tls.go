package pcaps

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// The kinds of what a TLS handshake tells to everybody.
const (
	TLSHello       trace.Kind = "tls.hello"       // the phone's ClientHello; Name: the host it asks for; Detail: the versions it offers
	TLSServer      trace.Kind = "tls.server"      // the server's choice; Detail: version and cipher suite
	TLSCertificate trace.Kind = "tls.certificate" // Name: the subject; Detail: for whom and until when
	TLSData        trace.Kind = "tls.data"        // the handshake is over; Bytes: what the server sent under it
)

// tlsTalk reads the records of a TLS connection (RFC 8446 §5.1) as far as they are in
// the clear.
type tlsTalk struct {
	f         *flow
	phone     *Phone
	records   [2][]byte // of the server, of the client
	shake     [2][]byte // handshake messages
	host      string
	url       string
	start     moment
	chosen    uint16
	versions  []uint16
	cipher    [2]bool  // side has turned to encryption
	sealed    [2]int64 // bytes of application data
	seals     [2]int   // records of it
	answered  bool     // the server sent more than an alert after the phone had asked
	first     int      // length of the client's first encrypted record
	cert      *x509.Certificate
	failed    bool
	dead      bool
	helloSeen bool
	keys      tlsKeys
	inner     talk // what the secrets let us read; nil: nothing
	head      []byte
}

func newTLSTalk(f *flow, m moment) *tlsTalk {
	t := &tlsTalk{f: f, start: m}
	t.url = urlOf("https", f.server, 443, "")
	p := f.w.r.at[f.client.Addr()].real()
	if p == nil || isPhoneMaker(f.hw) {
		p = f.who()
	}
	t.phone = p
	return t
}

// maxHandshake bounds what is kept of one side's handshake, in bytes.
const maxHandshake = 128 << 10

func (t *tlsTalk) data(fromClient bool, m moment, b []byte) {
	side := 0
	if fromClient {
		side = 1
	}
	if t.dead || t.phone == nil {
		return
	}
	t.records[side] = append(t.records[side], b...)
	for !t.dead {
		r := t.records[side]
		if len(r) < 5 {
			return
		}
		length := int(binary.BigEndian.Uint16(r[3:]))
		if r[1] != 3 || length > 1<<14+2048 {
			t.noTLS(fromClient, m, r)
			return
		}
		if len(r) < 5+length {
			return
		}
		t.record(side, m, r[:5+length])
		t.records[side] = r[5+length:]
	}
}

// noTLS: the server answered in another protocol.
func (t *tlsTalk) noTLS(fromClient bool, m moment, b []byte) {
	t.dead = true
	if fromClient {
		return
	}
	detail := "the server does not speak TLS on this port"
	if strings.HasPrefix(string(b), "HTTP/") {
		detail = "the server answers in plain HTTP, not TLS"
	}
	t.fail(m, detail, trace.TLSFailure)
}

// The content types of records (RFC 8446 §5.1).
const (
	recordChangeCipher = 20
	recordAlert        = 21
	recordHandshake    = 22
	recordData         = 23
)

// record takes a record with its head.
func (t *tlsTalk) record(side int, m moment, r []byte) {
	kind, b := r[0], r[5:]
	switch {
	case t.keys.sides[side].opener != nil && kind != recordChangeCipher:
		t.open(side, m, r)
	case kind == recordAlert && !t.cipher[side] && len(b) == 2:
		t.alert(side, m, b[0], b[1])
	case kind == recordHandshake && !t.cipher[side]:
		t.handshake(side, m, b)
	case kind == recordChangeCipher && t.chosen != 0 && t.chosen < tls.VersionTLS13:
		t.cipher[side] = true
		t.keys.turn(side)
	case kind == recordData, kind == recordAlert && t.cipher[side]:
		t.count(side, len(b))
	}
}

// count counts what stays under encryption.
func (t *tlsTalk) count(side, n int) {
	if t.seals[side]++; t.seals[side] == 1 && side == 1 {
		t.first = n
	}
	t.sealed[side] += int64(n)
	t.answered = t.answered || side == 0 && t.seals[1] > 1 && n != sealedAlert
}

// handshake takes a part of the handshake in the clear, or opened.
func (t *tlsTalk) handshake(side int, m moment, b []byte) {
	if len(t.shake[side])+len(b) > maxHandshake {
		t.dead = true
		return
	}
	t.shake[side] = append(t.shake[side], b...)
	t.messages(side, m)
}

// messages reads the handshake messages that are whole (RFC 8446 §4).
func (t *tlsTalk) messages(side int, m moment) {
	for {
		b := t.shake[side]
		if len(b) < 4 {
			return
		}
		length := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		if len(b) < 4+length {
			return
		}
		body := b[4 : 4+length]
		switch {
		case b[0] == 1 && side == 1:
			t.clientHello(m, body)
		case b[0] == 2 && side == 0:
			t.serverHello(m, body)
		case b[0] == 11 && side == 0:
			t.certificate(m, body)
		case t.keys.sides[side].opener != nil:
			t.keys.message(t.chosen, side, b[0])
		}
		t.shake[side] = b[4+length:]
	}
}

func (t *tlsTalk) hole(fromClient bool, m moment) {
	if t.inner != nil && !t.dead {
		t.inner.hole(fromClient, m)
	}
	t.dead = true
}

// sealedAlert is the length of an encrypted alert of TLS 1.3: two bytes, a content type
// and the tag (RFC 8446 §5.2).
const sealedAlert = 19

// close: the connection is over. How it ended tells what happened under encryption.
func (t *tlsTalk) close(m moment) {
	if t.inner != nil {
		t.inner.close(m)
		return
	}
	if t.phone == nil || t.failed || t.dead || !t.helloSeen {
		return
	}
	detail, code := t.ending(m)
	switch {
	case code == trace.TLSFailure && t.f.cutOff(m) && t.seals[1] != 1:
		t.fail(m, endsHere, trace.NoFault)
		return
	case code != trace.NoFault:
		t.fail(m, detail, code)
		return
	}
	if !t.keys.opened {
		t.f.w.sealed++
	}
	e := t.event(TLSData, m)
	e.Bytes = t.sealed[0]
	e.Detail = fmt.Sprintf("encrypted: %d bytes asked, %d bytes answered", t.sealed[1], t.sealed[0])
	t.f.w.r.record(t.phone, e)
}

// ending says what failed; no fault where nothing did, as far as can be seen.
func (t *tlsTalk) ending(m moment) (detail string, code trace.Code) {
	if t.chosen == 0 {
		if !t.f.answered {
			return "no answer in the TLS handshake", trace.NoAnswer
		}
		return "the server ended the connection in the TLS handshake" + versionsHint(t.versions), trace.TLSFailure
	}
	if t.chosen == tls.VersionTLS13 && !t.keys.opened && t.keys.sides[1].opener == nil {
		switch {
		case t.seals[1] == 1 && t.first == sealedAlert:
			return "the phone ended the handshake with an encrypted alert, as it does when it does not accept the certificate",
				trace.TLSFailure
		case t.seals[1] > 1 && !t.answered:
			return "the server ended the connection right after the handshake, without an answer, as it does when " +
				"it demands a client certificate", trace.TLSFailure
		}
	}
	if t.sealed[1] == 0 && !t.keys.shaken {
		return "the connection ended in the TLS handshake" + t.certificateFault(m.at, 0), trace.TLSFailure
	}
	return "", trace.NoFault
}
