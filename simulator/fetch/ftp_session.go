package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"strconv"
	"sync"
	"time"

	"github.com/jlaffaye/ftp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// maxReply bounds what a server may say between two of our commands, in bytes: its
// greeting, its help, its list of features.
const maxReply = 64 << 10

// ftpSession is one control connection that is logged in, and the data connection of
// the file that is on its way.
type ftpSession struct {
	options Options
	who     login
	secure  *tls.Config // nil: in the clear
	idle    time.Duration
	peer    netip.AddrPort
	conn    *ftp.ServerConn

	// Of the fetch that is under way.
	ctx       context.Context //nolint:containedctx // the library's dial function has none
	request   Request
	announced int64 // bytes, as a 150 reply says; unknownLength: it doesn't
	watch     ftpWatch
	last      ftpReply // to a command of this fetch
	closing   bool     // the server said 421

	mu   sync.Mutex
	raw  []net.Conn // open connections, for abort
	dead bool
}

// open connects and logs in. The session is never nil.
func (f *files) open(ctx context.Context, who login, r Request) (*ftpSession, error) {
	s := &ftpSession{options: f.options, who: who, idle: f.idle, ctx: ctx, request: r}
	s.watch.reply = s.note
	dial := []ftp.DialOption{ftp.DialWithDialFunc(s.dial), ftp.DialWithDebugOutput(&s.watch)}
	if f.options.Shared.behaviour.FTPTLS == "explicit" {
		host, _, err := net.SplitHostPort(who.address)
		if err != nil {
			return s, err
		}
		s.secure = f.tls.forHost(host)
		dial = append(dial, ftp.DialWithExplicitTLS(s.secure))
	}
	stop := context.AfterFunc(ctx, s.abort)
	defer stop()
	var err error
	if s.conn, err = ftp.Dial(who.address, dial...); err == nil {
		err = s.conn.Login(who.user, who.password)
	}
	if err != nil {
		s.abort()
		err = s.fault(err)
		return s, err
	}
	return s, nil
}

// retrieve asks for one file and receives it.
func (s *ftpSession) retrieve(ctx context.Context, path string, r Request, attempt int, in *inbound) error {
	s.ctx, s.request, s.announced, s.last = ctx, r, unknownLength, ftpReply{}
	stop := context.AfterFunc(ctx, s.abort)
	defer stop()
	s.record(trace.Event{Kind: trace.FetchRequest, Attempt: attempt})
	body, err := s.conn.Retr(path)
	if err != nil {
		return s.fault(err)
	}
	in.announced = s.announced
	err = in.receive(ctx, body)
	if err != nil && !errors.Is(err, ErrTruncated) {
		s.abort()
		return err
	}
	return s.confirmed(err, body.Close(), in.n)
}

// confirmed judges how a transfer ended, by what receiving and the last reply said. In
// stream mode the data connection's end is the end of the file, and looks the same when
// the server gave up: only the reply 226 (or 250) tells (RFC 959 §3.4.1, §5.4).
func (s *ftpSession) confirmed(received, closed error, n int64) error {
	var reply *textproto.Error
	isReply := errors.As(closed, &reply)
	switch {
	case isReply && reply.Code == ftp.StatusTransfertAborted:
		return failure(trace.Truncated, closed, "%d bytes came, then the reply %s", n, s.words(reply))
	case isReply && reply.Code >= 400:
		return failure(trace.ServerError, closed, "%d bytes came, then the reply %s", n, s.words(reply))
	case received != nil:
		return received
	case closed == nil, isReply && reply.Code == ftp.StatusRequestedFileActionOK:
		return nil
	case isReply:
		return failure(trace.Protocol, closed,
			"%d bytes came, then the reply %s, where 226 confirms a transfer", n, s.words(reply))
	default:
		return failure(trace.Truncated, closed,
			"%d bytes came, but no reply 226 that confirms the transfer (%s)", n, clean(explain(closed), s.who.secret()))
	}
}

// dial opens the control connection, and then the data connections: always to the
// control connection's host, whatever a PASV reply names (RFC 2577 §3).
func (s *ftpSession) dial(network, address string) (net.Conn, error) {
	if !s.peer.IsValid() {
		conn, err := s.options.Network.DialContext(s.ctx, network, address)
		if err != nil {
			return nil, err
		}
		s.peer = peerOf(conn.RemoteAddr())
		s.opened(conn)
		return &ftpControl{Conn: &idleConn{Conn: conn, limit: s.idle}}, nil
	}
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return nil, &Error{Code: trace.Protocol, Detail: "the server names port " + clean(text) + " for the data connection", Err: err}
	}
	to := netip.AddrPortFrom(s.peer.Addr(), uint16(port)) //nolint:gosec // in range, see above
	conn, err := s.options.Network.DialContext(s.ctx, network, to.String())
	if err != nil {
		return nil, &Error{Code: codeOf(err), Detail: fmt.Sprintf("data connection to port %d: %s", port, explain(err)), Peer: to, Err: err}
	}
	s.opened(conn)
	conn = &idleConn{Conn: conn, limit: s.idle}
	if s.secure != nil {
		conn = tls.Client(conn, s.secure)
	}
	return conn, nil
}

// opened remembers the control connection and the newest data connection for abort.
func (s *ftpSession) opened(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.raw = append(s.raw[:min(len(s.raw), 1)], c)
	if s.dead {
		c.Close()
	}
}

// abort closes all connections, which ends what waits on them.
func (s *ftpSession) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
	for _, c := range s.raw {
		c.Close()
	}
}

// quit ends the session in peace.
func (s *ftpSession) quit() {
	_ = s.conn.Quit() // a server that is gone already is no failure
	s.abort()
}

// ftpControl is a control connection: it bounds replies, and fails for good once it
// has failed, since the library tries PASV after a failed EPSV.
type ftpControl struct {
	net.Conn
	since int // bytes read since the last write
	err   error
}

// Read implements net.Conn.
func (c *ftpControl) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.Conn.Read(p)
	if c.since += n; c.since > maxReply {
		err = &Error{Code: trace.Protocol, Detail: fmt.Sprintf("a reply of more than %d bytes", maxReply)}
	}
	if err != nil {
		c.err = err
	}
	return n, err
}

// Write implements net.Conn.
func (c *ftpControl) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	c.since = 0
	return c.Conn.Write(p)
}
