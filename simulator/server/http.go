package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"time"
)

// How long an HTTP client may take.
const (
	httpHeaderTime = 10 * time.Second // to ask; also for the TLS handshake
	httpIdleTime   = 60 * time.Second // between two requests of one connection
	stallTime      = 60 * time.Second // for the next bytes of a body to go out, over FTP too
	httpHeaderSize = 64 << 10         // bytes of a request's header
)

// httpService serves the tree over HTTP/1.1 (RFC 9110, RFC 9112), with or without TLS.
type httpService struct {
	server *Server
	scheme string
	http   *http.Server
	auth   authenticator // nil: everybody may
	gate   gate
	done   chan struct{} // closed when nothing is accepted any more
}

func startHTTP(ctx context.Context, s *Server, address string) (service, *url.URL, error) {
	l, base, err := listenTCP(ctx, "http", address)
	if err != nil {
		return nil, nil, err
	}
	return serveHTTP(s, "http", l), base, nil
}

func startHTTPS(ctx context.Context, s *Server, address string) (service, *url.URL, error) {
	config, err := s.tlsConfig("http/1.1") // as phones speak it; HTTP/2 stays off
	if err != nil {
		return nil, nil, err
	}
	l, base, err := listenTCP(ctx, "https", address)
	if err != nil {
		return nil, nil, err
	}
	return serveHTTP(s, "https", tls.NewListener(l, config)), base, nil
}

func serveHTTP(s *Server, scheme string, l net.Listener) service {
	h := &httpService{server: s, scheme: scheme, auth: newAuthenticator(s.options), done: make(chan struct{})}
	h.http = &http.Server{
		Handler:           h,
		ReadTimeout:       httpHeaderTime, // of the whole request: a GET has no body to wait for
		ReadHeaderTimeout: httpHeaderTime,
		IdleTimeout:       httpIdleTime,
		MaxHeaderBytes:    httpHeaderSize,
		ErrorLog:          log.New(handshakes{h}, "", 0),
	}
	go func() {
		defer close(h.done)
		_ = h.http.Serve(l) // ends by close, which its error tells
	}()
	return h
}

// close implements service. Handlers end when their connection is cut.
func (h *httpService) close() error {
	h.gate.close()
	err := h.http.Close()
	<-h.done
	h.gate.wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ServeHTTP answers one request: GET and HEAD of a file, whole or in ranges. There are
// no listings of folders, and nothing is compressed.
func (h *httpService) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if !h.gate.enter() {
		return
	}
	defer h.gate.leave()
	request := Request{At: time.Now(), Scheme: h.scheme, Name: r.URL.Path, UserAgent: r.UserAgent()}
	request.Peer, _ = parsePeer(r.RemoteAddr)
	w := &counted{ResponseWriter: out, control: http.NewResponseController(out)}
	h.answer(w, r, &request)
	request.Bytes, request.Status = w.bytes, strconv.Itoa(w.status)
	if request.Outcome == Sent {
		request.Outcome = w.outcome(r.Method)
	}
	h.server.history.add(request)
}

func (h *httpService) answer(w *counted, r *http.Request, request *Request) {
	if h.auth != nil && !h.auth.allow(w, r) {
		request.Outcome = Unauthorized
		http.Error(w, "credentials missing or wrong", http.StatusUnauthorized)
		w.bytes = 0
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		request.refuse(w, http.StatusMethodNotAllowed, errReadOnly)
		return
	}
	f, cleaned, err := open(h.server.current(), r.URL.Path)
	request.Name = cleaned
	if err != nil {
		request.refuse(w, statusOf(err), err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", contentType(cleaned))
	request.Outcome = Sent
	http.ServeContent(w, r, "", f.modified, f)
}

// refuse answers with an error page, whose bytes are no bytes of a file.
func (r *Request) refuse(w *counted, status int, err error) {
	r.Outcome, r.Detail = outcomeOf(err), err.Error()
	http.Error(w, err.Error(), status)
	w.bytes = 0
}

func statusOf(err error) int {
	switch outcomeOf(err) {
	case NotFound:
		return http.StatusNotFound
	case Refused:
		return http.StatusForbidden
	default:
		return http.StatusInternalServerError
	}
}

// contentType tells the type by the name: what people read is text, so that a browser
// shows it.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".boot", ".cfg", ".txt":
		return "text/plain; charset=utf-8"
	case ".xml":
		return "text/xml"
	default:
		return "application/octet-stream"
	}
}
