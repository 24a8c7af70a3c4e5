package server

import (
	"net"
	"time"
)

// passive accepts a data connection. ftpserverlib listens on all of the machine's
// addresses; what arrives elsewhere than at the server's own address is turned away.
type passive struct {
	net.Listener
	gate  *gate
	local net.IP
}

// Accept implements net.Listener. The listener is held only while it waits, since the
// library closes it behind this wrapper's back.
func (p *passive) Accept() (net.Conn, error) {
	if !p.gate.hold(p.Listener) {
		p.Listener.Close()
		return nil, net.ErrClosed
	}
	defer p.gate.release(p.Listener)
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		at, ok := conn.LocalAddr().(*net.TCPAddr)
		if ok && (p.local == nil || p.local.Equal(at.IP)) && p.gate.hold(conn) {
			return &dataConn{Conn: conn, gate: p.gate}, nil
		}
		conn.Close()
	}
}

// dataConn gives up on a client that takes nothing more, which the library would wait
// for without end.
type dataConn struct {
	net.Conn
	gate *gate
}

// Read implements net.Conn; only a TLS handshake reads here.
func (c *dataConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write implements net.Conn.
func (c *dataConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stallTime)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// Close implements net.Conn.
func (c *dataConn) Close() error {
	c.gate.release(c.Conn)
	return c.Conn.Close()
}
