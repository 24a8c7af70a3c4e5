package hostile

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Named is the URL by which a phone asks that uses Resolver, of an attack at dns: a good
// server's that wants credentials, at 127.0.0.1. The bystander has the same port.
func (s *Server) Named() *url.URL {
	_, port, _ := net.SplitHostPort(s.bystander.Addr().String())
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(Name, port), Path: "/"}
}

// Resolver asks the attacking name server.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.at.Host)
	}}
}

// startNames lets a name server attack, at one port over UDP and TCP, and starts the
// server that it should name.
func (s *Server) startNames() error {
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", s.at.Host)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, l)
	s.accept(l, func(c net.Conn) { s.Attack.stream(s, c) })
	_, port, _ := net.SplitHostPort(s.bystander.Addr().String())
	if l, err = new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:"+port); err != nil {
		return err
	}
	s.closers = append(s.closers, l)
	s.accept(l, wary)
	return nil
}

// wary is a good server of one file, which asks for a password and ends each connection.
func wary(c net.Conn) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	status, body := "404 Not Found", "a.b=c\n"
	switch _, _, told := req.BasicAuth(); {
	case !told:
		status = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""
	case req.URL.Path == "/y000000000000.cfg":
		status = "200 OK"
	}
	say(c, fmt.Sprintf("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body))
}
