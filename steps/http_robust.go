package steps

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// httpRobustSteps judge what a server bears.
func httpRobustSteps(sc catalogue) {
	sc.When(`^malformed requests are sent over HTTP$`, malformedHTTP)
	sc.When(`^a header of 1 MiB is sent over HTTP$`, hugeHeader)
	sc.When(`^a phone asks for it over HTTP while another is connected and says nothing$`, askBesideIdle)
	sc.When(`^(\d+) phones begin a request over HTTP and are never heard of again$`, phonesVanishHTTP)
	sc.Then(`^another phone is still served over HTTP$`, stillServedHTTP)
}

// malformed are requests that no server can answer but by a refusal.
var malformed = []string{
	"\r\n\r\n", "GARBAGE\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "GET  /  HTTP/1.1\r\n\r\n",
	"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
	"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "\xff\xfe\xfd\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: bogus\r\n\r\n",
	"GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET /" + strings.Repeat("../", 1000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
}

// malformedHTTP sends each of them over a connection of its own.
func malformedHTTP(ctx context.Context) error { return of(ctx).provoke(ctx, malformed...) }

// provoke sends texts, each over a connection of its own, and takes some of what comes.
func (w *world) provoke(ctx context.Context, texts ...string) error {
	if err := w.stillComesOverHTTP(ctx); err != nil {
		return err
	}
	var all side
	for _, text := range texts {
		all.Go(func() {
			c, err := w.dialHTTP(ctx, w.talk.file.url)
			if err != nil {
				return // stillServedHTTP tells
			}
			defer c.close()
			_ = c.send(text) // the server may have hung up already
			_ = c.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			_, _ = io.CopyN(io.Discard, c.reader, 64<<10)
		})
	}
	all.Wait()
	return nil
}

// stillComesOverHTTP returns an obstacle where the file does not come now: what a
// server did not bear before is another rule's affair.
func (w *world) stillComesOverHTTP(ctx context.Context) error {
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	a, err := w.getHTTP(ctx, w.talk.file.url)
	if err == nil && a.status != http.StatusOK {
		err = blocked("%s", a)
	}
	return err
}

func hugeHeader(ctx context.Context) error {
	w := of(ctx)
	return w.provoke(ctx, fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nX-Huge: %s\r\n\r\n",
		w.talk.file.url.RequestURI(), w.talk.file.url.Host, strings.Repeat("h", mebi)))
}

// askBesideIdle holds a connection that sends not even a handshake, and one that was
// served and is kept.
func askBesideIdle(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	a, err := w.besideIdle(ctx)
	if err == nil {
		w.talk.http.add(a, w.talk.file.body)
	}
	return err
}

// besideIdle is the answer to a phone while another is connected and says nothing.
func (w *world) besideIdle(ctx context.Context) (*httpAnswer, error) {
	return share(&w.suite.shared, "served beside an idle connection over "+w.scheme, func() (*httpAnswer, error) {
		mute, err := w.network().DialContext(ctx, "tcp", hostPort(w.talk.file.url))
		if err != nil {
			return nil, harness("connecting: %v", err)
		}
		defer mute.Close()
		return w.serveBeside(ctx)
	})
}

// serveBeside asks for the file while something else goes on: once over a connection
// that is kept, and once more beside that.
func (w *world) serveBeside(ctx context.Context) (*httpAnswer, error) {
	kept, a, err := w.askHTTP(ctx, w.talk.file.url, http.MethodGet)
	if err != nil {
		return nil, asBefore(ctx, err)
	}
	defer kept.close()
	if a.status == 0 {
		return a, nil
	}
	a, err = w.getHTTP(ctx, w.talk.file.url)
	return a, asBefore(ctx, err)
}

// asBefore makes a violation of a connection that does not come about any more: a
// server that has gone for what it was sent is no harness's fault.
func asBefore(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return violated("the file, as before", "there is no connection: %s", strings.TrimPrefix(err.Error(), "not judged: "))
}

// phonesVanishHTTP leaves connections open with half a request in them: a phone that
// lost power does not close its own.
func phonesVanishHTTP(ctx context.Context, n int) error {
	w := of(ctx)
	if err := w.stillComesOverHTTP(ctx); err != nil {
		return err
	}
	if a, err := w.besideIdle(ctx); err != nil || a.status != http.StatusOK {
		return blocked("one connection that says nothing is enough (see FIP-HTTP-032)")
	}
	conns := make([]net.Conn, n)
	var all side
	for i := range conns {
		all.Go(func() {
			c, err := w.dialHTTP(ctx, w.talk.file.url)
			if err != nil {
				return // a server may have a limit
			}
			_ = c.send("GET " + w.talk.file.url.RequestURI() + " HTTP/1.1\r\nHost: ")
			conns[i] = c.conn
		})
	}
	all.Wait()
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	a, err := w.serveBeside(ctx)
	if err == nil {
		w.talk.http.add(a, w.talk.file.body)
	}
	return err
}

// stillServedHTTP judges the request that was made meanwhile, or else makes one.
func stillServedHTTP(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.http
	if len(t.answers) == 0 {
		a, err := w.getHTTP(ctx, w.talk.file.url)
		if err != nil {
			return asBefore(ctx, err)
		}
		t.add(a, w.talk.file.body)
	}
	a := t.latest()
	if a.status != http.StatusOK || !a.ended || w.talk.file.published && !bytes.Equal(a.body, w.talk.file.body) {
		return violated("the file, as before", "%s", a)
	}
	return nil
}
