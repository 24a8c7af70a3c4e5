package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"
)

// How long the FTP side waits, in seconds, as ftpserverlib counts. A transfer counts
// as idle there, so the first must outlast a firmware image on a slow line.
const (
	ftpIdleSeconds = 900
	ftpDataSeconds = 15 // for the data connection to be opened
)

// ftpService serves the tree over FTP (RFC 959, RFC 2428), passive and read-only, in
// the clear or with explicit TLS (RFC 4217).
//
// ftpserverlib keeps no list of its clients and waits for none, so this does: the gate
// counts control connections and open files, and holds what must be cut.
type ftpService struct {
	server   *Server
	listener net.Listener
	local    net.IP // where passive connections may arrive; nil: anywhere
	gate     gate
	done     chan struct{} // closed when nothing is accepted any more
}

func startFTP(ctx context.Context, s *Server, address string) (service, *url.URL, error) {
	l, base, err := listenTCP(ctx, "ftp", address)
	if err != nil {
		return nil, nil, err
	}
	f := &ftpService{server: s, done: make(chan struct{})}
	if at, ok := l.Addr().(*net.TCPAddr); ok && !at.IP.IsUnspecified() {
		f.local = at.IP
	}
	f.listener = &ftpListener{Listener: l, gate: &f.gate}
	lib := ftpserver.NewFtpServer(f) // its logger is silent
	if err := lib.Listen(); err != nil {
		l.Close()
		return nil, nil, err
	}
	go func() {
		defer close(f.done)
		_ = lib.Serve() // ends by close, which its error tells
	}()
	return f, base, nil
}

// close implements service.
func (f *ftpService) close() error {
	err := f.listener.Close()
	<-f.done
	f.gate.close()
	f.gate.wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// GetSettings implements ftpserver.MainDriver.
func (f *ftpService) GetSettings() (*ftpserver.Settings, error) {
	return &ftpserver.Settings{
		Listener:          f.listener,
		Banner:            "fipsim reference server",
		IdleTimeout:       ftpIdleSeconds,
		ConnectionTimeout: ftpDataSeconds,
		// A client that forgets TYPE I gets the file's bytes all the same, as from vsftpd.
		DefaultTransferType: ftpserver.TransferTypeBinary,
		DisableActiveMode:   true, // phones ask for EPSV, then PASV
		DisableSite:         true,
		DisableMFMT:         true,
	}, nil
}

// ClientConnected implements ftpserver.MainDriver: its text is the greeting.
func (f *ftpService) ClientConnected(ftpserver.ClientContext) (string, error) {
	return "fipsim reference server", nil
}

// ClientDisconnected implements ftpserver.MainDriver.
func (f *ftpService) ClientDisconnected(ftpserver.ClientContext) {}

// AuthUser implements ftpserver.MainDriver: where no user is asked for, everybody may
// log in, anonymous or not.
func (f *ftpService) AuthUser(client ftpserver.ClientContext, user, password string) (ftpserver.ClientDriver, error) {
	o := f.server.options
	if o.User != "" && (!same(user, o.User) || !same(password, o.Password)) {
		request := ftpRequest(client, "")
		request.Outcome, request.Status = Unauthorized, "530"
		f.server.history.add(request)
		return nil, errors.New("user name or password wrong")
	}
	// The library asks for a whole file system; what would write goes to one that is
	// empty and refuses.
	return &ftpClient{Fs: afero.NewReadOnlyFs(afero.NewMemMapFs()), service: f, client: client}, nil
}

// GetTLSConfig implements ftpserver.MainDriver.
func (f *ftpService) GetTLSConfig() (*tls.Config, error) { return f.server.tlsConfig() }

// WrapPassiveListener implements ftpserver.MainDriverExtensionPassiveWrapper.
func (f *ftpService) WrapPassiveListener(l net.Listener) (net.Listener, error) {
	return &passive{Listener: l, gate: &f.gate, local: f.local}, nil
}

func ftpRequest(client ftpserver.ClientContext, name string) Request {
	return Request{
		At: time.Now(), Scheme: "ftp", Peer: addrPort(client.RemoteAddr()), Name: name, UserAgent: client.GetClientVersion(),
	}
}

// ftpListener accepts control connections and counts them.
type ftpListener struct {
	net.Listener
	gate *gate
}

// Accept implements net.Listener.
func (l *ftpListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if !l.gate.enter() {
		conn.Close()
		return nil, net.ErrClosed
	}
	if !l.gate.hold(conn) {
		conn.Close() // the library finds out at its first read
	}
	return &controlConn{Conn: conn, gate: l.gate}, nil
}

// controlConn leaves the gate when the library closes it, which is the last thing that
// it does with a client.
type controlConn struct {
	net.Conn
	gate *gate
	once sync.Once
}

// Close implements net.Conn.
func (c *controlConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.gate.release(c.Conn)
		c.gate.leave()
	})
	return err
}
