package pcaps

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

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
	first     int      // length of the client's first encrypted record
	cert      *x509.Certificate
	failed    bool
	dead      bool
	helloSeen bool
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
		t.record(side, r[0], m, r[5:5+length])
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

func (t *tlsTalk) record(side int, kind byte, m moment, b []byte) {
	switch {
	case kind == recordAlert && !t.cipher[side] && len(b) == 2:
		t.alert(side, m, b[0], b[1])
	case kind == recordHandshake && !t.cipher[side]:
		if len(t.shake[side])+len(b) > maxHandshake {
			t.dead = true
			return
		}
		t.shake[side] = append(t.shake[side], b...)
		t.messages(side, m)
	case kind == recordChangeCipher && t.chosen != 0 && t.chosen < tls.VersionTLS13:
		t.cipher[side] = true
	case kind == recordData, kind == recordAlert && t.cipher[side]:
		if t.seals[side]++; t.seals[side] == 1 && side == 1 {
			t.first = len(b)
		}
		t.sealed[side] += int64(len(b))
	}
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
		}
		t.shake[side] = b[4+length:]
	}
}

func (t *tlsTalk) event(kind trace.Kind, m moment) Event {
	return Event{Event: trace.Event{Kind: kind, At: m.at, Frame: m.frame, Peer: t.f.server, URL: t.url, Took: sinceOf(t.start.at, m.at)}}
}

func (t *tlsTalk) clientHello(m moment, b []byte) {
	if t.helloSeen {
		return
	}
	t.helloSeen = true
	hello := readClientHello(b)
	t.host, t.versions = trace.Clean(hello.serverName), hello.versions
	if t.host != "" {
		t.url = "https://" + t.host + "/"
		if t.f.server.Port() != 443 {
			t.url = fmt.Sprintf("https://%s:%d/", t.host, t.f.server.Port())
		}
	}
	names := make([]string, len(t.versions))
	for i, v := range t.versions {
		names[i] = tls.VersionName(v)
	}
	e := t.event(TLSHello, m)
	e.Name, e.Detail = t.host, "offers "+strings.Join(names, ", ")
	e.Facts = []Fact{{"tls.sni", t.host}, {"tls.versions", strings.Join(names, ",")}, {"tls.suites", fmt.Sprint(hello.suites)}}
	t.phone.weak = true
	t.f.w.r.record(t.phone, e)
}

func (t *tlsTalk) serverHello(m moment, b []byte) {
	version, suite, ok := readServerHello(b)
	if !ok {
		return
	}
	t.chosen = version
	e := t.event(TLSServer, m)
	e.Detail = tls.VersionName(version) + ", " + tls.CipherSuiteName(suite)
	e.Facts = []Fact{{"tls.version", tls.VersionName(version)}, {"tls.suite", tls.CipherSuiteName(suite)}}
	t.f.w.r.record(t.phone, e)
}

// certificate reads the first certificate of the server's chain (RFC 5246 §7.4.2).
func (t *tlsTalk) certificate(m moment, b []byte) {
	if t.chosen >= tls.VersionTLS13 || len(b) < 6 {
		return
	}
	length := int(b[3])<<16 | int(b[4])<<8 | int(b[5])
	if len(b) < 6+length {
		return
	}
	cert, err := x509.ParseCertificate(b[6 : 6+length])
	if err != nil {
		return
	}
	t.cert = cert
	e := t.event(TLSCertificate, m)
	e.Name = trace.Clean(cert.Subject.String())
	e.Detail = fmt.Sprintf("for %s, valid until %s", certificateNames(cert), cert.NotAfter.UTC().Format(time.DateOnly))
	e.Facts = []Fact{{"tls.subject", e.Name}, {"tls.issuer", trace.Clean(cert.Issuer.String())}}
	t.f.w.r.record(t.phone, e)
}

// alert takes an alert in the clear.
func (t *tlsTalk) alert(side int, m moment, level, code byte) {
	if code == 0 { // close_notify
		return
	}
	who := [2]string{"the server", "the phone"}[side]
	if level != 2 && code == 112 { // unrecognized_name as a warning
		return
	}
	t.fail(m, fmt.Sprintf("%s ended the handshake: %s%s", who, tls.AlertError(code).Error(), t.certificateFault(m.at, code)),
		trace.TLSFailure)
}

func (t *tlsTalk) fail(m moment, detail string, code trace.Code) {
	if t.failed {
		return
	}
	t.failed = true
	e := t.event(trace.FetchFailed, m)
	e.Name, e.Fault, e.Detail = "TLS handshake", code, detail
	t.phone.weak = true
	t.f.w.r.record(t.phone, e)
}

func (t *tlsTalk) hole(bool, moment) { t.dead = true }

// sealedAlert is the length of an encrypted alert of TLS 1.3: two bytes, a content type
// and the tag (RFC 8446 §5.2).
const sealedAlert = 19

// close: the connection is over. How it ended tells what happened under encryption.
func (t *tlsTalk) close(m moment) {
	if t.phone == nil || t.failed || t.dead {
		return
	}
	switch {
	case !t.helloSeen:
	case t.chosen == 0 && t.f.answered:
		t.fail(m, "the server ended the connection in the TLS handshake"+versionsHint(t.versions), trace.TLSFailure)
	case t.chosen == 0:
		t.fail(m, "no answer in the TLS handshake", trace.NoAnswer)
	case t.chosen == tls.VersionTLS13 && t.seals[1] == 1 && t.first == sealedAlert:
		t.fail(m, "the phone ended the handshake with an encrypted alert, as it does when it does not accept the certificate",
			trace.TLSFailure)
	case t.sealed[1] == 0:
		t.fail(m, "the connection ended in the TLS handshake"+t.certificateFault(m.at, 0), trace.TLSFailure)
	default:
		e := t.event(TLSData, m)
		e.Bytes = t.sealed[0]
		e.Detail = fmt.Sprintf("encrypted: %d bytes asked, %d bytes answered", t.sealed[1], t.sealed[0])
		t.f.w.r.record(t.phone, e)
	}
}

func versionsHint(versions []uint16) string {
	if len(versions) == 0 {
		return ""
	}
	return ": have they a version in common? The phone offers " + tls.VersionName(versions[0]) + " at most"
}
