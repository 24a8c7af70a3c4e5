// Package hostile has servers that do the worst to whoever asks them: each does one
// thing that no mistake explains. Where package faulty is for judging rules, this one
// is for what must survive: the phone, the suite, reports and pages.
package hostile

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Attack is one thing that a server does, by name.
type Attack struct {
	Name   string // by its protocol first: "http-endless-body"
	Scheme string // of the URL that leads to it: tftp, ftp, http, https; pnp, dhcp, dns, sip: what is asked at its host and port
	Does   string // what it does, as a sentence without a full stop

	// One of these is there; of a name server, which is asked over UDP and TCP, two.
	stream  func(*Server, net.Conn)                 // a connection
	packet  func(*Server, net.PacketConn, net.Addr) // a request, from a port of its own
	message func(*Server, message)                  // a request, from the port that was asked
}

// message is a datagram that came, and where an answer goes.
type message struct {
	raw  []byte
	conn net.PacketConn
	from net.Addr
}

func (m message) answer(text string) { send(m.conn, m.from, text) }

// All returns every attack, by protocol and name.
func All() []Attack {
	var all []Attack
	for _, list := range [][]Attack{
		tftpAttacks, ftpAttacks, httpAttacks, contentAttacks, tlsAttacks, pnpAttacks, dhcpAttacks, dnsAttacks, sipAttacks,
	} {
		all = append(all, list...)
	}
	return all
}

// Server is a server that attacks. Close it when done.
type Server struct {
	Attack Attack
	at     *url.URL
	files  net.Listener // of a good server, for attacks on the way to it
	spent  chan struct{}
	once   sync.Once
	asked  atomic.Int64

	// The bystander is another host that an attack leads to.
	bystander net.Listener
	deaf      net.PacketConn // at the same port
	reached   atomic.Int64
	mu        sync.Mutex
	told      []byte // what was said to the bystander, the beginning
	heard     []byte // what was said to the server in datagrams, the beginning

	closers []interface{ Close() error }
	ctx     context.Context //nolint:containedctx // its end is the server's
	cancel  func()
	running sync.WaitGroup
}

// tftpHost is where attacks over TFTP come from. They go on at the ports of phones that have hung up, and the next
// phone with such a port takes whatever comes first from its server's address (RFC 1350 §4): nobody else's is this one.
const tftpHost = "127.0.0.66"

// host is the address of a server whose transfers are datagrams.
func (s *Server) host() string {
	if s.Attack.Scheme == "tftp" {
		return tftpHost
	}
	return "127.0.0.1"
}

// Start lets an attack begin on free ports of 127.0.0.1 (of 127.0.0.66 over TFTP) and, for the bystander, of
// 127.0.0.2. It goes on until Close or until ctx ends. Its errors are those of sockets.
func Start(ctx context.Context, a Attack) (s *Server, err error) {
	for range 20 { // a port that is wanted twice may be another's the second time
		if s, err = start(ctx, a); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return s, err
}

func start(ctx context.Context, a Attack) (*Server, error) {
	s := &Server{Attack: a, spent: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	err := s.standBy()
	switch {
	case err != nil:
	case a.Scheme == "dns":
		if err = s.startPacket(); err == nil {
			err = s.startNames()
		}
	case a.stream != nil:
		err = s.startStream()
	case a.packet != nil:
		err = s.startPacket()
	default:
		if err = s.startFiles(); err == nil { // first: an attack leads there
			err = s.startPacket()
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// URL is where the server is, ending in a slash. Asked with credentials in it, the
// phone has something to lose.
func (s *Server) URL() *url.URL {
	u := *s.at
	return &u
}

// Spent is closed once an attack at pnp, dhcp, dns or sip has done to somebody all that it
// does.
func (s *Server) Spent() <-chan struct{} { return s.spent }

// Close ends the attack. It returns when nothing of it runs any more.
func (s *Server) Close() error {
	s.cancel()
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.running.Wait()
	return errors.Join(errs...)
}

func (s *Server) startStream() error {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, l)
	s.at = &url.URL{Scheme: s.Attack.Scheme, Host: l.Addr().String(), Path: "/"}
	s.accept(l, func(c net.Conn) { s.Attack.stream(s, c) })
	return nil
}

func (s *Server) startPacket() error {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", s.host()+":0")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, conn)
	s.at = &url.URL{Scheme: s.Attack.Scheme, Host: conn.LocalAddr().String(), Path: "/"}
	s.running.Go(func() {
		request := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(request)
			if err != nil {
				return
			}
			raw := bytes.Clone(request[:n])
			s.note(&s.heard, raw)
			if s.Attack.message == nil {
				s.running.Go(func() { s.transfer(from) })
				continue
			}
			s.running.Go(func() { s.Attack.message(s, message{raw, conn, from}) })
		}
	})
	return nil
}

// startFiles starts a good server of one file.
func (s *Server) startFiles() (err error) {
	if s.files, err = new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.closers = append(s.closers, s.files)
	good := content("", "", map[string]string{".cfg": "a.b=c\n"})
	s.accept(s.files, func(c net.Conn) { good.stream(s, c) })
	return nil
}

// good is the URL of that server.
func (s *Server) good() string { return "http://" + s.files.Addr().String() + "/" }

// first reports whether it is asked for the first time.
func (s *Server) first() bool { return s.asked.Add(1) == 1 }

// done says that an attack is spent.
func (s *Server) done() { s.once.Do(func() { close(s.spent) }) }

// transfer answers a request from a port of its own (RFC 1350 §4).
func (s *Server) transfer(from net.Addr) {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", s.host()+":0")
	if err != nil {
		return
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }() // twice does no harm
	s.Attack.packet(s, conn, from)
}

// accept serves each connection of l, until the server's end.
func (s *Server) accept(l net.Listener, serve func(net.Conn)) {
	s.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.running.Go(func() {
				stop := context.AfterFunc(s.ctx, func() { _ = c.Close() })
				defer stop()
				defer func() { _ = c.Close() }() // twice does no harm
				serve(c)
			})
		}
	})
}

// pause waits, and reports whether the server still runs.
func (s *Server) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-s.ctx.Done():
		return false
	}
}

// forever sends the same again and again, until the other side has had enough.
func forever(c net.Conn, text string) {
	many := []byte(text)
	for len(many) < 32<<10 {
		many = append(many, text...)
	}
	for {
		if _, err := c.Write(many); err != nil {
			return
		}
	}
}

// drip sends text a byte a second.
func (s *Server) drip(c net.Conn, text string) {
	for i := range len(text) {
		if _, err := c.Write([]byte(text[i : i+1])); err != nil || !s.pause(time.Second) {
			return
		}
	}
}
