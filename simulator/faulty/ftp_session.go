package faulty

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"time"
)

// How long the FTP side waits.
const (
	ftpIdle = 5 * time.Minute // for the next command
	ftpData = 10 * time.Second
)

// ftpSession is one control connection.
type ftpSession struct {
	service *ftpService
	conn    net.Conn
	user    string
	in      bool // logged in
	folder  string
	ascii   bool
	data    net.Listener // of the latest EPSV or PASV
	files   int          // that were asked for
	missed  int          // of those
	sent    []string     // names of those that were found
}

// run serves a session. It reports whether it ended in good order: by QUIT.
func (s *ftpSession) run() bool {
	defer s.closeData()
	s.say("", "220 ready")
	lines := bufio.NewReaderSize(s.conn, 8<<10)
	for {
		if s.conn.SetReadDeadline(time.Now().Add(ftpIdle)) != nil {
			return false
		}
		raw, err := lines.ReadSlice('\n')
		if err != nil {
			return false
		}
		line := strings.TrimRight(string(raw), "\r\n")
		f := &s.service.fault
		if f.dies != nil && f.dies(line) {
			s.service.die()
		}
		if s.service.isDead() {
			continue
		}
		if f.closes != nil && f.closes(line) {
			return true
		}
		word, rest, _ := strings.Cut(line, " ")
		if !f.smallWords {
			word = strings.ToUpper(word)
		}
		if !s.command(word, rest) {
			return true
		}
	}
}

func (f *ftpService) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// say sends a reply, as the fault would have it.
func (s *ftpSession) say(command, right string) {
	if f := s.service.fault.reply; f != nil {
		right = f(s, command, right)
	}
	if right != "" {
		if s.service.fault.bareLines {
			right = strings.ReplaceAll(right, "\r\n", "\n") + "\n"
		} else {
			right += "\r\n"
		}
		_, _ = s.conn.Write([]byte(right)) // the next read finds a connection that is gone
	}
}

// command carries one out. It returns false where the session is over.
func (s *ftpSession) command(word, argument string) bool {
	if word == "QUIT" {
		s.say(word, "221 bye")
		return false
	}
	if reply, ok := s.login(word, argument); ok {
		s.say(word, reply)
		return true
	}
	if !s.in && !s.service.fault.noLogin && word != "AUTH" {
		s.say(word, "530 log in first")
		return true
	}
	switch word {
	case "AUTH":
		if s.service.fault.tls {
			s.say(word, "234 go ahead")
			return true
		}
		s.say(word, "502 not implemented")
	case "RETR":
		return s.retrieve(argument)
	case "EPSV", "PASV":
		s.say(word, s.passive(word))
	default:
		s.say(word, s.simple(word, argument))
	}
	return true
}

// login handles USER and PASS.
func (s *ftpSession) login(word, argument string) (reply string, ok bool) {
	f := &s.service.fault
	switch word {
	case "USER":
		s.user, s.in = argument, false
		if s.service.guarded && f.noAsk {
			s.in = true
			return "230 welcome", true
		}
		return "331 and the password?", true
	case "PASS":
		s.in = !s.service.guarded || s.user == User && argument == Password
		if f.login != nil && s.service.guarded {
			s.in = f.login(s.user, argument)
		}
		if !s.in {
			s.in = f.inBefore
			return "530 user name or password wrong", true
		}
		return "230 welcome", true
	}
	return "", false
}

// simple answers the commands that need no data connection.
func (s *ftpSession) simple(word, argument string) string {
	defer s.share(word)
	switch word {
	case "TYPE":
		s.ascii = strings.HasPrefix(strings.ToUpper(argument), "A")
		return "200 type is " + argument
	case "FEAT":
		return "211-features\r\n EPSV\r\n SIZE\r\n UTF8\r\n211 end"
	case "OPTS", "NOOP", "MODE", "STRU":
		return "200 done"
	case "SYST":
		return "215 UNIX Type: L8"
	case "PWD":
		return fmt.Sprintf("257 %q is the folder", "/"+s.folder)
	case "CWD":
		s.folder = strings.TrimPrefix(path.Join("/", s.resolve(argument)), "/")
		return "250 done"
	case "SIZE":
		r := s.service.answer(request{scheme: "ftp", name: s.resolve(argument), raw: argument, peer: hostOf(s.conn.RemoteAddr())})
		if !r.found {
			return "550 no such file"
		}
		if tell := s.service.fault.sizeOf; tell != nil {
			return fmt.Sprintf("213 %d", tell(r.body))
		}
		return fmt.Sprintf("213 %d", len(r.body))
	case "STOR", "APPE", "DELE", "MKD", "RMD", "RNFR":
		return "550 read only"
	default:
		return "502 not implemented"
	}
}

// share makes a setting of this session that of all, where sessions share theirs.
func (s *ftpSession) share(word string) {
	f := s.service
	if !f.fault.shares {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch word {
	case "TYPE":
		f.ascii = s.ascii
	case "CWD":
		f.folder = s.folder
	}
}

// shared takes the settings of all for those of this session.
func (s *ftpSession) shared() {
	if f := s.service; f.fault.shares {
		f.mu.Lock()
		defer f.mu.Unlock()
		s.folder, s.ascii = f.folder, f.ascii
	}
}

// resolve puts the current folder before a name that is relative.
func (s *ftpSession) resolve(name string) string {
	if strings.HasPrefix(name, "/") || s.folder == "" {
		return name
	}
	return s.folder + "/" + name
}

// retrieve sends a file. It returns false where the session is over.
func (s *ftpSession) retrieve(name string) bool {
	f := &s.service.fault
	s.shared()
	s.files++
	if f.files > 0 && s.files > f.files {
		s.say("RETR", "500 too many")
		return true
	}
	r := s.service.answer(request{scheme: "ftp", name: s.resolve(name), raw: name, peer: hostOf(s.conn.RemoteAddr())})
	switch {
	case r.silent:
		return true
	case !r.found, f.once && slices.Contains(s.sent, name):
		code := 550
		if r.code != 0 {
			code = r.code
		}
		s.say("RETR", fmt.Sprintf("%d no such file", code))
		return !f.unended
	case s.data == nil:
		s.say("RETR", "425 use EPSV or PASV first")
		return true
	}
	s.sent = append(s.sent, name)
	body := r.body
	if s.ascii || f.ascii {
		body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	s.say("RETR", "150 here it comes")
	if f.early {
		s.say("226", "226 done")
		return strings.HasPrefix(s.send(body), "226")
	}
	end := s.send(body)
	s.say("226", end)
	return !f.endsOnAbort || strings.HasPrefix(end, "226")
}
