package hostile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
)

// httpAttacks are wrong in how they speak HTTP. None of them uses net/http to answer:
// that would not let them.
var httpAttacks = []Attack{
	{
		Name: "http-endless-body", Scheme: "http", Does: "sends a body that never ends",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
			forever(c, "a.b=c\n")
		}),
	},
	{
		Name: "http-endless-chunks", Scheme: "http", Does: "sends chunk after chunk and no last one",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			forever(c, "3c00\r\n"+strings.Repeat("a.b=c\n", 0x3c00/6)+"\r\n")
		}),
	},
	{
		Name: "http-chunk-of-all-sizes", Scheme: "http", Does: "announces a chunk of 2^64-1 bytes",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n")
			forever(c, "a.b=c\n")
		}),
	},
	{
		Name: "http-huge-length", Scheme: "http", Does: "announces 2^63-1 bytes",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n")
			forever(c, "a.b=c\n")
		}),
	},
	{
		Name: "http-negative-length", Scheme: "http", Does: "announces -1 bytes",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\na.b=c\n")
		}),
	},
	{
		Name: "http-endless-status", Scheme: "http", Does: "sends a status line that never ends",
		stream: answering(func(_ *Server, c net.Conn) { say(c, "HTTP/1.1 200 "); forever(c, "OK") }),
	},
	{
		Name: "http-header-flood", Scheme: "http", Does: "sends headers without end",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\n")
			forever(c, "X-Flood: "+strings.Repeat("x", 1000)+"\r\n")
		}),
	},
	{
		Name: "http-endless-continue", Scheme: "http", Does: "sends 100 Continue without end",
		stream: answering(func(_ *Server, c net.Conn) { forever(c, "HTTP/1.1 100 Continue\r\n\r\n") }),
	},
	{
		Name: "http-drip-header", Scheme: "http", Does: "sends its header a byte a second",
		stream: answering(func(s *Server, c net.Conn) {
			s.drip(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 10000))
		}),
	},
	{
		Name: "http-drip-body", Scheme: "http", Does: "sends its body a byte a second",
		stream: answering(func(s *Server, c net.Conn) {
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
			s.drip(c, strings.Repeat("x", 100000))
		}),
	},
	{
		Name: "http-gzip-bomb", Scheme: "http", Does: "sends 256 MB in 256 kB of gzip, which nobody asked for",
		stream: answering(func(_ *Server, c net.Conn) {
			bomb := gzipBomb()
			say(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(bomb)))
			_, _ = c.Write(bomb) // who had enough hangs up
		}),
	},
	{
		Name: "http-redirect-file", Scheme: "http", Does: "redirects to file:///etc/passwd",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
		}),
	},
	{
		Name: "http-redirect-loop", Scheme: "http", Does: "redirects to itself",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}),
	},
	{
		Name: "http-redirect-bystander", Scheme: "http", Does: "asks for credentials, then redirects to another host",
		stream: answering(func(s *Server, c net.Conn) {
			say(c, fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: http://%s/\r\n", s.bystander.Addr())+
				"Content-Length: 0\r\nConnection: close\r\n\r\n")
		}),
	},
	{
		Name: "http-escapes", Scheme: "http", Does: "has terminal escape sequences and HTML in its reason phrase and Location",
		stream: answering(func(_ *Server, c net.Conn) {
			say(c, "HTTP/1.1 500 "+Evil+"\r\nLocation: http://"+Evil+"/\r\nContent-Length: 0\r\n\r\n")
		}),
	},
	{
		Name: "http-endless-challenge", Scheme: "http", Does: "asks for credentials again and again, each time with a new nonce",
		stream: func(_ *Server, c net.Conn) {
			r := bufio.NewReader(c)
			for n := 0; ; n++ {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				say(c, fmt.Sprintf("HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"%d\", stale=true\r\n", n)+
					"Content-Length: 0\r\n\r\n")
			}
		},
	},
	{
		Name: "http-silence", Scheme: "http", Does: "takes the request and says nothing",
		stream: func(s *Server, c net.Conn) { _, _ = c.Read(make([]byte, 1)); <-s.ctx.Done() },
	},
}

// Evil is what must reach no terminal and no page as it is.
const Evil = "\x1b[2J\x1b]0;owned\a</pre></script><script>alert(1)</script>\u202e"

// answering reads a request and asks for credentials where there are none, so that
// whoever has some tells them; then it attacks.
func answering(attack func(*Server, net.Conn)) func(*Server, net.Conn) {
	return func(s *Server, c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if _, _, told := req.BasicAuth(); told {
				break
			}
			say(c, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
		}
		attack(s, c)
	}
}

// say writes text. Whoever hangs up has had enough, which is right.
func say(c net.Conn, text string) { _, _ = c.Write([]byte(text)) }

// gzipBomb is 256 MB of settings, and made once.
var gzipBomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	lines := bytes.Repeat([]byte("a.b=c\n"), 10000)
	for range 1 << 28 / len(lines) {
		_, _ = w.Write(lines) // a bytes.Buffer takes all
	}
	_ = w.Close()
	return b.Bytes()
})
