package pcaps

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
	"github.com/fipsim/fipsim/simulator/trace"
)

// FTPCommand is the kind of one FTP command with its reply: Name is the command, Detail
// its argument and what came back, with passwords masked. A timeline leaves them out.
const FTPCommand trace.Kind = "fetch.command"

// ftpTalk reads an FTP control connection (RFC 959), and what its data connections
// carry.
type ftpTalk struct {
	f       *flow
	phone   *Phone
	lines   [2][]byte // of the server, of the client; as far as they came
	dead    bool      // TLS took over, or a line was too long
	pending []ftpCommand
	multi   string   // the code of a reply of several lines
	dir     string   // CWD
	size    int64    // of SIZE; -1: not asked
	unsized *unsized // a SIZE that was refused; nil: none
	file    *ftpFile
	ready   *ftpData // the connection of the file that is asked for next; nil: none yet
}

type ftpCommand struct {
	m         moment
	verb, arg string
	waits     bool // a first reply 1xx came
}

// ftpFile is one RETR.
type ftpFile struct {
	name, url  string
	sent, last moment
	reply      string // the final reply; empty: not yet
	code       int
	size       int64
	body       body
	conn       *ftpData // its data connection; nil: none yet
	data       bool     // a data connection carried it
	over       bool     // and ended
	broken     bool     // by a reset of the server's
	lost       bool
}

const (
	maxFTPLine = 8 << 10
	maxPending = 100
)

func newFTPTalk(f *flow) *ftpTalk {
	t := &ftpTalk{f: f, size: -1}
	t.phone = f.who()
	if t.phone != nil {
		t.phone.likely = true
	}
	return t
}

func (t *ftpTalk) data(fromClient bool, m moment, b []byte) {
	side := 0
	if fromClient {
		side = 1
	}
	for len(b) > 0 && !t.dead && t.phone != nil {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		if len(t.lines[side])+len(line) > maxFTPLine {
			t.dead = true
			return
		}
		t.lines[side] = append(t.lines[side], line...)
		if !ended {
			return
		}
		text := strings.TrimRight(string(t.lines[side]), "\r")
		t.lines[side] = t.lines[side][:0]
		if fromClient {
			t.command(m, text)
		} else {
			t.reply(m, text)
		}
		b = rest
	}
}

func (t *ftpTalk) command(m moment, line string) {
	verb, arg, _ := strings.Cut(line, " ")
	if len(t.pending) >= maxPending {
		t.dead = true
		return
	}
	c := ftpCommand{m: m, verb: trace.Clean(strings.ToUpper(verb)), arg: trace.Clean(arg)}
	t.pending = append(t.pending, c)
	switch c.verb {
	case "PORT", "EPRT":
		t.goesOn()
		if a, ok := dataAddress(arg, t.f.client.Addr()); ok {
			t.f.w.expected[a] = t
		}
	case "RETR":
		if t.file != nil { // no client asks again before it was answered: the answer is not in the capture
			t.file.lost = t.file.lost || t.file.reply == ""
		}
		t.finishFile(m)
		t.notSized(t.path(c.arg))
		t.file = t.begin(c.m, c.arg, t.path(c.arg))
		t.size, t.ready = -1, nil
	case "CWD", "STOR", "APPE": // a folder, or a file that is new there
		t.notSized(t.path(c.arg))
	case "SIZE", "QUIT":
		t.notSized("")
	}
}

// path is a file's name with the folder that the session is in.
func (t *ftpTalk) path(name string) string {
	if t.dir != "" && !strings.HasPrefix(name, "/") {
		name = strings.TrimSuffix(t.dir, "/") + "/" + name
	}
	return name
}

// begin records that a file is asked for; nil: by nobody of interest.
func (t *ftpTalk) begin(m moment, arg, path string) *ftpFile {
	if mac, ok := macIn(arg); ok {
		t.phone = t.f.w.r.claim(t.f.client.Addr(), t.f.hw, mac)
	}
	if t.phone = t.phone.real(); t.phone == nil {
		return nil
	}
	t.phone.provisions = true
	f := &ftpFile{name: baseName(path), url: urlOf("ftp", t.f.server, 21, path), sent: m, last: m, size: t.size, conn: t.ready}
	e := f.event(trace.FetchRequest, m)
	e.Peer, e.Attempt = t.f.server, 1
	e.Facts = []Fact{{"ftp.path", path}}
	t.f.w.r.record(t.phone, e)
	return f
}

func baseName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func (f *ftpFile) event(kind trace.Kind, m moment) Event {
	return Event{Event: trace.Event{Kind: kind, At: m.at, Frame: m.frame, Name: f.name, URL: f.url, Took: sinceOf(f.sent.at, m.at)}}
}

// reply reads a line of the server. "230-" begins a reply of several lines, "230 " ends
// it (RFC 959 §4.2).
func (t *ftpTalk) reply(m moment, line string) {
	if len(line) < 3 {
		return
	}
	code, err := strconv.Atoi(line[:3])
	isLast := len(line) == 3 || line[3] == ' '
	if t.multi != "" && (line[:3] != t.multi || !isLast) {
		return
	}
	if err != nil || code < 100 || code > 599 {
		return
	}
	if !isLast {
		t.multi = line[:3]
		return
	}
	t.multi = ""
	switch code {
	case 227:
		t.passOver("PASV")
	case 229:
		t.passOver("EPSV")
	}
	if len(t.pending) == 0 { // the greeting, or 421 on its own
		return
	}
	c := &t.pending[0]
	text := trace.Clean(line)
	t.obey(m, c, code, text)
	if code < 200 {
		c.waits = true
		return
	}
	t.told(*c, code, text)
	t.pending = t.pending[1:]
}

// told records a command with its reply.
func (t *ftpTalk) told(c ftpCommand, code int, text string) {
	arg := c.arg
	if (c.verb == "PASS" || c.verb == "ACCT") && arg != "" {
		arg = config.Mask
	}
	e := Event{Event: trace.Event{Kind: FTPCommand, At: c.m.at, Frame: c.m.frame, Name: c.verb, Peer: t.f.server,
		URL:    urlOf("ftp", t.f.server, 21, ""),
		Detail: strings.TrimSpace(arg + " → " + text)}}
	e.Facts = []Fact{{"ftp.command", c.verb}, {"ftp.reply", strconv.Itoa(code)}}
	switch c.verb {
	case "PORT", "EPRT": // an accident of the run
	default:
		e.Facts = append(e.Facts, Fact{"ftp.arg", arg})
	}
	t.f.w.r.record(t.phone, e)
}

// obey draws the conclusions from a reply.
func (t *ftpTalk) obey(m moment, c *ftpCommand, code int, text string) {
	switch {
	case code == 227, code == 229:
		t.goesOn()
		if a, ok := dataAddress(text[3:], t.f.server.Addr()); ok && len(t.f.w.expected) < maxExpected {
			t.f.w.expected[a] = t
		}
	case c.verb == "CWD" && code == 250:
		t.chdir(c.arg)
	case c.verb == "SIZE" && code == 213:
		if n, err := strconv.ParseInt(strings.TrimSpace(text[3:]), 10, 64); err == nil && n >= 0 {
			t.size = n
		}
	case c.verb == "SIZE" && code == 550:
		t.unsized = &unsized{arg: c.arg, path: t.path(c.arg), sent: c.m, said: m, reply: text}
	case c.verb == "AUTH" && code == 234:
		t.dead = true
		e := Event{Event: trace.Event{Kind: trace.FetchReply, At: m.at, Frame: m.frame, Peer: t.f.server,
			Detail: "the FTP session goes on under TLS: its commands cannot be read"}}
		t.f.w.r.record(t.phone, e)
	case isLogin(c.verb) && code >= 400:
		e := Event{Event: trace.Event{Kind: trace.FetchFailed, At: m.at, Frame: m.frame, Name: ftpLogin, Peer: t.f.server,
			URL: urlOf("ftp", t.f.server, 21, ""), Fault: trace.Unauthorized, Detail: "the login was refused: " + text}}
		t.f.w.r.record(t.phone, e)
	case c.verb == "RETR" && code >= 200:
		t.retrieved(m, code, text)
	}
}

// ftpLogin stands in the place of a file's name where the login was refused.
const ftpLogin = "login"

func isLogin(verb string) bool { return verb == "USER" || verb == "PASS" }

func (t *ftpTalk) chdir(dir string) {
	if strings.HasPrefix(dir, "/") {
		t.dir = dir
		return
	}
	if len(t.dir) < maxFTPLine {
		t.dir = strings.TrimSuffix(t.dir, "/") + "/" + dir
	}
}

// hole: which replies it swallowed nobody knows, so that those to come are of commands to
// come.
func (t *ftpTalk) hole(fromClient bool, _ moment) {
	if fromClient {
		t.lines[1] = t.lines[1][:0]
		return
	}
	t.lines[0], t.multi, t.unsized = t.lines[0][:0], "", nil
	for _, c := range t.pending {
		t.told(c, 0, "the capture lacks the reply")
	}
	t.pending = t.pending[:0]
	if t.file != nil {
		t.file.lost = true
	}
}

func (t *ftpTalk) close(m moment) {
	for _, c := range t.pending {
		t.told(c, 0, "no reply")
	}
	t.finishFile(m)
	t.notSized("")
}
