package steps

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fipsim/fipsim/simulator/trace"
)

func askEncoded(ctx context.Context) error {
	w := of(ctx)
	path := w.talk.file.url.EscapedPath()
	last := path[len(path)-1]
	encoded := *w.talk.file.url
	encoded.RawPath = fmt.Sprintf("%s%%%02X", path[:len(path)-1], last)
	a, err := w.getHTTP(ctx, &encoded)
	if err == nil {
		w.talk.http.add(a, w.talk.file.body)
	}
	return err
}

// cameOverHTTP judges a request that is unusual; an ordinary one has to work.
func cameOverHTTP(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	a := w.talk.http.latest()
	if a.status != http.StatusOK || !a.ended || w.talk.file.published && !bytes.Equal(a.body, w.talk.file.body) {
		return violated("the file", "%s", a)
	}
	return nil
}

// comesOverHTTP returns an obstacle where an ordinary request does not bring the file:
// other rules say so.
func (w *world) comesOverHTTP(ctx context.Context) error {
	u := w.talk.file.url
	a, err := share(&w.suite.shared, "whether it comes over HTTP: "+u.String(), func() (*answer, error) {
		at := *w
		at.asked = nil
		return at.request(ctx, u, patience)
	})
	switch {
	case err != nil:
		return err
	case a.fault != nil:
		return blocked("an ordinary request does not bring the file: %s", a)
	case w.talk.file.published && !bytes.Equal(a.body, w.talk.file.body):
		return blocked("the file comes otherwise than it was published")
	}
	return nil
}

func askHead(ctx context.Context) error {
	w := of(ctx)
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	c, a, err := w.askHTTP(ctx, w.talk.file.url, http.MethodHead)
	if err != nil {
		return err
	}
	defer c.close()
	if a.status != 0 {
		a.extra = c.more()
	}
	w.talk.http.add(a, nil)
	return nil
}

func noBody(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	switch {
	case a.status == 0:
		return violated("an answer to HEAD", "%s", a)
	case a.extra > 0:
		return violated("a header alone", "%d bytes came after it", a.extra)
	}
	return nil
}

// fetchHTTP fetches as a phone does, redirects and all.
func fetchHTTP(ctx context.Context) error {
	w := of(ctx)
	a, err := w.request(ctx, w.talk.file.url, patience)
	if err == nil {
		w.note(a)
	}
	return err
}

// leadsOut is how package fetch says that a redirect leads where no phone goes.
const leadsOut = "leads to a URL of scheme"

func redirectsEnded(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault != nil && (a.fault.Code == trace.Redirects && !strings.Contains(a.fault.Detail, leadsOut) ||
		strings.HasSuffix(a.fault.Detail, "without a Location")) {
		return violated("redirects that lead to the file", "%s", a)
	}
	return nil
}

func redirectsStayed(ctx context.Context) error {
	a := of(ctx).answer
	if a.fault != nil && strings.Contains(a.fault.Detail, leadsOut) {
		return violated("redirects to http or https", "%s", a)
	}
	return nil
}

// readSlowly takes a piece of the body now and then, with a small window.
func readSlowly(ctx context.Context, seconds int) error {
	w := of(ctx)
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	u := *w.talk.file.url
	c, err := w.dialHTTP(ctx, &u)
	if err != nil {
		return err
	}
	defer c.close()
	narrow(c.conn)
	start, whole := time.Now(), time.Duration(seconds)*time.Second
	c.pace = func(done int) {
		select {
		case <-time.After(time.Until(start.Add(whole * time.Duration(done) / mebi))):
		case <-ctx.Done():
		}
	}
	a := c.get(u.RequestURI())
	if a.status == http.StatusUnauthorized && u.User != nil {
		password, _ := u.User.Password()
		c.auth = credentials{u.User.Username(), password}.authorization(http.Header(a.header), u.RequestURI(), 1, nil)
		a = c.get(u.RequestURI())
	}
	w.talk.http.add(a, w.talk.file.body)
	return nil
}

// narrow makes the window of a connection small, so that the server notices how slow
// its reader is.
func narrow(conn net.Conn) {
	if inner, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = inner.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(16 << 10) // a wish: without it the server notices less
	}
}
