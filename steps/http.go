package steps

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/fetch"
	"github.com/fipsim/fipsim/simulator/trace"
)

// httpWait is how long the next bytes of an answer may take.
const httpWait = 10 * time.Second

// httpClient is one connection over which answers are read byte by byte. It judges
// nothing.
type httpClient struct {
	world  *world
	url    *url.URL // of the host, and with the credentials
	conn   net.Conn
	reader *bufio.Reader
	auth   string         // an Authorization to send
	pace   func(done int) // called before each piece of a body, with the bytes before it; nil: nothing
}

// httpAnswer is an answer, as far as it came.
type httpAnswer struct {
	line    string // the status line
	status  int    // 0: there is no status line
	header  textproto.MIMEHeader
	body    []byte
	framing string // how its end is told
	ended   bool   // it came to its end
	extra   int    // bytes that came after it
	close   bool   // the server closes the connection after it
	bare    string // the first line of its head that ended without CR; empty: none did
	dropped bool   // the server closed the connection after it, unannounced
	trouble string // why it did not come, or ended otherwise
}

// The ways in which the end of an answer is told (RFC 9112 §6.3).
const (
	byNothing = "nothing"
	byLength  = "Content-Length"
	byChunks  = "chunked coding"
	byClosing = "the end of the connection"
)

// hostPort is where a URL of HTTP or HTTPS leads.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// dialHTTP connects to the host of u, over TLS where its scheme says so. That TLS fails
// is the affair of rules about TLS.
func (w *world) dialHTTP(ctx context.Context, u *url.URL) (*httpClient, error) {
	var conn net.Conn
	var err error
	within, cancel := context.WithTimeout(ctx, httpWait)
	defer cancel()
	if u.Scheme == "https" {
		conn, err = fetch.DialTLS(within, fetch.Options{
			Identity: device.Identity{MAC: w.mac}, Behaviour: w.behaviour, Network: w.network(), TLS: w.tls(),
		}, hostPort(u))
	} else {
		conn, err = w.network().DialContext(within, "tcp", hostPort(u))
	}
	if err == nil {
		return &httpClient{world: w, url: u, conn: conn, reader: bufio.NewReader(conn)}, nil
	}
	var failed *fetch.Error
	if errors.As(err, &failed) && (failed.Code == trace.TLSFailure || failed.Code == trace.NoAnswer) {
		return nil, blocked("%s", failed.Detail)
	}
	return nil, harness("connecting to %s: %v", u.Host, err)
}

func (c *httpClient) close() { c.conn.Close() }

// get asks for a path as phones do, and reads the answer.
func (c *httpClient) get(path string) *httpAnswer { return c.ask(http.MethodGet, path) }

// ask sends a request, and reads the answer.
func (c *httpClient) ask(method, path string) *httpAnswer {
	lines := []string{
		method + " " + path + " HTTP/1.1", "Host: " + c.url.Host,
		"User-Agent: " + device.Identity{MAC: c.world.mac}.WithDefaults().Expand(c.world.behaviour.WithDefaults().UserAgent),
	}
	if c.auth != "" {
		lines = append(lines, "Authorization: "+c.auth)
	}
	c.note(trace.FetchRequest, "sent: "+lines[0])
	if err := c.send(strings.Join(lines, "\r\n") + "\r\n\r\n"); err != nil {
		return &httpAnswer{trouble: c.ending(err)}
	}
	a := c.answer(method)
	if a.status != 0 {
		c.note(trace.FetchReply, "came: "+a.line+", "+a.String())
	} else {
		c.note(trace.FetchReply, "came: "+a.trouble)
	}
	return a
}

// send writes a whole text.
func (c *httpClient) send(text string) error {
	_ = c.conn.SetWriteDeadline(time.Now().Add(httpWait))
	_, err := io.WriteString(c.conn, text)
	return err
}

// mostInterim bounds the interim answers before a final one.
const mostInterim = 100

// answer reads one, and passes over interim ones: "A client MUST be able to parse one or more 1xx responses received
// prior to a final response" (RFC 9110 §15.2).
func (c *httpClient) answer(method string) *httpAnswer {
	var a *httpAnswer
	for range mostInterim {
		if a = c.next(method); a.trouble != "" || a.status/100 != 1 {
			return a
		}
	}
	a.trouble = fmt.Sprintf("%d interim answers came, and no final one", mostInterim)
	return a
}

// next reads one, interim or final.
func (c *httpClient) next(method string) *httpAnswer {
	a := &httpAnswer{framing: byNothing}
	_ = c.conn.SetReadDeadline(time.Now().Add(httpWait))
	// A header is bounded; what is beyond looks like its end.
	var seen bytes.Buffer
	head := textproto.NewReader(bufio.NewReader(io.TeeReader(io.LimitReader(oneByte{c.reader}, 256<<10), &seen)))
	line, err := head.ReadLine()
	if err != nil {
		a.trouble = c.ending(err)
		return a
	}
	a.line = line
	if a.status = statusOf(line); a.status == 0 {
		a.trouble = "no status line came, but " + excerpt([]byte(line))
		return a
	}
	if a.header, err = head.ReadMIMEHeader(); err != nil {
		a.trouble = "the header does not end: " + c.ending(err)
		return a
	}
	if a.status/100 == 1 { // interim
		return a
	}
	a.bare = bareLine(seen.Bytes())
	a.close = strings.Contains(strings.ToLower(a.header.Get("Connection")), "close")
	if method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		a.ended = true
		return a
	}
	c.body(a)
	return a
}

// bareLine returns the first line of a head that ends with LF alone, shortened.
func bareLine(head []byte) string {
	for line := range bytes.Lines(head) {
		if bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte("\r\n")) {
			return strconv.QuoteToASCII(string(line[:min(len(line), 60)]))
		}
	}
	return ""
}

// oneByte reads no further than it must, so that the body stays where it is.
type oneByte struct{ *bufio.Reader }

// Read implements io.Reader.
func (o oneByte) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return o.Reader.Read(p)
}

// statusOf reads "HTTP/1.1 200 OK"; 0 where that is none.
func statusOf(line string) int {
	version, rest, _ := strings.Cut(line, " ")
	if version != "HTTP/1.1" && version != "HTTP/1.0" || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return 0
	}
	n, err := strconv.Atoi(rest[:3])
	if err != nil || n < 100 {
		return 0
	}
	return n
}

// body reads the answer's body, however its end is told.
func (c *httpClient) body(a *httpAnswer) {
	length, err := strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	var from io.Reader = c.reader
	switch {
	case strings.EqualFold(a.header.Get("Transfer-Encoding"), "chunked"):
		a.framing, from = byChunks, httputil.NewChunkedReader(c.reader)
	case a.header.Get("Content-Length") != "":
		a.framing = byLength
		if err != nil || length < 0 {
			a.trouble = "Content-Length is " + excerpt([]byte(a.header.Get("Content-Length")))
			return
		}
		from = io.LimitReader(c.reader, length)
	}
	if a.framing == byLength && length <= mostOfFile {
		a.body = make([]byte, 0, length)
	}
	buffer := make([]byte, 32<<10)
	for len(a.body) <= mostOfFile {
		_ = c.conn.SetReadDeadline(time.Now().Add(httpWait))
		if c.pace != nil {
			c.pace(len(a.body))
		}
		n, err := from.Read(buffer)
		a.body = append(a.body, buffer[:n]...)
		if err == nil {
			continue
		}
		a.ended = errors.Is(err, io.EOF) && (a.framing != byLength || int64(len(a.body)) == length)
		if !a.ended {
			a.trouble = fmt.Sprintf("%d bytes came, and then: %s", len(a.body), c.ending(err))
		}
		break
	}
	switch {
	case a.framing == byNothing && a.ended:
		a.framing = byClosing
		a.close = true
	case a.framing == byChunks && a.ended:
		_, err := textproto.NewReader(c.reader).ReadMIMEHeader() // trailers, to the empty line
		if err != nil {
			a.ended, a.trouble = false, "after the last chunk: "+c.ending(err)
		}
	}
}

// more counts the bytes that come after an answer, for a moment.
func (c *httpClient) more() int {
	_ = c.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	n, _ := io.CopyN(io.Discard, c.reader, 64<<10)
	return int(n)
}

// ended reports whether the server closes the connection soon after an answer.
func (c *httpClient) ended() bool {
	_ = c.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	_, err := c.reader.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// ending says why no more came.
func (c *httpClient) ending(err error) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("nothing came for %s", httpWait)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server ended the connection"
	default:
		return "the connection broke: " + excerpt([]byte(err.Error()))
	}
}

// note records what was sent or came, for the report.
func (c *httpClient) note(kind trace.Kind, words string) {
	c.world.record(trace.Event{Kind: kind, Peer: peerOf(c.conn.RemoteAddr()), Detail: words})
}

// String says how the answer came.
func (a *httpAnswer) String() string {
	if a.trouble != "" {
		return a.trouble
	}
	return fmt.Sprintf("status %d, %d bytes", a.status, len(a.body))
}
