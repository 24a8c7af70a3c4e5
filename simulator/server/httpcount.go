package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

var errReadOnly = fmt.Errorf("%w: this server is read-only", errRefused)

// counted is a ResponseWriter that remembers what went out, and gives up on a client
// that takes nothing more.
type counted struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int
	bytes   int64
	err     error
}

// WriteHeader implements http.ResponseWriter.
func (w *counted) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *counted) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(stallTime)) // refused only on a closed connection
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	w.err = errors.Join(w.err, err)
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (w *counted) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// outcome is how sending a file ended.
func (w *counted) outcome(method string) Outcome {
	announced, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	short := err == nil && method == http.MethodGet && w.bytes < announced
	switch {
	case w.status == http.StatusNotModified:
		return NotModified
	case w.status >= http.StatusBadRequest, w.err != nil, short:
		return Failed
	default:
		return Sent
	}
}

// parsePeer reads http.Request.RemoteAddr.
func parsePeer(text string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(text)
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), err
}

// handshakes takes net/http's error log, its only word on a TLS handshake that failed:
// without it a phone that doesn't trust the certificate leaves no trace.
type handshakes struct{ service *httpService }

// Write implements io.Writer with one line of the log.
func (h handshakes) Write(line []byte) (int, error) {
	const prefix = "http: TLS handshake error from "
	text, ok := strings.CutPrefix(strings.TrimSpace(string(line)), prefix)
	if !ok {
		return len(line), nil
	}
	peer, why, _ := strings.Cut(text, ": ")
	request := Request{At: time.Now(), Scheme: h.service.scheme, Outcome: Failed, Detail: "TLS handshake: " + why}
	request.Peer, _ = parsePeer(peer)
	h.service.server.history.add(request)
	return len(line), nil
}
