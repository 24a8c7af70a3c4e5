package fetch

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// idleLimit is the silence after which a phone gives an open TCP connection up. The
// guide names none: our choice. The whole pass has its own limit (option pass_time).
const idleLimit = 30 * time.Second

// idleConn is a connection on which each read and each write may wait for limit, so
// that silence ends a transfer and slowness does not.
type idleConn struct {
	net.Conn
	limit time.Duration

	ended atomic.Pointer[error] // what ended reading; nil: nothing yet
}

// Read implements net.Conn.
func (c *idleConn) Read(p []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(c.limit)) // on a closed connection: Read says it better
	n, err := c.Conn.Read(p)
	if err != nil {
		err = c.explain(err)
		c.ended.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Write implements net.Conn. It starts the wait for the answer anew: net/http has a
// read under way on a connection that it keeps.
func (c *idleConn) Write(p []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(c.limit))
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *idleConn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return silence(c.limit)
	}
	return err
}

// endOf returns what ended reading from a connection of ours, with TLS or without; nil
// where nothing has. Parsers tend to hide it behind what they make of half a line.
func endOf(c net.Conn) error {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if i, ok := c.(*idleConn); ok {
		if err := i.ended.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// silence is the error of a server that sent nothing for so long. It is a net.Error.
type silence time.Duration

func (s silence) Error() string { return fmt.Sprintf("silence for %s", time.Duration(s)) }

// Timeout implements net.Error.
func (silence) Timeout() bool { return true }

// Temporary implements net.Error: a transfer does not go on after silence.
func (silence) Temporary() bool { return false }
