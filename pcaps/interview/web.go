package interview

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/fipsim/fipsim/simulator/server"
)

// webAnswer is what HTTP says instead of a file.
type webAnswer struct {
	status   int
	location string
	endless  bool // the body goes on for ever
}

// openWeb serves HTTP and HTTPS.
func (b *Boot) openWeb() error {
	for scheme, at := range map[string]string{"http": b.in.options.HTTP, "https": b.in.options.HTTPS} {
		if at == "" || scheme == "https" && !b.stage.secure {
			continue
		}
		l, err := b.tap.Listen(b.ctx, "tcp4", at)
		if err != nil {
			return err
		}
		l = netutil.LimitListener(l, maxClients)
		if scheme == "https" {
			pair, err := server.SelfSigned(net.ParseIP(b.in.options.Host))
			if err != nil {
				return err
			}
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, KeyLogWriter: b.capture.KeyLog(),
				MinVersion: tls.VersionTLS12, CipherSuites: everySuite()})
		}
		s := &http.Server{Handler: http.HandlerFunc(b.answer), ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: log.New(io.Discard, "", 0), BaseContext: func(net.Listener) context.Context { return b.ctx }}
		b.closers = append(b.closers, s.Close)
		b.running.Go(func() { _ = s.Serve(l) })
	}
	return nil
}

// everySuite are the cipher suites with RSA key exchange too, which old phones need.
func everySuite() []uint16 {
	var all []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all = append(all, s.ID)
	}
	return all
}

// answer serves one request.
func (b *Boot) answer(w http.ResponseWriter, r *http.Request) {
	b.sign()
	name := strings.TrimPrefix(r.URL.Path, "/")
	if b.stage.web != nil {
		if a, ok := b.stage.web(b, name); ok {
			b.say(w, r, a)
			return
		}
	}
	body, ok := b.stage.file(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, body)
}

// say gives an answer that is no file.
func (b *Boot) say(w http.ResponseWriter, r *http.Request, a webAnswer) {
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	if !a.endless {
		return
	}
	b.begin()
	tick, over := time.NewTicker(tftpPause), time.NewTimer(b.in.options.Longest)
	defer tick.Stop()
	defer over.Stop()
	for {
		if _, err := io.WriteString(w, "# and on\n"); err != nil {
			break
		}
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		select {
		case <-tick.C:
			b.sign()
			continue
		case <-over.C:
			b.stop()
			return
		case <-r.Context().Done():
		}
		break
	}
	if b.ctx.Err() == nil {
		b.sign() // the phone hung up
	}
}

// openFTP hears how FTP begins: with AUTH TLS, or with a login. It lets nobody in.
func (b *Boot) openFTP() error {
	if b.in.options.FTP == "" {
		return nil
	}
	l, err := b.tap.Listen(b.ctx, "tcp4", b.in.options.FTP)
	if err != nil {
		return err
	}
	l = netutil.LimitListener(l, maxClients)
	b.closers = append(b.closers, l.Close)
	b.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.running.Go(func() { b.greet(conn) })
		}
	})
	return nil
}

// greet talks to one FTP client.
func (b *Boot) greet(conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(b.ctx, func() { _ = conn.Close() })
	defer stop()
	b.sign()
	fmt.Fprint(conn, "220 interview\r\n")
	lines := bufio.NewScanner(io.LimitReader(conn, 16<<10))
	for lines.Scan() {
		verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		switch verb {
		case "QUIT":
			fmt.Fprint(conn, "221 bye\r\n")
			return
		case "AUTH":
			fmt.Fprint(conn, "534 not here\r\n")
		default:
			fmt.Fprint(conn, "530 not now\r\n")
		}
		b.sign()
	}
}
