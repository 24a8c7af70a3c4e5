package faulty

import (
	"bytes"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"io"
	"log"
	"mime"
	"net"
	"net/http"
	"path"
	"time"
)

// httpFault is what a fault changes of HTTP; the zero value is RFC 9110 and RFC 9112.
type httpFault struct {
	// wrap puts a handler before the one that is right.
	wrap func(next http.Handler) http.Handler
	// login decides about credentials on the guarded side; nil: User and Password.
	login func(user, password string, given bool) loginAnswer
	// accept puts a listener before the one that is right.
	accept func(net.Listener) net.Listener
}

// loginAnswer is what becomes of credentials.
type loginAnswer int

const (
	letIn loginAnswer = iota
	challenge
	forbid
	challengeless // 401 without WWW-Authenticate
)

// httpHandler serves files. guarded asks for credentials.
type httpHandler struct {
	server  *Server
	scheme  string
	guarded bool
}

func (s *Server) startHTTP() error { return s.startWeb("http", nil) }

func (s *Server) startHTTPS() error {
	config, err := s.tlsConfig()
	if err != nil {
		return err
	}
	return s.startWeb("https", config)
}

func (s *Server) startWeb(scheme string, config *tls.Config) error {
	for _, guarded := range []bool{false, true} {
		l, at, err := s.listen(scheme)
		if err != nil {
			return err
		}
		if config != nil && s.behaviour.tls.byName {
			at.Host = "localhost:" + at.Port()
		}
		if config != nil && s.behaviour.tls.dies != nil {
			l = s.behaviour.tls.dies(l)
		}
		if config != nil {
			l = tls.NewListener(l, config)
		}
		if s.behaviour.http.accept != nil {
			l = s.behaviour.http.accept(l)
		}
		if guarded {
			s.guarded[scheme] = withLogin(at)
		} else {
			s.urls[scheme] = at
		}
		s.serveWeb(l, &httpHandler{server: s, scheme: scheme, guarded: guarded})
	}
	return nil
}

func (s *Server) serveWeb(l net.Listener, h http.Handler) {
	if wrap := s.behaviour.http.wrap; wrap != nil {
		h = wrap(h)
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 30 * time.Second, MaxHeaderBytes: 64 << 10,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connection{}, conn)
		},
		ErrorLog: log.New(io.Discard, "", 0), // a handshake that fails is a fault's affair
	}
	s.hold(server)
	s.run(func() { _ = server.Serve(l) }) // ends by Close
}

// ServeHTTP implements http.Handler.
func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.guarded && !h.admit(w, r) {
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "read only", http.StatusMethodNotAllowed)
		return
	}
	peer := hostOf(netAddr(r.RemoteAddr))
	answer := h.server.answer(request{scheme: h.scheme, name: r.URL.Path, raw: r.URL.EscapedPath(), peer: peer, agent: r.UserAgent()})
	switch {
	case answer.silent:
		select {
		case <-r.Context().Done():
		case <-h.server.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case !answer.found:
		status := http.StatusNotFound
		if answer.code != 0 {
			status = answer.code
		}
		http.Error(w, http.StatusText(status), status)
	default:
		w.Header().Set("Content-Type", contentType(r.URL.Path))
		if answer.coding != "" {
			w.Header().Set("Content-Encoding", answer.coding)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(answer.body))
	}
}

// admit asks for credentials (RFC 7617).
func (h *httpHandler) admit(w http.ResponseWriter, r *http.Request) bool {
	user, password, given := r.BasicAuth()
	decide := h.server.behaviour.http.login
	if decide == nil {
		decide = checkLogin
	}
	switch decide(user, password, given) {
	case letIn:
		return true
	case forbid:
		http.Error(w, "forbidden", http.StatusForbidden)
		return false
	case challenge:
		w.Header().Set("WWW-Authenticate", `Basic realm="phones"`)
	case challengeless:
	}
	http.Error(w, "credentials missing or wrong", http.StatusUnauthorized)
	return false
}

func checkLogin(user, password string, _ bool) loginAnswer {
	if subtle.ConstantTimeCompare([]byte(user), []byte(User))&subtle.ConstantTimeCompare([]byte(password), []byte(Password)) == 1 {
		return letIn
	}
	return challenge
}

func contentType(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// netAddr is an address that is known as text.
type netAddr string

// Network implements net.Addr.
func (netAddr) Network() string { return "tcp" }

// String implements net.Addr.
func (a netAddr) String() string { return string(a) }
