package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/jlaffaye/ftp"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ftpReply is a reply's code and first line, and the command that it answers.
type ftpReply struct {
	command string // "RETR"; empty: the greeting
	code    int    // 0: the line is no reply
	text    string
}

// ftpWatch sees all that goes over a control connection, and hands on each reply. The
// library keeps for itself what PASV names, what 150 announces, and why a login failed.
type ftpWatch struct {
	reply   func(ftpReply) error // its error ends the connection
	line    []byte               // the line so far, cut at maxWatched
	command string
	until   string // "230 ": ends the reply of several lines that we are in
}

// maxWatched is how much of a line is looked at, in bytes.
const maxWatched = 1024

// Write implements io.Writer: commands and replies, line by line.
func (w *ftpWatch) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part, after, ended := bytes.Cut(rest, []byte("\n"))
		w.line = append(w.line, part[:min(len(part), maxWatched-len(w.line))]...)
		if ended {
			line := strings.TrimSuffix(string(w.line), "\r")
			w.line = w.line[:0]
			if err := w.take(line); err != nil {
				return 0, err
			}
		}
		rest = after
	}
	return len(p), nil
}

// take reads one line. Lines inside a reply of several lines may look like anything
// (RFC 959 §4.2).
func (w *ftpWatch) take(line string) error {
	if w.until != "" {
		if strings.HasPrefix(line, w.until) {
			w.until = ""
		}
		return nil
	}
	code, err := strconv.Atoi(line[:min(len(line), 3)])
	if err != nil || code < 100 || len(line) < 4 || line[3] != ' ' && line[3] != '-' {
		// A command of ours: its word alone is kept, since PASS is followed by a secret.
		word, _, _ := strings.Cut(line, " ")
		switch word {
		case "QUIT":
			return nil
		case "AUTH", "USER", "PASS", "FEAT", "TYPE", "OPTS", "PBSZ", "PROT", "PRET", "EPSV", "PASV", "RETR":
			w.command = word
			return nil
		}
		return w.reply(ftpReply{command: w.command, text: line})
	}
	if line[3] == '-' {
		w.until = line[:3] + " "
	}
	return w.reply(ftpReply{command: w.command, code: code, text: line[4:]})
}

var announcedSize = regexp.MustCompile(`\((\d{1,18}) bytes?\)`)

// note takes from a reply what the library doesn't tell.
func (s *ftpSession) note(r ftpReply) error {
	if r.code == 0 {
		what := "the reply to " + r.command
		if r.command == "" {
			what = "the greeting"
		}
		return &Error{Code: trace.Protocol, Detail: what + " is not FTP: " + clean(r.text, s.who.secret())}
	}
	s.last = r
	switch {
	case r.code == ftp.StatusNotAvailable:
		s.closing = true
	case r.code == ftp.StatusLoggedIn:
		s.tell(r, "")
	case r.command == "EPSV" && r.code != ftp.StatusExtendedPassiveMode:
		s.tell(r, "EPSV is refused, PASV comes next: ")
	case r.command == "PASV" && r.code == ftp.StatusPassiveMode:
		return s.notePASV(r)
	case r.command == "RETR" && r.code < 200:
		if m := announcedSize.FindStringSubmatch(r.text); m != nil {
			s.announced, _ = strconv.ParseInt(m[1], 10, 64) // 18 digits fit
		}
	}
	return nil
}

var passive = regexp.MustCompile(`^[^()]*\((\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})\)[^()]*$`)

// notePASV refuses a reply that the library would stumble over, and records a host
// that is not the one we talk to: the phone stays with the latter.
func (s *ftpSession) notePASV(r ftpReply) error {
	m := passive.FindStringSubmatch(r.text)
	if m == nil {
		return &Error{Code: trace.Protocol, Detail: "the reply to PASV holds no (h1,h2,h3,h4,p1,p2): " + clean(r.text, s.who.secret())}
	}
	named, err := netip.ParseAddr(strings.Join(m[1:5], "."))
	if err != nil {
		return &Error{Code: trace.Protocol, Detail: "the reply to PASV holds no address: " + clean(r.text, s.who.secret())}
	}
	if named != s.peer.Addr() {
		s.tell(r, "PASV names another host, the phone connects to "+s.peer.Addr().String()+": ")
	}
	return nil
}

// tell records a reply as an event.
func (s *ftpSession) tell(r ftpReply, meaning string) {
	s.record(trace.Event{Kind: trace.FetchReply, Detail: meaning + fmt.Sprintf("%d %s", r.code, clean(r.text, s.who.secret()))})
}

func (s *ftpSession) record(e trace.Event) {
	e.Name, e.URL, e.Peer = s.request.Name, trace.URL(s.request.URL), s.peer
	s.options.Trace.Record(e)
}

// words returns "550 No such file".
func (s *ftpSession) words(e *textproto.Error) string {
	return fmt.Sprintf("%d %s", e.Code, clean(e.Msg, s.who.secret()))
}

// fault makes an *Error of what the library said instead of a file.
func (s *ftpSession) fault(err error) error {
	var (
		own   *Error
		reply *textproto.Error
	)
	if errors.As(err, &own) {
		return own
	}
	if !errors.As(err, &reply) {
		// The library returns the bare text of a refused USER and of a refused OPTS,
		// and goes on after a 421 until the connection ends.
		code := codeOf(err)
		refused := code == trace.Protocol || s.closing && code == trace.Truncated
		if s.last.code < 400 || !refused {
			return s.lineFault(err)
		}
		reply = &textproto.Error{Code: s.last.code, Msg: s.last.text}
	}
	e := &Error{Code: trace.ServerError, Detail: s.words(reply), Err: err}
	switch {
	case s.last.command == "AUTH":
		e.Code, e.Detail = trace.TLSFailure, "the server does not offer TLS (option ftp_tls): "+e.Detail
	// 331 and 332 after PASS: the server wants more than a user and a password.
	case reply.Code == ftp.StatusNotLoggedIn, reply.Code == ftp.StatusUserOK, reply.Code == ftp.StatusLoginNeedAccount:
		e.Code = trace.Unauthorized
		if _, _, set := s.request.credentials(); set {
			e.Detail += ", with the credentials given"
		} else {
			e.Detail += ", to anonymous: no credentials are set"
		}
	case s.last.command == "RETR" && (reply.Code == ftp.StatusFileUnavailable || reply.Code == ftp.StatusPageTypeUnknown):
		e.Code = trace.NotFound
	}
	return e
}

// lineFault explains a control connection that failed.
func (s *ftpSession) lineFault(err error) *Error {
	e := &Error{Code: codeOf(err), Detail: clean(explain(err), s.who.secret()), Err: err}
	where := " before its greeting"
	if s.watch.command != "" {
		where = " after " + s.watch.command
	}
	switch {
	case e.Code == trace.Truncated && s.last.command == "AUTH":
		return handshakeError(err, nil)
	case e.Code == trace.Truncated, e.Code == trace.NoAnswer && s.peer.IsValid():
		e.Detail += where
	}
	return e
}

// usable tells whether the session can serve another file after err: where the server
// said no in good order.
func (s *ftpSession) usable(err error) bool {
	if err == nil {
		return true
	}
	var reply *textproto.Error
	return errors.As(err, &reply) && !s.closing && s.last.command == "RETR"
}

// lost tells whether the server had closed the session before the file was asked for.
func (s *ftpSession) lost(err error) bool {
	return s.closing || errors.Is(err, ErrTruncated) && s.last.command != "RETR"
}
