package faulty

import (
	"net"
	"sync"
)

// ftpFault is what a fault changes of FTP; the zero value is RFC 959 as phones use it:
// passive, binary, in the clear.
type ftpFault struct {
	// login decides about credentials; nil: everybody, and User and Password on the
	// guarded side.
	login func(user, password string) bool
	noAsk bool // the guarded side lets everybody in after USER

	reply   func(s *ftpSession, command, right string) string // another reply in the place of right; empty: none at all
	ascii   bool                                              // converts line ends in binary mode too
	dataTo  string                                            // the host that PASV names; empty: the server's own
	swaps   bool                                              // PASV names the port in the other byte order
	deadEnd bool                                              // nothing listens at the port of EPSV and PASV
	noEPSV  bool
	noPASV  bool
	// send sends the body over the data connection; nil: all of it.
	send        func(data net.Conn, body []byte)
	hold        bool              // the data connection stays open after the last byte
	sizeOf      func([]byte) int  // what SIZE tells; nil: the length
	shares      bool              // type and folder are the server's, not the session's
	early       bool              // 226 is sent before the body
	inBefore    bool              // whoever sends PASS is logged in, whatever is replied
	bareLines   bool              // replies end with LF alone
	smallWords  bool              // commands are known in capitals only
	noLogin     bool              // nobody needs to log in
	endsOnAbort bool              // a data connection that breaks ends the session
	unended     bool              // a session that said 550 ends, without a word
	tls         bool              // AUTH TLS is confirmed, and no handshake follows
	files       int               // files in one session; 0: no limit
	once        bool              // a file is sent once in a session
	serial      bool              // one session after the other
	slots       int               // sessions at once, those that were cut off counted too; 0: no limit
	dies        func(string) bool // lines after which nothing is served
	closes      func(string) bool // lines after which the connection is closed
}

// ftpService serves sessions.
type ftpService struct {
	*Server
	fault   ftpFault
	guarded bool
	turn    sync.Mutex // of serial

	mu     sync.Mutex
	dead   bool
	folder string // of all sessions, where they share it
	ascii  bool
	places chan struct{} // of slots; nil: there is no limit
}

func (s *Server) startFTP() error {
	for _, guarded := range []bool{false, true} {
		l, at, err := s.listen("ftp")
		if err != nil {
			return err
		}
		f := &ftpService{Server: s, fault: s.behaviour.ftp, guarded: guarded}
		if f.fault.slots > 0 {
			f.places = make(chan struct{}, f.fault.slots)
		}
		if guarded {
			s.guarded["ftp"] = withLogin(at)
		} else {
			s.urls["ftp"] = at
		}
		s.run(func() { f.accept(l) })
	}
	return nil
}

func (f *ftpService) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		f.hold(conn)
		f.run(func() { f.serve(conn) })
	}
}

// serve waits for the connection's turn, and runs its session.
func (f *ftpService) serve(conn net.Conn) {
	defer f.drop(conn)
	if f.fault.serial {
		f.turn.Lock()
		defer f.turn.Unlock()
	}
	if f.places != nil {
		select {
		case f.places <- struct{}{}:
		case <-f.ctx.Done():
			return
		}
	}
	s := &ftpSession{service: f, conn: conn}
	if s.run() && f.places != nil {
		<-f.places
	}
}

func (f *ftpService) die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}
