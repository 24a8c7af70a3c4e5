package fetch

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// ftpScript is an FTP server that says what it is told to: for each command a reply,
// else a well-behaved one. It has one file, whatever it is asked for.
type ftpScript struct {
	*wire.Memory
	greeting string
	replies  map[string]string // by command; "hang" says nothing, "close" hangs up
	data     string
	endless  bool // data comes again and again
	silent   bool // data stays open after its last byte
	idle     time.Duration

	mu       sync.Mutex
	commands []string
	sessions int
}

const scriptPort = 1025 // 4*256 + 1

// start puts the server on a fresh network.
func (f *ftpScript) start() *ftpScript {
	f.Memory = new(wire.Memory)
	f.HandleTCP(netip.AddrPortFrom(scriptedHost, 21), f.control)
	f.HandleTCP(netip.AddrPortFrom(scriptedHost, scriptPort), func(c net.Conn) {
		defer c.Close()
		for once := true; once || f.endless; once = false {
			if _, err := io.WriteString(c, f.data); err != nil {
				return
			}
		}
		if f.silent {
			io.Copy(io.Discard, c)
		}
	})
	return f
}

var wellBehaved = map[string]string{
	"USER": "331 password?", "PASS": "230 in", "FEAT": "500 what?", "TYPE": "200 binary", "RETR": "150 here it comes\r\n226 done",
	"EPSV": fmt.Sprintf("229 (|||%d|)", scriptPort), "PASV": "227 passive (192,0,2,80,4,1).", "QUIT": "221 bye",
}

func (f *ftpScript) control(c net.Conn) {
	defer c.Close()
	f.mu.Lock()
	f.sessions++
	greeting := f.greeting
	f.mu.Unlock()
	if greeting == "" {
		greeting = "220 ready"
	}
	if !f.say(c, greeting) {
		return
	}
	for in := bufio.NewScanner(c); in.Scan(); {
		verb, _, _ := strings.Cut(in.Text(), " ")
		f.mu.Lock()
		f.commands = append(f.commands, in.Text())
		reply, ok := f.replies[verb]
		f.mu.Unlock()
		if !ok {
			reply = wellBehaved[verb]
		}
		if !f.say(c, reply) || f.idle > 0 && verb == "RETR" && f.timeOut(c) {
			return
		}
	}
}

func (f *ftpScript) say(c net.Conn, reply string) bool {
	for line := range strings.SplitSeq(reply, "\r\n") {
		switch line {
		case "close":
			return false
		case "hang":
			io.Copy(io.Discard, c)
			return false
		}
		if _, err := io.WriteString(c, line+"\r\n"); err != nil {
			return false
		}
	}
	return true
}

// timeOut is a server that has no patience between two files.
func (f *ftpScript) timeOut(c net.Conn) bool {
	time.Sleep(f.idle)
	go io.Copy(io.Discard, c) // as a socket's buffer would
	io.WriteString(c, "421 Timeout.\r\n")
	return true
}

func (f *ftpScript) get(t *testing.T) (*kit, *Response, *Error) {
	t.Helper()
	k := &kit{Options: Options{Network: f}}
	u := mustURL(t, "ftp://192.0.2.80/a.cfg")
	res, err := k.request(t, Request{URL: u, User: "test1", Password: secret, Limit: 1000})
	synctest.Wait()
	return k, res, err
}
