package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Conditions of a failed fetch, for errors.Is. Each carries the word that events
// carry as Fault.
var (
	ErrNotFound     error = condition(trace.NotFound)     // the server has no such file: for a phone a miss, not a failure
	ErrUnauthorized error = condition(trace.Unauthorized) // credentials missing or wrong
	ErrForbidden    error = condition(trace.Forbidden)    // the server refuses this phone or file
	ErrServer       error = condition(trace.ServerError)  // the server says that it failed
	ErrNoAnswer     error = condition(trace.NoAnswer)     // silence
	ErrRefused      error = condition(trace.Refused)      // nothing listens there
	ErrUnknownHost  error = condition(trace.UnknownHost)  // the name does not resolve
	ErrUnreachable  error = condition(trace.Unreachable)  // no way to the host
	ErrTruncated    error = condition(trace.Truncated)    // the body is shorter than announced
	ErrTooLarge     error = condition(trace.TooLarge)     // more than Request.Limit
	ErrTLS          error = condition(trace.TLSFailure)   // handshake or certificate
	ErrRedirects    error = condition(trace.Redirects)    // too many, or to where a phone must not follow
	ErrProtocol     error = condition(trace.Protocol)     // an answer that breaks the protocol
	ErrBadURL       error = condition(trace.BadURL)       // not a URL that the phone can fetch
	ErrLocal        error = condition(trace.LocalFailure) // our own machine
	ErrTimeUp       error = condition(trace.TimeUp)       // the context's deadline: the time for the whole pass
	ErrCancelled    error = condition(trace.Cancelled)    // the context was cancelled
)

type condition trace.Code

// Error is the code alone; what was asked and what came stand in the *Error around it.
func (c condition) Error() string { return string(c) }

// Error is a failed fetch. Detail says in one line, without secrets, what came
// instead of the file; it does not repeat the URL.
type Error struct {
	Code   trace.Code
	URL    string         // without user info
	Peer   netip.AddrPort // who answered, where somebody did
	Detail string
	Err    error // the cause underneath, if any; may be nil
}

// Error returns "tftp://host/name: what came".
func (e *Error) Error() string {
	if e.URL == "" {
		return e.Detail
	}
	return e.URL + ": " + e.Detail
}

// Unwrap returns the cause underneath.
func (e *Error) Unwrap() error { return e.Err }

// Is matches the conditions above.
func (e *Error) Is(target error) bool {
	c, ok := target.(condition)
	return ok && trace.Code(c) == e.Code
}

// failure returns an *Error with a formatted Detail.
func failure(code trace.Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...), Err: cause}
}

// asError makes an *Error of whatever a fetcher returned, and completes its URL. An
// ended context explains all that fails after it.
func asError(ctx context.Context, u *url.URL, err error) *Error {
	e, ok := err.(*Error) //nolint:errorlint // nearly always, and errors.As is slow
	if !ok && !errors.As(err, &e) {
		e = &Error{Code: codeOf(err), Detail: explain(err), Err: err}
	}
	if !e.Peer.IsValid() {
		e.Peer = peerIn(err)
	}
	switch why := ctx.Err(); {
	case e.Code == trace.TimeUp, e.Code == trace.Cancelled: // the fetcher knows how far it came
	case errors.Is(why, context.DeadlineExceeded):
		e = &Error{Code: trace.TimeUp, Detail: "the time for the whole pass is up (option pass_time)", Err: ctx.Err()}
	case errors.Is(why, context.Canceled):
		e = &Error{Code: trace.Cancelled, Detail: "cancelled", Err: ctx.Err()}
	}
	if e.URL == "" {
		e.URL = trace.URL(u)
	}
	return e
}

// peerIn returns the address that an error of package net names.
func peerIn(err error) netip.AddrPort {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return peerOf(op.Addr)
	}
	return netip.AddrPort{}
}

// codeOf sorts what the operating system and the TLS library say.
func codeOf(err error) trace.Code {
	var (
		dns       *net.DNSError
		cert      *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &dns):
		return trace.UnknownHost
	case errors.As(err, &cert), errors.As(err, &alert), errors.As(err, &record), errors.As(err, &authority), isAlert(err):
		return trace.TLSFailure
	case errors.Is(err, syscall.ECONNREFUSED):
		return trace.Refused
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		return trace.Unreachable
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL),
		errors.Is(err, syscall.EINVAL), // from 127.0.0.1 to another machine
		errors.Is(err, os.ErrPermission):
		return trace.LocalFailure
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		strings.Contains(err.Error(), "unexpected EOF"): // before a chunked body's trailer net/http says it in words
		return trace.Truncated
	case errors.As(err, &timeout) && timeout.Timeout():
		return trace.NoAnswer
	default:
		return trace.Protocol
	}
}

// isAlert tells whether one side of TLS ended the handshake. crypto/tls has no type
// for that: it wraps the alert, or says it in words.
func isAlert(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	return strings.HasPrefix(err.Error(), "tls: ")
}
