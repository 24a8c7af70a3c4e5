package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

// ftpFetch is how a file came over one session, as far as it came: each step is looked
// at by a rule of its own.
type ftpFetch struct {
	login   ftpReply // where there was no session: the reply that refused it
	folder  ftpReply // to CWD, where it was refused
	binary  ftpReply // to TYPE I
	epsv    ftpReply
	pasv    ftpReply // where EPSV was refused
	port    int      // for the data connection; 0: none was named
	opened  bool
	dialled string // why it was not
	begin   ftpReply
	body    []byte
	ended   bool // the server closed the data connection
	end     ftpReply
}

// fetch gets the scenario's file over a session.
func (s *ftpSession) fetch(ctx context.Context) (*ftpFetch, error) {
	f := new(ftpFetch)
	data, err := s.passive(ctx, f)
	if data == nil || err != nil {
		return f, err
	}
	defer data.Close()
	if f.begin = s.command("RETR " + s.path()); f.begin.kind() != 1 {
		return f, nil
	}
	if err := s.receive(ctx, f, data, 0); err != nil {
		return f, err
	}
	data.Close() // some servers confirm only then
	f.end = s.reply()
	return f, nil
}

// path is the URL's, relative to the folder of the login (RFC 1738 §3.2.2).
func (s *ftpSession) path() string {
	if s.name != "" {
		return s.name
	}
	return strings.TrimPrefix(s.world.talk.file.url.Path, "/")
}

// passive asks for a data connection, and opens it; nil where there is none.
func (s *ftpSession) passive(ctx context.Context, f *ftpFetch) (net.Conn, error) {
	if s.binary == (ftpReply{}) {
		s.binary = s.command("TYPE I")
	}
	if f.binary = s.binary; f.binary.kind() != 2 {
		return nil, nil
	}
	if !s.pasvAlone {
		f.epsv = s.command("EPSV")
	}
	if f.epsv.code == 229 {
		f.port = epsvPort(f.epsv.text)
	}
	if f.port == 0 && f.epsv.trouble == "" {
		f.pasv = s.command("PASV")
		f.port = int(pasvAddress(f.pasv).Port())
	}
	if f.port == 0 {
		return nil, nil
	}
	within, cancel := context.WithTimeout(ctx, ftpWait)
	defer cancel()
	conn, err := s.world.network().DialContext(within, "tcp", net.JoinHostPort(s.host, strconv.Itoa(f.port)))
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f.dialled = fmt.Sprintf("port %d: %v", f.port, errors.Unwrap(err))
		s.note(trace.FetchReply, "no data connection: "+f.dialled)
		return nil, nil
	}
	f.opened = true
	return conn, nil
}

// epsvPort reads "... (|||6446|)" (RFC 2428 §3); 0 where that is not there.
func epsvPort(text string) int {
	from, to := strings.LastIndexByte(text, '('), strings.LastIndexByte(text, ')')
	if from < 0 || to < from+6 {
		return 0
	}
	inside := text[from+1 : to]
	d := inside[:1]
	if !strings.HasPrefix(inside, d+d+d) || !strings.HasSuffix(inside, d) {
		return 0
	}
	port, err := strconv.Atoi(strings.Trim(inside, d))
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}

// sixNumbers are the host and the port in a reply to PASV. Parentheses may be missing
// (RFC 1123 §4.1.2.6).
var sixNumbers = regexp.MustCompile(`(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})`)

// pasvAddress reads "227 ... (h1,h2,h3,h4,p1,p2)" (RFC 959 §4.1.2). It is not valid where
// that is not there.
func pasvAddress(r ftpReply) netip.AddrPort {
	numbers := sixNumbers.FindStringSubmatch(r.text)
	if r.code != 227 || numbers == nil {
		return netip.AddrPort{}
	}
	var six [6]byte
	for i, text := range numbers[1:] {
		n, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return netip.AddrPort{}
		}
		six[i] = byte(n)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(six[:4])), uint16(six[4])<<8|uint16(six[5]))
}

// receive reads the data connection to its end, or until most bytes have come; 0: no
// such bound. After the bytes that are known to be all, the end must come in time.
func (s *ftpSession) receive(ctx context.Context, f *ftpFetch, data net.Conn, most int) error {
	stop := context.AfterFunc(ctx, func() { _ = data.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	buffer := make([]byte, 32<<10)
	for most == 0 || len(f.body) < most {
		_ = data.SetReadDeadline(time.Now().Add(ftpWait))
		n, err := data.Read(buffer)
		f.body = append(f.body, buffer[:n]...)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, os.ErrDeadlineExceeded):
			s.note(trace.FetchReply, fmt.Sprintf("nothing more came for %s, after %d bytes", ftpWait, len(f.body)))
			return nil
		case err != nil:
			f.ended = errors.Is(err, io.EOF)
			s.note(trace.FetchReply, fmt.Sprintf("%d bytes came, and the data connection ended", len(f.body)))
			return nil
		case len(f.body) > mostOfFile:
			return harness("the file is longer than %d bytes", mostOfFile)
		}
	}
	return nil
}

// whole reports whether the file came as it is, and was confirmed.
func (f *ftpFetch) whole(file served) bool { return f.ended && f.end.kind() == 2 && f.same(file) }

// same reports whether the bytes are those of the file; of a file that is not ours only
// that there are some.
func (f *ftpFetch) same(file served) bool {
	return bytes.Equal(f.body, file.body) || !file.published && len(f.body) > 0
}

// String says how far the file came.
func (f *ftpFetch) String() string {
	switch {
	case f.login.code != 0 || f.login.trouble != "":
		return "there was no session: " + f.login.String()
	case f.folder.code != 0 || f.folder.trouble != "":
		return "to CWD: " + f.folder.String()
	case f.binary.kind() != 2:
		return "to TYPE I: " + f.binary.String()
	case f.port == 0 && f.epsv.trouble != "":
		return "to EPSV: " + f.epsv.String()
	case f.port == 0:
		return "no port was named for the data connection: " + f.pasv.String()
	case !f.opened:
		return "the data connection could not be opened: " + f.dialled
	case f.begin.kind() != 1:
		return "to RETR: " + f.begin.String()
	case !f.ended:
		return fmt.Sprintf("%d bytes came, and then neither more nor an end", len(f.body))
	default:
		return fmt.Sprintf("%d bytes came, and then: %s", len(f.body), f.end)
	}
}
