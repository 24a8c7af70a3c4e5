package wire

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// ReadNow reads what has come on a TCP connection, and does not wait for more. Where
// nothing has come its error is os.ErrDeadlineExceeded; io.EOF says that the other side
// has ended the connection, errors.ErrUnsupported that this system cannot tell. Nobody
// else may read from conn meanwhile.
func ReadNow(conn net.Conn, b []byte) (int, error) {
	switch c := conn.(type) {
	case interface{ ReadNow(b []byte) (int, error) }:
		return c.ReadNow(b)
	case syscall.Conn:
		raw, err := c.SyscallConn()
		if err != nil {
			return 0, err
		}
		return readNow(raw, b)
	default:
		return 0, errors.ErrUnsupported
	}
}

// ReadNow is wire.ReadNow for a connection whose bytes are recorded.
func (c *tappedConn) ReadNow(b []byte) (int, error) {
	n, err := ReadNow(c.Conn, b)
	c.came(b[:n], err)
	return n, err
}

// ReadNow is wire.ReadNow for a connection in memory: a pipe whose deadline is over
// tells first whether the other side has ended it. What that has to say cannot be had
// without waiting.
func (c memoryConn) ReadNow(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now()) // on a pipe that was ended: Read says it better
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	return c.Read(b)
}
