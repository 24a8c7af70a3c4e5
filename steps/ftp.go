package steps

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// Bounds of what an FTP server may take and say.
const (
	ftpWait     = 10 * time.Second // for a reply, and for the next bytes of a file
	mostOfReply = 64 << 10         // bytes
	mostBusy    = 6                // tries at a server that says it is busy
)

// ftpSession is a control connection, reply by reply. It judges nothing.
type ftpSession struct {
	world     *world
	url       *url.URL
	name      string // what RETR asks for; empty: the path of the scenario's file
	secret    string // the password, which no report shows
	conn      net.Conn
	reader    *bufio.Reader
	wait      time.Duration // for a reply
	pasvAlone bool          // EPSV is not known
	binary    ftpReply      // to TYPE I; the zero value: it was not sent yet
	bare      string        // the first reply with a line that ended without CR; empty: there is none
	host      string        // where data connections go: the control connection's host (RFC 2577 §3)
}

// ftpReply is a reply, or why there is none.
type ftpReply struct {
	code    int    // 0: none came
	text    string // of all its lines
	trouble string // why there is none
	bare    bool   // a line of it ended without CR
}

// String is the reply, or why there is none.
func (r ftpReply) String() string {
	if r.trouble != "" {
		return r.trouble
	}
	return fmt.Sprintf("%d %s", r.code, strings.TrimSpace(strings.Split(r.text, "\n")[0]))
}

// kind is the reply's first digit (RFC 959 §4.2).
func (r ftpReply) kind() int { return r.code / 100 }

// dialFTP connects to the server of u. Its error is the harness's own.
func (w *world) dialFTP(ctx context.Context, u *url.URL) (*ftpSession, error) {
	port := u.Port()
	if port == "" {
		port = "21"
	}
	conn, err := w.network().DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, harness("connecting to %s: %v", u.Host, err)
	}
	s := &ftpSession{world: w, url: u, conn: conn, wait: ftpWait}
	s.secret, _ = u.User.Password()
	s.reader = bufio.NewReader(io.LimitReader(conn, 1<<20))
	if s.host, _, err = net.SplitHostPort(conn.RemoteAddr().String()); err != nil {
		s.close()
		return nil, harness("%v", err)
	}
	return s, nil
}

// close ends the session with QUIT, and waits for no reply: a server that keeps the places of those who leave without a
// word breaks the rule about that, and must not be at its end before that is judged.
func (s *ftpSession) close() {
	_ = s.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(s.conn, "QUIT\r\n") // the server may have gone
	s.vanish()
}

// vanish ends the connection without a word.
func (s *ftpSession) vanish() { s.conn.Close() }

// command sends a line and returns the reply to it.
func (s *ftpSession) command(line string) ftpReply {
	s.send(line)
	return s.reply()
}

// send sends a line; where that fails, no reply comes either.
func (s *ftpSession) send(line string) {
	shown := strconv.QuoteToASCII(line[:min(len(line), 200)])
	if strings.HasPrefix(line, "PASS") {
		shown = `"PASS ***"`
	}
	s.note(trace.FetchRequest, "sent: "+shown)
	_ = s.conn.SetWriteDeadline(time.Now().Add(ftpWait))
	_, _ = io.WriteString(s.conn, line+"\r\n")
}

// reply reads a reply, which may have several lines (RFC 959 §4.2).
func (s *ftpSession) reply() ftpReply {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.wait))
	var r ftpReply
	for first := true; ; first = false {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			r = ftpReply{trouble: s.noReply(err)}
			break
		}
		r.text += line
		r.bare = r.bare || !strings.HasSuffix(line, "\r\n")
		if len(r.text) > mostOfReply {
			r = ftpReply{trouble: fmt.Sprintf("a reply of more than %d bytes came", mostOfReply)}
			break
		}
		code, more, ok := replyCode(line)
		if first && !ok {
			r = ftpReply{trouble: "no FTP reply came, but " + excerpt([]byte(line))}
			break
		}
		if first {
			r.code = code
		}
		if ok && code == r.code && !more {
			r.text = r.text[len("220 "):]
			break
		}
	}
	if r.bare && s.bare == "" {
		s.bare = r.String()
	}
	s.note(trace.FetchReply, "came: "+r.String())
	return r
}

// replyCode reads "220 text" and "220-text".
func replyCode(line string) (code int, more, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if len(line) == 3 {
		line += " "
	}
	if len(line) < 4 || line[3] != ' ' && line[3] != '-' {
		return 0, false, false
	}
	code, err := strconv.Atoi(line[:3])
	return code, line[3] == '-', err == nil && code >= 100 && code < 600
}

// noReply says why none came.
func (s *ftpSession) noReply(err error) string {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Sprintf("no reply came for %s", s.wait)
	}
	return "the server ended the connection"
}

// note records a line, for the report.
func (s *ftpSession) note(kind trace.Kind, words string) {
	if s.secret != "" {
		words = strings.ReplaceAll(words, s.secret, "***")
	}
	s.world.record(trace.Event{Kind: kind, Peer: peerOf(s.conn.RemoteAddr()), Detail: words})
}

// greeting waits for 220.
func (s *ftpSession) greeting() ftpReply {
	r := s.reply()
	if r.code == 120 {
		r = s.reply()
	}
	return r
}

// login logs in as the URL has it, anonymously where it has nobody, and returns the
// last reply.
func (s *ftpSession) login() ftpReply {
	user, password := "anonymous", "anonymous"
	if s.url.User != nil {
		user, password = s.url.User.Username(), s.secret
	}
	return s.loginAs(user, password)
}

func (s *ftpSession) loginAs(user, password string) ftpReply {
	r := s.command("USER " + user)
	if r.code == 331 {
		r = s.command("PASS " + password)
	}
	return r
}

// openFTP returns a session that is logged in. A server that is busy
// gets some time (RFC 959 §5.4, 421). The reply says what is wrong where nothing is
// the harness's own fault.
func (w *world) openFTP(ctx context.Context, u *url.URL) (*ftpSession, ftpReply, error) {
	for n, wait := 1, 100*time.Millisecond; ; n, wait = n+1, 2*wait {
		s, err := w.dialFTP(ctx, u)
		if err != nil {
			return nil, ftpReply{}, err
		}
		r := s.greeting()
		if r.code == 220 {
			if r = s.login(); r.kind() == 2 {
				return s, r, nil
			}
		}
		s.close()
		if r.code != 421 || n >= mostBusy {
			return nil, r, nil
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, r, ctx.Err()
		}
	}
}
