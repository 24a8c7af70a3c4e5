package fetch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// Answers that are wrong in themselves, in bytes.
func TestHTTPBadAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   error
		words  []string
	}{
		"half a body, then silence": {
			"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", ErrNoAnswer,
			[]string{"silence for 30s", "4 of 100 bytes"},
		},
		"half a header, then silence": {"HTTP/1.1 200 OK\r\nContent-", ErrNoAnswer, []string{"silence for 30s"}},
		"nothing at all":              {"", ErrNoAnswer, []string{"silence for 30s"}},
		"more than announced allowed": {
			"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", ErrTooLarge, []string{"2000 bytes announced", "1000"},
		},
		"chunks without end": {
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + strings.Repeat("x", 2048), ErrTooLarge,
			[]string{"more than the limit of 1000 bytes"},
		},
		"a bad chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ErrProtocol, []string{"0 bytes"}},
		"two lengths": {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ErrProtocol, nil},
		"not HTTP":    {"220 FTP server\x1b[2J ready\r\n", ErrProtocol, []string{"not HTTP"}},
		"TLS":         {"\x15\x03\x01\x00\x02\x02\x0a\r\n", ErrProtocol, []string{"https://"}},
		"endless header": {
			"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Fill: "+strings.Repeat("x", 1000)+"\r\n", 100), ErrProtocol,
			[]string{"header"},
		},
		"redirect to nowhere": {
			"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", ErrProtocol, []string{"302 Found without a Location"},
		},
		"redirect to a bad URL": {
			"HTTP/1.1 302 Found\r\nLocation: http://u:" + "s3cr3t&%zz@[x/\r\nContent-Length: 0\r\n\r\n", ErrRedirects,
			[]string{"not a URL"},
		},
		"redirect to a file": {
			"HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", ErrRedirects,
			[]string{"scheme file"},
		},
		"redirect to FTP": {
			"HTTP/1.1 307 Moved\r\nLocation: ftp://server/\r\nContent-Length: 0\r\n\r\n", ErrRedirects,
			[]string{"scheme ftp"},
		},
		"redirect loop": {
			"HTTP/1.1 302 Found\r\nLocation: http://u:p@SERVER/x\r\nContent-Length: 0\r\n\r\n", ErrRedirects,
			[]string{"more than 5 redirects (option max_redirects)", "http://SERVER/x"},
		},
		"401 without a challenge": {"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", ErrUnauthorized, []string{"without a challenge"}},
		"401 by an unknown scheme": {
			"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", ErrUnauthorized,
			[]string{"Negotiate", "Basic and Digest"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := scriptHTTP(test.answer)
				m.AddHost("SERVER", scriptedHost)
				k := &kit{Options: Options{Network: m}}
				_, err := k.request(t, Request{URL: mustURL(t, "http://server/0021f2000001.cfg"), Limit: 1000})
				fails(t, err, test.want, test.words...)
				synctest.Wait()
			})
		})
	}
}

// A server that ends the connection early.
func TestHTTPShortBody(t *testing.T) {
	for name, test := range map[string]struct{ answer, words string }{
		"announced": {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "the body ended after 4 of 100 bytes"},
		"chunked":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf", "the body ended after 4 bytes"},
		"no header": {"HTTP/1.1 200 OK\r\nContent-Le", "the server ended the connection"},
		"nothing":   {"", "the server ended the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := new(wire.Memory)
				m.HandleTCP(netip.AddrPortFrom(scriptedHost, 80), func(c net.Conn) {
					defer c.Close()
					if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
						io.WriteString(c, test.answer)
					}
				})
				_, err := (&kit{Options: Options{Network: m}}).fetch(t, "http://192.0.2.80/x.cfg")
				fails(t, err, ErrTruncated, test.words)
			})
		})
	}
}

// Slow is not silent: a byte every 29 s arrives.
func TestHTTPSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := new(wire.Memory)
		m.HandleTCP(netip.AddrPortFrom(scriptedHost, 80), func(c net.Conn) {
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return
			}
			for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc") {
				time.Sleep(29 * time.Second)
				c.Write([]byte{b})
			}
		})
		(&kit{Options: Options{Network: m}}).body(t, Request{URL: mustURL(t, "http://192.0.2.80/x.cfg")}, "abc")
	})
}

func TestHTTPPassTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kit{Options: Options{Network: scriptHTTP("")}}
		s := k.schemes(t)
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Fetch(ctx, Request{URL: mustURL(t, "http://server/x.cfg")})
		if !errors.Is(err, ErrTimeUp) || time.Since(start) != 7*time.Second {
			t.Errorf("after %v: %v, want %v after 7s", time.Since(start), err, ErrTimeUp)
		}
	})
}

// Nobody there: each way of it has its own words.
func TestHTTPNoServer(t *testing.T) {
	for name, test := range map[string]struct {
		url   string
		fail  error
		want  error
		words string
	}{
		"refused":    {"http://127.0.0.1/", syscall.ECONNREFUSED, ErrRefused, "connection refused"},
		"no route":   {"https://127.0.0.1/", syscall.EHOSTUNREACH, ErrUnreachable, "no route to host"},
		"no network": {"http://127.0.0.1/", syscall.ENETUNREACH, ErrUnreachable, "network is unreachable"},
		"no sockets": {"http://127.0.0.1/", syscall.EMFILE, ErrLocal, "too many open files"},
		"silence":    {"ftp://127.0.0.1/x", timeoutError{}, ErrNoAnswer, "no answer to the request for a connection"},
		"unknown name": {
			"ftp://nosuch.example/x", &net.DNSError{Err: "no such host", Name: "nosuch.example", IsNotFound: true},
			ErrUnknownHost, "no host is called nosuch.example",
		},
		"silent DNS": {
			"https://a.example/x", &net.DNSError{Err: "i/o timeout", Name: "a.example", IsTimeout: true},
			ErrUnknownHost, "no name server answers for a.example",
		},
		"broken DNS": {
			"http://a.example/x", &net.DNSError{Err: "server misbehaving", Name: "a.example"}, ErrUnknownHost,
			"server misbehaving",
		},
		"no host":      {"http:///x", nil, ErrBadURL, "no host"},
		"no host ftp":  {"ftp:///x", nil, ErrBadURL, "no host"},
		"bad port":     {"http://a:99999/x", nil, ErrBadURL, "port 99999"},
		"bad port ftp": {"ftp://a:0/x", nil, ErrBadURL, "port 0"},
		"bad scheme":   {"gopher://a/x", nil, ErrBadURL, "gopher"},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kit{Options: Options{Network: brokenNetwork{wire.OS{}, test.fail}}}
			_, err := k.request(t, Request{URL: withUser(t, test.url)})
			fails(t, err, test.want, test.words)
		})
	}
}

type brokenNetwork struct {
	wire.OS
	err error
}

func (b brokenNetwork) DialContext(context.Context, string, string) (net.Conn, error) {
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: b.err}
}

// LookupHost fails as connecting does.
func (b brokenNetwork) LookupHost(context.Context, string) ([]netip.Addr, error) { return nil, b.err }

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
