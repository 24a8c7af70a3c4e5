package pcaps

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

func (t *tlsTalk) event(kind trace.Kind, m moment) Event {
	return Event{Event: trace.Event{Kind: kind, At: m.at, Frame: m.frame, Peer: t.f.server, URL: t.url, Took: sinceOf(t.start.at, m.at)}}
}

func (t *tlsTalk) clientHello(m moment, b []byte) {
	if t.helloSeen {
		return
	}
	t.helloSeen = true
	hello := readClientHello(b)
	t.keys.clientRandom = hello.random
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
	hello, ok := readServerHello(b)
	if !ok || hello.random == helloRetry {
		return
	}
	t.chosen = hello.version
	e := t.event(TLSServer, m)
	e.Detail = tls.VersionName(hello.version) + ", " + tls.CipherSuiteName(hello.suite)
	e.Facts = []Fact{{"tls.version", tls.VersionName(hello.version)}, {"tls.suite", tls.CipherSuiteName(hello.suite)}}
	t.f.w.r.record(t.phone, e)
	t.unlock(hello)
}

// certificate reads the first certificate of the server's chain (RFC 5246 §7.4.2; RFC
// 8446 §4.4.2, where a context of no bytes stands before it).
func (t *tlsTalk) certificate(m moment, b []byte) {
	if t.chosen >= tls.VersionTLS13 && len(b) > 0 {
		b = b[1:]
	}
	if len(b) < 6 {
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
	if t.inner != nil { // the requests that it cut off are told as such
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
	if wrong := t.certificateWrong(m.at); wrong != "" && code == trace.TLSFailure {
		e.Facts = append(e.Facts, Fact{"tls.certificate", wrong})
	}
	t.phone.weak = true
	t.f.w.r.record(t.phone, e)
}

func versionsHint(versions []uint16) string {
	if len(versions) == 0 {
		return ""
	}
	return ": have they a version in common? The phone offers " + tls.VersionName(versions[0]) + " at most"
}
