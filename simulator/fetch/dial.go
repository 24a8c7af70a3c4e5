package fetch

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/fipsim/fipsim/simulator/trace"
)

// DialTLS connects to address, HOST:PORT, and shakes hands as the phone does wherever
// it speaks TLS: its SIP side is no other. Its error is an *Error.
func DialTLS(ctx context.Context, o Options, address string) (net.Conn, error) {
	o, err := o.prepared()
	if err != nil {
		return nil, &Error{Code: trace.LocalFailure, Detail: err.Error(), Err: err}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, failure(trace.BadURL, err, "%s is not HOST:PORT", clean(address))
	}
	raw, err := o.Network.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, DialError(ctx, err)
	}
	conn := tls.Client(raw, newTLS(o.Shared).forHost(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, handshakeError(err, raw.RemoteAddr())
	}
	return conn, nil
}

// DialError says in the words of this package why a name could not be resolved or a
// connection not be made.
func DialError(ctx context.Context, err error) error {
	if ctx.Err() != nil && codeOf(err) == trace.Protocol {
		return &Error{Code: trace.NoAnswer, Detail: "no answer to the request for a connection", Err: err}
	}
	return &Error{Code: codeOf(err), Detail: explain(err), Peer: peerIn(err), Err: err}
}
