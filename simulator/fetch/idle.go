package fetch

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// idleLimit is the silence after which a phone gives an open TCP connection up. The
// guide names none: our choice. The whole pass has its own limit (option pass_time).
const idleLimit = 30 * time.Second

// idleConn is a connection on which each read and each write may wait for limit, so
// that silence ends a transfer and slowness does not.
type idleConn struct {
	net.Conn
	limit time.Duration

	ended       atomic.Pointer[error] // what ended reading; nil: nothing yet
	interrupted atomic.Bool           // nothing is waited for any more
	armed       atomic.Int64          // when the deadline was set, Unix time in nanoseconds
	now         bool                  // reads take what is there; for who reads alone
}

// Read implements net.Conn.
func (c *idleConn) Read(p []byte) (int, error) {
	if c.now {
		n, err := wire.ReadNow(c.Conn, p)
		if errors.Is(err, errors.ErrUnsupported) {
			err = os.ErrDeadlineExceeded // any other error is the end of a TLS connection
		}
		return n, err
	}
	c.arm()
	if c.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Read(p)
	if err != nil {
		err = c.explain(err)
		c.ended.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Write implements net.Conn.
func (c *idleConn) Write(p []byte) (int, error) {
	c.arm()
	if c.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

// arm starts the wait anew. What was begun within the last thousandth of it need not be:
// a small file is a write and two reads in as many microseconds.
func (c *idleConn) arm() {
	now := time.Now()
	if since := now.UnixNano() - c.armed.Load(); since >= 0 && since < int64(c.limit/1000) {
		return
	}
	_ = c.SetDeadline(now.Add(c.limit)) // on a closed connection: Read and Write say it better
	c.armed.Store(now.UnixNano())
}

// interrupt ends the waiting of reads and writes, those under way included, for good. It
// may be called beside them.
func (c *idleConn) interrupt() {
	c.interrupted.Store(true) // first: a deadline that is set after this is not waited for
	_ = c.SetDeadline(time.Unix(1, 0))
}

func (c *idleConn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return silence(c.limit)
	}
	return err
}

// idleOf returns the connection of ours that carries c, with TLS or without; nil where
// none does.
func idleOf(c net.Conn) *idleConn {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	i, _ := c.(*idleConn)
	return i
}

// endOf returns what ended reading from a connection of ours; nil where nothing has.
// Parsers tend to hide it behind what they make of half a line.
func endOf(c net.Conn) error {
	if i := idleOf(c); i != nil {
		if err := i.ended.Load(); err != nil {
			return *err
		}
	}
	return nil
}

// silence is the error of a server that sent nothing for so long. It is a net.Error.
type silence time.Duration

// Error says how long.
func (s silence) Error() string { return fmt.Sprintf("silence for %s", time.Duration(s)) }

// Timeout implements net.Error.
func (silence) Timeout() bool { return true }

// Temporary implements net.Error: a transfer does not go on after silence.
func (silence) Temporary() bool { return false }
