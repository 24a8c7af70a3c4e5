package fleet

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
)

// spares are sockets that one phone has done with and another one may use, with a port
// that is fresh: a phone opens a socket for every file, and to close one and make the
// next costs more than the packets of a small file. The zero value has none.
//
// Where the system cannot change a socket's port, every file has a socket of its own.
type spares struct {
	mu   sync.Mutex
	idle []*spare
	off  bool
}

// spare is a socket, and the way to what the system knows of it.
type spare struct {
	*net.UDPConn
	raw  syscall.RawConn
	port uint16
}

// mostSpares bounds how many sockets lie idle.
const mostSpares = 1024

// errNoSpare is returned where a socket must be made.
var errNoSpare = errors.New("no spare socket")

// take returns a socket bound to a port; open makes one whose port the system chose,
// where none lies idle. Its error is errNoSpare where there can be none, or that of the
// port.
func (s *spares) take(local netip.Addr, port uint16, open func() (*net.UDPConn, error)) (*spare, error) {
	s.mu.Lock()
	off := s.off
	var c *spare
	if n := len(s.idle); n > 0 && !off {
		c, s.idle = s.idle[n-1], s.idle[:n-1]
	}
	s.mu.Unlock()
	if off {
		return nil, errNoSpare
	}
	if c == nil {
		udp, err := open()
		if err != nil {
			return nil, err
		}
		c = &spare{UDPConn: udp}
		if c.raw, err = udp.SyscallConn(); err == nil {
			err = c.release()
		}
		if err != nil {
			s.stop()
			return nil, errors.Join(errNoSpare, udp.Close())
		}
	}
	switch err := c.bind(local, port); {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, errors.Join(err, s.keep(c))
	case err != nil:
		s.stop()
		return nil, errors.Join(errNoSpare, c.UDPConn.Close())
	}
	c.port = port
	return c, nil
}

// stop makes no use of spares from now on.
func (s *spares) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
}

// put takes a socket back. Its port is free when put returns.
func (s *spares) put(c *spare) error {
	if err := c.release(); err != nil {
		return errors.Join(err, c.UDPConn.Close())
	}
	return s.keep(c)
}

func (s *spares) keep(c *spare) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off || len(s.idle) >= mostSpares {
		return c.UDPConn.Close()
	}
	s.idle = append(s.idle, c)
	return nil
}

// close closes what lies idle, and what is put back later.
func (s *spares) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
	var err error
	for _, c := range s.idle {
		err = errors.Join(err, c.UDPConn.Close())
	}
	s.idle = nil
	return err
}

// portOf returns the port of an address as turns asks for it, ":1234"; false for any
// other.
func portOf(network, address string) (uint16, bool) {
	if network != "udp4" || len(address) < 2 || address[0] != ':' {
		return 0, false
	}
	port, err := strconv.ParseUint(address[1:], 10, 16)
	return uint16(port), err == nil && port > 0
}
