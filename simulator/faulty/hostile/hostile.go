// Package hostile has servers that do the worst to whoever asks them: each does one
// thing that no mistake explains. Where package faulty is for judging rules, this one
// is for what must survive: the phone, the suite, reports and pages.
package hostile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Attack is one thing that a server does, by name.
type Attack struct {
	Name   string // by its protocol first: "http-endless-body"
	Scheme string // of the URL that leads to it: tftp, ftp, http, https
	Does   string // what it does, as a sentence without a full stop

	stream func(*Server, net.Conn)                 // tftp: nil
	packet func(*Server, net.PacketConn, net.Addr) // one request of it; else nil
}

// All returns every attack, by protocol and name.
func All() []Attack {
	var all []Attack
	for _, list := range [][]Attack{tftpAttacks, ftpAttacks, httpAttacks, contentAttacks, tlsAttacks} {
		all = append(all, list...)
	}
	return all
}

// Server is a server that attacks. Close it when done.
type Server struct {
	Attack Attack
	at     *url.URL

	// The bystander is another host that an attack leads to.
	bystander net.Listener
	reached   atomic.Int64
	mu        sync.Mutex
	told      []byte // what was said to the bystander, the beginning

	closers []interface{ Close() error }
	ctx     context.Context //nolint:containedctx // its end is the server's
	cancel  func()
	running sync.WaitGroup
}

// Start lets an attack begin on free ports of 127.0.0.1 and, for the bystander, of
// 127.0.0.2. It goes on until Close or until ctx ends. Its errors are those of sockets.
func Start(ctx context.Context, a Attack) (*Server, error) {
	s := &Server{Attack: a}
	s.ctx, s.cancel = context.WithCancel(ctx)
	err := s.standBy()
	if err == nil && a.packet != nil {
		err = s.startPacket()
	} else if err == nil {
		err = s.startStream()
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

// Reached returns how many connections the bystander got, and the first of what was
// said to it.
func (s *Server) Reached() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.reached.Load()), string(s.told)
}

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
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, conn)
	s.at = &url.URL{Scheme: s.Attack.Scheme, Host: conn.LocalAddr().String(), Path: "/"}
	s.running.Go(func() {
		request := make([]byte, 2048)
		for {
			_, from, err := conn.ReadFrom(request)
			if err != nil {
				return
			}
			s.running.Go(func() { s.transfer(from) })
		}
	})
	return nil
}

// transfer answers a request from a port of its own (RFC 1350 §4).
func (s *Server) transfer(from net.Addr) {
	conn, err := new(net.ListenConfig).ListenPacket(s.ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return
	}
	stop := context.AfterFunc(s.ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }() // twice does no harm
	s.Attack.packet(s, conn, from)
}

// standBy opens the bystander: it takes what it is told, and says nothing.
func (s *Server) standBy() error {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.2:0")
	if err != nil {
		return fmt.Errorf("the bystander: %w", err)
	}
	s.bystander = l
	s.closers = append(s.closers, l)
	s.accept(l, func(c net.Conn) {
		s.reached.Add(1)
		heard := make([]byte, 4096)
		n, _ := c.Read(heard)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.told) < 1<<16 {
			s.told = append(s.told, heard[:n]...)
		}
	})
	return nil
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
