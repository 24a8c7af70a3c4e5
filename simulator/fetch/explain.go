package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// explain says err in words for whoever runs a provisioning server: no names of
// system calls or packages, no control characters, one line.
func explain(err error) string {
	var (
		dns   *net.DNSError
		reply *textproto.Error
		bad   textproto.ProtocolError
		op    *net.OpError
	)
	switch code := codeOf(err); {
	case errors.As(err, &dns):
		return explainDNS(dns)
	case errors.As(err, &reply):
		return clean(fmt.Sprintf("%d %s", reply.Code, reply.Msg))
	case errors.As(err, &bad):
		return "the answer breaks the protocol: " + clean(bad.Error())
	case code == trace.TLSFailure:
		return explainTLS(err)
	case code == trace.Refused:
		return "connection refused: nothing listens there"
	case code == trace.Unreachable:
		return errnoText(err, "the host cannot be reached")
	case code == trace.NoAnswer:
		if s := silence(0); errors.As(err, &s) {
			return s.Error()
		}
		if errors.As(err, &op) && op.Op == "dial" {
			return "no answer to the request for a connection"
		}
		return "no answer"
	case code == trace.Truncated:
		return "the server ended the connection"
	case code == trace.LocalFailure:
		return errnoText(err, "this machine failed")
	}
	return withoutPackage(err.Error())
}

func explainDNS(e *net.DNSError) string {
	name := clean(e.Name)
	switch {
	case e.IsNotFound:
		return "no host is called " + name
	case e.IsTimeout:
		return "no name server answers for " + name
	default:
		return "the name " + name + " can't be resolved: " + withoutPackage(e.Err)
	}
}

func errnoText(err error, otherwise string) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return otherwise
}

var packages = []string{"net/http: ", "HTTP/1.x transport connection broken: ", "http: ", "ftp: ", "tls: ", "x509: ", "digest: "}

// withoutPackage cuts the names of libraries that stand before a message.
func withoutPackage(text string) string {
	for cut := true; cut; {
		cut = false
		for _, p := range packages {
			if rest, found := strings.CutPrefix(text, p); found {
				text, cut = rest, true
			}
		}
	}
	return clean(text)
}

// explainTLS says why there is no TLS connection, and what to do.
func explainTLS(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		roots   x509.SystemRootsError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &invalid):
		return explainInvalid(invalid)
	case errors.As(err, &unknown):
		return "certificate is signed by an authority that is not trusted (give it with --ca, or --insecure)"
	case errors.As(err, &name):
		return fmt.Sprintf("certificate is for %s, not for %s", certificateNames(name.Certificate), clean(name.Host))
	case errors.As(err, &roots):
		return "this machine has no list of trusted authorities (give one with --ca, or --insecure)"
	case errors.As(err, &record) && slices.Contains([]string{"HTTP/", "<html", "<!DOC"}, string(record.RecordHeader[:])):
		return "the server answers in plain HTTP, not TLS (use http:// for this port)"
	case errors.As(err, &record):
		return "the server does not speak TLS on this port"
	}
	return explainAlert(err)
}

func explainInvalid(e x509.CertificateInvalidError) string {
	const day = time.DateOnly
	switch {
	case e.Reason == x509.Expired && time.Now().Before(e.Cert.NotBefore):
		return "certificate is not valid before " + e.Cert.NotBefore.UTC().Format(day) + " (is the clock right?)"
	case e.Reason == x509.Expired:
		return "certificate expired on " + e.Cert.NotAfter.UTC().Format(day)
	default:
		return "certificate is not valid: " + withoutPackage(e.Error())
	}
}

func certificateNames(c *x509.Certificate) string {
	if c == nil {
		return "other hosts"
	}
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	switch {
	case len(names) == 0:
		return "no host at all (it has no subject alternative name)"
	case len(names) > 4:
		names = append(names[:4], "others")
	}
	return clean(strings.Join(names, ", "))
}

// alerts are those of RFC 8446 §6.2, as crypto/tls spells them.
var alerts = []struct{ alert, words string }{
	{"protocol version not supported", "no TLS version in common: the server refuses the phone's (option tls_profile)"},
	{"unsupported protocol version", "no TLS version in common: the server chose one that the phone lacks (option tls_profile)"},
	{"handshake failure", "no TLS parameters in common (option tls_profile), or the server misses a client certificate (--cert, --key)"},
	{"insufficient security", "the server refuses the cipher suites that the phone offers as too weak (option tls_profile)"},
	{"certificate required", "the server asks for a client certificate (give one with --cert and --key)"},
	{"bad certificate", "the server refuses the client certificate, or misses one (--cert, --key)"},
	{"unknown certificate authority", "the server does not trust the authority of the client certificate (--cert, --key)"},
	{"expired certificate", "the server says that the client certificate is expired (--cert, --key)"},
	{"unrecognized name", "the server knows no host of that name (SNI)"},
}

// explainAlert explains an alert, which crypto/tls reports by text.
func explainAlert(err error) string {
	text := err.Error()
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Err != nil {
		text = op.Err.Error()
	}
	for _, known := range alerts {
		if strings.Contains(text, known.alert) {
			return known.words
		}
	}
	return "TLS failed: " + withoutPackage(text)
}
