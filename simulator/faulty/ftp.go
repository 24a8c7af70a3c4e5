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
	deadEnd bool                                              // nothing listens at the port of EPSV and PASV
	noEPSV  bool
	noPASV  bool
	// send sends the body over the data connection; nil: all of it.
	send func(data net.Conn, body []byte)
	hold bool // the data connection stays open after the last byte

	files  int               // files in one session; 0: no limit
	serial bool              // one session after the other
	slots  int               // sessions at once, those that were cut off counted too; 0: no limit
	dies   func(string) bool // lines after which nothing is served
	closes func(string) bool // lines after which the connection is closed
}

// ftpService serves sessions.
type ftpService struct {
	*Server
	fault   ftpFault
	guarded bool
	turn    sync.Mutex // of serial

	mu   sync.Mutex
	used int
	dead bool
}

func (s *Server) startFTP() error {
	for _, guarded := range []bool{false, true} {
		l, at, err := s.listen("ftp")
		if err != nil {
			return err
		}
		f := &ftpService{Server: s, fault: s.behaviour.ftp, guarded: guarded}
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
		if !f.enter() {
			continue // the client waits for a greeting
		}
		f.run(func() {
			defer f.drop(conn)
			if f.fault.serial {
				f.turn.Lock()
				defer f.turn.Unlock()
			}
			s := &ftpSession{service: f, conn: conn}
			if s.run() {
				f.leave()
			}
		})
	}
}

// enter takes a slot, and reports whether there was one.
func (f *ftpService) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead || f.fault.slots > 0 && f.used >= f.fault.slots {
		return false
	}
	f.used++
	return true
}

func (f *ftpService) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used--
}

func (f *ftpService) die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
}
