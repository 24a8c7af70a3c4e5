package fetch

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
)

// webConn is one connection with a web server, on which requests go out one after the
// other: HTTP/1.1 as net/http writes and reads it, without a goroutine. It is for one
// goroutine at a time.
type webConn struct {
	net.Conn
	idle    *idleConn // that carries it
	peer    netip.AddrPort
	buffers *webBuffers
	used    bool  // an answer came on it before
	left    int64 // bytes that may still be read of a header
	ended   bool  // the other side sends nothing more

	done <-chan struct{} // of the context that ends its waiting
	stop func() bool     // forgets that; nil: nothing does
}

// webBuffers are what a connection reads and writes through.
type webBuffers struct {
	in  *bufio.Reader
	out *bufio.Writer
}

// webBuffers returns buffers that nobody uses.
func (s *Shared) webBuffers() *webBuffers {
	if b, ok := s.web.Get().(*webBuffers); ok {
		return b
	}
	return &webBuffers{bufio.NewReader(nil), bufio.NewWriter(nil)}
}

func newWebConn(conn net.Conn, buffers *webBuffers) *webConn {
	c := &webConn{Conn: conn, idle: idleOf(conn), peer: peerOf(conn.RemoteAddr()), buffers: buffers}
	buffers.in.Reset(c)
	buffers.out.Reset(conn)
	return c
}

// close ends the connection. Nothing may be read from it any more.
func (c *webConn) close(s *Shared) {
	if c.stop != nil {
		c.stop()
	}
	c.Conn.Close()
	c.buffers.in.Reset(nil)
	c.buffers.out.Reset(nil)
	s.web.Put(c.buffers)
	c.buffers = nil
}

// errLongHeader is what reading says beyond maxHeader.
var errLongHeader = fmt.Errorf("net/http: server response headers exceeded %d bytes; aborted", maxHeader)

// Read implements io.Reader, within the limit of a header.
func (c *webConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLongHeader
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.ended = c.ended || errors.Is(err, io.EOF)
	return n, err
}

// alive reports whether the other side has neither ended a connection that was kept nor
// sent what nobody asked for (RFC 9112 §9.3, §9.5). It does not wait.
func (c *webConn) alive() bool {
	if c.ended || c.buffers.in.Buffered() > 0 {
		return false
	}
	c.left, c.idle.now = maxHeader, true
	_, err := c.buffers.in.Peek(1)
	c.idle.now = false
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errors.ErrUnsupported)
}

// lostError is what ended a connection before the first byte of an answer.
type lostError struct{ error }

// Unwrap returns the cause.
func (e lostError) Unwrap() error { return e.error }

// exchange sends a request and reads the header of the answer; keep says whether the
// connection is good for another one, once the body was read to its end. Its error is a
// lostError where nothing of an answer came.
func (c *webConn) exchange(req *http.Request) (res *http.Response, keep bool, err error) {
	c.left = maxHeader
	if err = req.Write(c.buffers.out); err == nil {
		err = c.buffers.out.Flush()
	}
	if err == nil {
		_, err = c.buffers.in.Peek(1)
	}
	if err != nil {
		return nil, false, lostError{err}
	}
	for res == nil || res.StatusCode < 200 && res.StatusCode != http.StatusSwitchingProtocols {
		// A client reads past the interim ones (RFC 9110 §15.2); maxHeader is for all of them.
		res, err = http.ReadResponse(c.buffers.in, req)
		switch {
		case err != nil && c.left <= 0:
			return nil, false, errLongHeader
		case err != nil:
			return nil, false, err
		}
	}
	c.left, c.used = unlimited, true
	return res, !res.Close && res.StatusCode >= 200 && !c.ended, nil
}

// unlimited is what may be read of a body: inbound has its own limit.
const unlimited = 1<<63 - 1

// under makes the connection's waiting end with ctx. It reports whether it can: the
// context before may have ended.
func (c *webConn) under(ctx context.Context) bool {
	if done := ctx.Done(); done != c.done {
		if c.stop != nil && !c.stop() {
			return false
		}
		c.done, c.stop = done, context.AfterFunc(ctx, c.idle.interrupt)
	}
	return !c.idle.interrupted.Load()
}

// webBody is the body of an answer. It gives the connection back: to be used again, where
// it was read to its end.
type webBody struct {
	io.ReadCloser
	web  *web
	host *webHost
	conn *webConn
	keep bool
	end  error // nil: it is not over
}

// Read implements io.Reader.
func (b *webBody) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.finish(err, b.keep && errors.Is(err, io.EOF) && !b.conn.ended)
	}
	return n, err
}

// Close implements io.Closer. What was not read is not waited for.
func (b *webBody) Close() error {
	if b.end == nil {
		b.finish(net.ErrClosed, false)
	}
	return nil
}

func (b *webBody) finish(why error, keep bool) {
	b.end = why
	b.web.give(b.host, b.conn, keep)
}
