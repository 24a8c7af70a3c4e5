package faulty

import (
	"net"
	"sync"
)

// oneConnection accepts the next connection when the one before is closed.
func oneConnection(l net.Listener) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, 1), done: make(chan struct{})}
}

// workers serves so many connections at once. One whose client cut it off in the middle
// of a request or of an answer is never free again.
func workers(n int) func(net.Listener) net.Listener {
	return func(l net.Listener) net.Listener {
		return &limited{Listener: l, places: make(chan struct{}, n), leaks: true, done: make(chan struct{})}
	}
}

// limited is a listener for so many connections at once.
type limited struct {
	net.Listener
	places chan struct{}
	leaks  bool
	done   chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &limitedConn{Conn: conn, of: l}, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// limitedConn knows whether it was left in order.
type limitedConn struct {
	net.Conn
	of   *limited
	once sync.Once

	mu   sync.Mutex
	owed bool // something was asked, and the answer is not out
}

// Read implements net.Conn.
func (c *limitedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.owe(true)
	}
	return n, err
}

// Write implements net.Conn.
func (c *limitedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.owe(err != nil)
	return n, err
}

func (c *limitedConn) owe(owed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owed = owed
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	c.mu.Lock()
	lost := c.owed && c.of.leaks
	c.mu.Unlock()
	c.once.Do(func() {
		if !lost {
			<-c.of.places
		}
	})
	return c.Conn.Close()
}

// dying serves nothing more after bytes came that kill it: connections are taken, and
// nobody answers.
func dying(of func(b []byte, first bool) bool) func(net.Listener) net.Listener {
	return func(l net.Listener) net.Listener { return &mortal{Listener: l, of: of, dead: make(chan struct{})} }
}

type mortal struct {
	net.Listener
	of   func(b []byte, first bool) bool // first: of a connection
	dead chan struct{}
	once sync.Once
}

// Accept implements net.Listener.
func (m *mortal) Accept() (net.Conn, error) {
	conn, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &mortalConn{Conn: conn, of: m, closed: make(chan struct{})}, nil
}

type mortalConn struct {
	net.Conn
	of     *mortal
	began  bool
	closed chan struct{}
	once   sync.Once
}

// Read implements net.Conn.
func (c *mortalConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	first := !c.began
	c.began = c.began || n > 0
	if n > 0 && c.of.of(b[:n], first) {
		c.of.once.Do(func() { close(c.of.dead) })
	}
	select {
	case <-c.of.dead:
		if n > 0 {
			<-c.closed
			return 0, net.ErrClosed
		}
	default:
	}
	return n, err
}

// Close implements net.Conn.
func (c *mortalConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
