package steps

import (
	"bytes"
	"context"
	"fmt"
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
	a, err := w.ordinary(ctx)
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

// ordinary asks as phones do, twice: that a file comes a second time FIP-HTTP-011 says.
func (w *world) ordinary(ctx context.Context) (*answer, error) {
	file := w.talk.file
	if file.sample != nil {
		return w.fetchSample(ctx, *file.sample)
	}
	return share(&w.suite.shared, "whether it comes over HTTP: "+file.url.String(), func() (*answer, error) {
		at := *w
		at.asked = nil
		if a, err := at.request(ctx, file.url, patience); err != nil || a.fault != nil {
			return a, err
		}
		return at.request(ctx, file.url, patience)
	})
}

// askTwice asks over two connections.
func askTwice(ctx context.Context) error {
	w := of(ctx)
	for range 2 {
		a, err := w.getHTTP(ctx, w.talk.file.url)
		if err != nil {
			return err
		}
		w.talk.http.add(a, w.talk.file.body)
	}
	return nil
}

func bothTimes200(ctx context.Context) error {
	t := &of(ctx).talk.http
	first, second := t.answers[0], t.answers[1]
	switch {
	case first.status != http.StatusOK || !first.ended:
		return blocked("%s", first)
	case second.status != http.StatusOK:
		return violated("status 200 for the second request too", "%q came", second.line)
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

// readSlowly takes a piece of the body now and then. The file is more than sockets hold.
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
	start, whole := time.Now(), time.Duration(seconds)*time.Second
	c.pace = func(done int) {
		select {
		case <-time.After(time.Until(start.Add(whole * time.Duration(done) / time.Duration(len(w.talk.file.body))))):
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
