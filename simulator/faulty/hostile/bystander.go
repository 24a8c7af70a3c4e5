package hostile

import (
	"fmt"
	"net"
)

// Reached returns how many connections and datagrams the bystander got, and the first of
// what was said to it.
func (s *Server) Reached() (int, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.reached.Load()), string(s.told)
}

// standBy opens the bystander: over TCP it asks whoever talks HTTP for credentials, and
// listens; over UDP, at the same port, it listens.
func (s *Server) standBy() (err error) {
	if s.bystander, err = new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.2:0"); err != nil {
		return fmt.Errorf("the bystander: %w", err)
	}
	s.closers = append(s.closers, s.bystander)
	if s.deaf, err = new(net.ListenConfig).ListenPacket(s.ctx, "udp", s.bystander.Addr().String()); err != nil {
		return fmt.Errorf("the bystander: %w", err)
	}
	s.closers = append(s.closers, s.deaf)
	s.accept(s.bystander, s.tempt)
	s.running.Go(func() {
		heard := make([]byte, 4096)
		for {
			n, _, err := s.deaf.ReadFrom(heard)
			if err != nil {
				return
			}
			s.reached.Add(1)
			s.tell(heard[:n])
		}
	})
	return nil
}

// tempt asks for credentials, whatever is said.
func (s *Server) tempt(c net.Conn) {
	s.reached.Add(1)
	heard := make([]byte, 4096)
	for {
		n, err := c.Read(heard)
		s.tell(heard[:n])
		if err != nil {
			return
		}
		say(c, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n"+
			"WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth\"\r\nContent-Length: 0\r\n\r\n")
	}
}

func (s *Server) tell(text []byte) { s.note(&s.told, text) }

// note keeps the beginning of what is said.
func (s *Server) note(where *[]byte, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*where) < 1<<16 {
		*where = append(*where, text...)
	}
}

// Heard returns the first of what was said to the server itself in datagrams.
func (s *Server) Heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.heard)
}
