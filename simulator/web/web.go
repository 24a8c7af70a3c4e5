package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/netutil"

	"github.com/fipsim/fipsim/simulator/phone"
)

// Limits of a browser's connection.
const (
	headerTime     = 10 * time.Second // to ask
	requestTime    = 30 * time.Second // to ask and to take the answer, each
	idleTime       = 60 * time.Second // between two requests of one connection
	closeTime      = 3 * time.Second  // for answers under way when the page closes
	headerSize     = 16 << 10         // bytes of a request's header
	maxConnections = 64
)

// Options says what is shown, where and to whom.
type Options struct {
	// Listen is HOST:PORT; port 0 picks one. Empty means 127.0.0.1:0.
	Listen string
	// Password is demanded of everybody who comes, with any user name. Empty: on
	// loopback none is demanded, elsewhere Start makes one up.
	Password string
	// Phone is shown. It must be set.
	Phone Phone
	// Registrations are those of the phone's accounts; nil: it has no SIP side.
	Registrations func() []phone.Registration
	// Timeline is a sink of the phone's events; nil: the timeline stays empty.
	Timeline *Timeline
}

// Server serves the phone's management page, or a fleet's live page.
type Server struct {
	options  Options
	fleet    *fleetPage // nil: it is a phone's page
	loopback bool
	password string // demanded; empty: none
	madeUp   bool   // password, by Start
	address  net.Addr
	http     *http.Server
	stop     context.CancelFunc
	done     chan struct{} // closed when nothing is accepted any more
}

// Start listens and serves until Close. When ctx ends, streams to open pages do. Its
// error says that it cannot listen there.
func Start(ctx context.Context, o Options) (*Server, error) {
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return nil, fmt.Errorf("management page: %w", err)
	}
	s := newServer(o, l.Addr())
	s.serve(ctx, l, s.handler())
	return s, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// serve answers what comes in through l until Close.
func (s *Server) serve(ctx context.Context, l net.Listener, handler http.Handler) {
	ctx, s.stop = context.WithCancel(ctx)
	s.http = &http.Server{
		Handler:           handler,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerSize,
		ErrorLog:          log.New(io.Discard, "", 0), // what browsers do wrong is no event of the phone's
	}
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.http.Serve(netutil.LimitListener(l, maxConnections)) // ends by Close, which its error tells
	}()
}

// newServer decides who has to give a password.
func newServer(o Options, at net.Addr) *Server {
	if o.Timeline == nil {
		o.Timeline = new(Timeline)
	}
	tcp, ok := at.(*net.TCPAddr)
	s := &Server{options: o, address: at, password: o.Password, loopback: ok && tcp.IP.IsLoopback()}
	if s.password == "" && !s.loopback {
		s.password, s.madeUp = rand.Text(), true
	}
	return s
}

// URL returns where the page is. For a server on all addresses that is its loopback
// address.
func (s *Server) URL() string {
	host := s.address.String()
	if tcp, ok := s.address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
	}
	return (&url.URL{Scheme: "http", Host: host, Path: "/"}).String()
}

// MadeUpPassword returns the password that Start made up, for the one who started the
// page; empty where none is demanded or Options had one.
func (s *Server) MadeUpPassword() string {
	if s.madeUp {
		return s.password
	}
	return ""
}

// Close stops listening, ends the streams to open pages and waits for answers that are
// under way. Nothing is left running after it.
func (s *Server) Close() error {
	s.stop()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.done
	return err
}
