package fetch

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// rsaSuites are the cipher suites of TLS 1.2 in which the key exchange is RSA (RFC 5246
// appendix A.5, RFC 5288): what a device offers whose library knows no elliptic curves.
var rsaSuites = []uint16{
	tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
	tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
}

// tlsClient is the phone's side of TLS, for HTTPS and for FTP.
type tlsClient struct {
	config   *tls.Config // without a host
	profile  string      // option tls_profile
	verified *verified
}

// newTLS returns the side of one pass: its sessions are its own.
func newTLS(s *Shared) tlsClient {
	c := &tls.Config{
		InsecureSkipVerify: s.tls.Insecure, //nolint:gosec // the user asked for it
		Certificates:       s.tls.Certificates,
		KeyLogWriter:       s.tls.KeyLog,
		RootCAs:            s.roots,
		MinVersion:         tls.VersionTLS12,
		// An FTP server may demand that the data connection goes on with the session
		// of the control connection.
		ClientSessionCache: tls.NewLRUClientSessionCache(0),
	}
	if s.behaviour.TLSProfile == "tls12-rsa" {
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, rsaSuites
	}
	return tlsClient{config: c, profile: s.behaviour.TLSProfile, verified: &s.verified}
}

// forHost returns the configuration for talking to host.
func (t tlsClient) forHost(host string) *tls.Config {
	c := t.config.Clone()
	c.ServerName = host
	if t.profile == "no-sni" {
		c.ServerName = "" // crypto/tls sends the name that it knows
		c.ClientSessionCache = hostCache{c.ClientSessionCache, host}
	}
	if !c.InsecureSkipVerify {
		c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection checks
		c.VerifyConnection = func(s tls.ConnectionState) error { return t.verified.check(s, c.RootCAs, host) }
	}
	return c
}

// hostCache keeps sessions by host where crypto/tls, knowing no name, would keep them
// by address and port: an FTP data connection has a port of its own.
type hostCache struct {
	tls.ClientSessionCache
	host string
}

// Get implements tls.ClientSessionCache.
func (h hostCache) Get(string) (*tls.ClientSessionState, bool) {
	return h.ClientSessionCache.Get(h.host)
}

// Put implements tls.ClientSessionCache.
func (h hostCache) Put(_ string, s *tls.ClientSessionState) { h.ClientSessionCache.Put(h.host, s) }

// dial connects and shakes hands. Each read and write may wait for idle.
func (t tlsClient) dial(ctx context.Context, n wire.Network, address string, idle time.Duration) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	raw, err := n.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(&idleConn{Conn: raw, limit: idle}, t.forHost(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, handshakeError(err, raw.RemoteAddr())
	}
	return conn, nil
}

// handshakeError sorts what ended a handshake.
func handshakeError(err error, peer net.Addr) *Error {
	e := &Error{Code: codeOf(err), Detail: explain(err), Peer: peerOf(peer), Err: err}
	switch e.Code { //nolint:exhaustive // the other codes say enough
	case trace.NoAnswer:
		e.Detail += " in the TLS handshake"
	case trace.Truncated:
		// Many servers hang up on a client with which they have no version in common.
		e.Code, e.Detail = trace.TLSFailure, "the server ended the connection in the TLS handshake"
	case trace.Protocol:
		e.Code = trace.TLSFailure
	}
	return e
}
