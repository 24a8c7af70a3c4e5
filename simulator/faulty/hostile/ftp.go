package hostile

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"time"
)

var ftpAttacks = []Attack{
	{
		Name: "ftp-endless-greeting", Scheme: "ftp", Does: "greets in a line that never ends",
		stream: func(_ *Server, c net.Conn) { say(c, "220 "); forever(c, "welcome ") },
	},
	{
		Name: "ftp-endless-reply", Scheme: "ftp", Does: "answers in lines that never end",
		stream: func(_ *Server, c net.Conn) { say(c, "220-\r\n"); forever(c, "220-welcome\r\n") },
	},
	{
		Name: "ftp-drip", Scheme: "ftp", Does: "greets a byte a second",
		stream: func(s *Server, c net.Conn) { s.drip(c, "220 "+strings.Repeat("x", 10000)) },
	},
	{
		Name: "ftp-endless-file", Scheme: "ftp", Does: "sends a file that never ends",
		stream: ftpServer(func(s *Server, c net.Conn, command string) bool { return s.ftpData(c, command, forever) }),
	},
	{
		Name: "ftp-no-data", Scheme: "ftp", Does: "opens the data connection and sends nothing",
		stream: ftpServer(func(s *Server, c net.Conn, command string) bool {
			return s.ftpData(c, command, func(net.Conn, string) { <-s.ctx.Done() })
		}),
	},
	{
		Name: "ftp-pasv-bystander", Scheme: "ftp", Does: "sends the data connection to another host",
		stream: ftpServer(func(s *Server, c net.Conn, command string) bool {
			addr, _ := s.bystander.Addr().(*net.TCPAddr)
			return passive(c, command, "127,0,0,2", addr.Port)
		}),
	},
	{
		Name: "ftp-pasv-nonsense", Scheme: "ftp", Does: "names a data port that there cannot be",
		stream: ftpServer(func(_ *Server, c net.Conn, command string) bool { return passive(c, command, "999,0,0,1", 1<<20) }),
	},
	{
		Name: "ftp-escapes", Scheme: "ftp", Does: "has terminal escape sequences and HTML in its replies",
		stream: ftpServer(func(_ *Server, c net.Conn, command string) bool {
			if command == "RETR" || command == "PASV" || command == "EPSV" {
				say(c, "550 "+Evil+"\r\n")
				return true
			}
			return false
		}),
	},
}

// ftpServer lets everybody in, and leaves the other commands to attack, which tells
// whether it has answered.
func ftpServer(attack func(s *Server, c net.Conn, command string) bool) func(*Server, net.Conn) {
	return func(s *Server, c net.Conn) {
		say(c, "220 ready\r\n")
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			command, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
			switch {
			case attack(s, c, command):
			case command == "USER":
				say(c, "331 password\r\n")
			case command == "PASS":
				say(c, "230 in\r\n")
			case command == "QUIT":
				say(c, "221 bye\r\n")
				return
			case command == "SIZE":
				say(c, "213 6\r\n")
			default:
				say(c, "200 fine\r\n")
			}
		}
	}
}

// passive answers EPSV by not knowing it, and PASV by host and port.
func passive(c net.Conn, command, host string, port int) bool {
	switch command {
	case "EPSV":
		say(c, "502 what\r\n")
	case "PASV":
		say(c, fmt.Sprintf("227 go (%s,%d,%d)\r\n", host, port>>8, port&0xff))
	case "RETR":
		say(c, "150 here it comes\r\n")
	default:
		return false
	}
	return true
}

// ftpData opens a data connection and lets send attack there.
func (s *Server) ftpData(c net.Conn, command string, send func(net.Conn, string)) bool {
	if command != "EPSV" && command != "PASV" {
		if command == "RETR" {
			say(c, "150 here it comes\r\n")
			return true
		}
		return false
	}
	l, err := new(net.ListenConfig).Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return false
	}
	s.running.Go(func() {
		defer func() { _ = l.Close() }() // one connection is all that it is for
		deadline, _ := l.(*net.TCPListener)
		_ = deadline.SetDeadline(time.Now().Add(time.Minute)) // of a listener that is open
		data, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = data.Close() }() // it was written to until nobody listened
		s.running.Go(func() { <-s.ctx.Done(); _ = data.Close() })
		send(data, "a.b=c\n")
	})
	addr, _ := l.Addr().(*net.TCPAddr)
	if command == "EPSV" {
		say(c, fmt.Sprintf("229 go (|||%d|)\r\n", addr.Port))
		return true
	}
	return passive(c, command, "127,0,0,1", addr.Port)
}
