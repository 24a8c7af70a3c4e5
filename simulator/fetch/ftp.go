package fetch

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// files gets files over FTP (RFC 959): one session for each host and login, kept from
// file to file. It is safe for concurrent use; one file at a time is fetched.
type files struct {
	options Options
	tls     tlsClient
	idle    time.Duration

	mu       sync.Mutex
	sessions map[login]*ftpSession
}

// login is what a session is kept for.
type login struct{ address, user, password string }

// anonymous logs in where there are no credentials (RFC 1635).
const anonymous = "anonymous"

// secret returns what no report may show; anonymous has none.
func (l login) secret() string {
	if l.user == anonymous {
		return ""
	}
	return l.password
}

func newFTP(o Options) *files {
	return &files{options: o, tls: newTLS(o.Shared), idle: idleLimit, sessions: make(map[login]*ftpSession)}
}

// Fetch implements Fetcher.
func (f *files) Fetch(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	who, path, err := ftpTarget(r)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	in := inbound{limit: r.Limit, announced: unknownLength, to: r.Body}
	peer, err := f.retrieve(ctx, who, path, r, &in)
	if err != nil {
		e := asError(ctx, r.URL, err)
		if !e.Peer.IsValid() {
			e.Peer = peer
		}
		return nil, e
	}
	return &Response{Body: in.body(), Bytes: in.n, URL: bare(r.URL), Took: time.Since(start)}, nil
}

// ftpTarget reads the URL. The path is relative to the folder of the login
// (RFC 1738 §3.2.2): ftp://host/name is "name", ftp://host//name is "/name".
func ftpTarget(r Request) (login, string, error) {
	address, err := hostPort(r.URL, "21")
	if err != nil {
		return login{}, "", err
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	who := login{address: address, user: anonymous, password: anonymous}
	if user, password, set := r.credentials(); set {
		who.user, who.password = user, password
	}
	// A line end would smuggle a command of its own to the server.
	for what, text := range map[string]string{"path": path, "user name": who.user, "password": who.password} {
		if strings.ContainsAny(text, "\r\n\x00") {
			return login{}, "", &Error{Code: trace.BadURL, Detail: "the " + what + " holds a line end or a NUL, which FTP can't carry"}
		}
	}
	if path == "" || strings.HasSuffix(path, "/") {
		return login{}, "", &Error{Code: trace.BadURL, Detail: "the URL names a folder, not a file"}
	}
	return who, path, nil
}

// Close logs out of all sessions.
func (f *files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for who, s := range f.sessions {
		s.quit()
		delete(f.sessions, who)
	}
	return nil
}

// retrieve fetches over the session that is kept for who, or a new one. A session that
// the server has closed between two files is opened anew, once (RFC 959 §5.4, 421).
func (f *files) retrieve(ctx context.Context, who login, path string, r Request, in *inbound) (netip.AddrPort, error) {
	for attempt := 1; ; attempt++ {
		s, kept := f.sessions[who]
		if !kept {
			var err error
			if s, err = f.open(ctx, who, r); err != nil {
				return s.peer, err
			}
			f.sessions[who] = s
		}
		err := s.retrieve(ctx, path, r, attempt, in)
		if !s.usable(err) {
			s.abort()
			delete(f.sessions, who)
		}
		if err == nil || !kept || !s.lost(err) || in.n > 0 || ctx.Err() != nil {
			return s.peer, err
		}
	}
}
