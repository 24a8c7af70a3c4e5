package steps

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
)

// httpTalk is what the rules about HTTP look at.
type httpTalk struct {
	answers []*httpAnswer
	wanted  [][]byte // what each of them should hold; nil: unknown
}

// httpSteps are those about HTTP and HTTPS, answer by answer.
func httpSteps(sc catalogue) {
	sc.When(`^a phone asks for it over HTTP$`, askForIt)
	sc.When(`^a phone asks for it over HTTP and listens on$`, askAndListen)
	sc.When(`^a phone asks for it, for another file and for it again over one HTTP connection$`, askInOrder)
	sc.When(`^a phone asks for it twice over HTTP$`, askTwice)
	sc.Then(`^both times it came with status 200$`, bothTimes200)
	sc.When(`^a phone asks for it over HTTP with the last letter of its name percent-encoded$`, askEncoded)
	sc.When(`^somebody asks for it with HEAD$`, askHead)
	sc.When(`^it is fetched over HTTP$`, fetchHTTP)
	sc.When(`^a phone takes (\d+) seconds to read it over HTTP$`, readSlowly)
	sc.Then(`^the answer begins with a status line$`, beginsWithStatus)
	sc.Then(`^of all good statuses it is 200$`, statusIs200)
	sc.Then(`^as many bytes came as Content-Length says$`, asManyAsAnnounced)
	sc.Then(`^the answer came to an end$`, answerEnded)
	sc.Then(`^each request got its own answer$`, ownAnswers)
	sc.Then(`^it came over HTTP$`, cameOverHTTP)
	sc.Then(`^the answer has no body$`, noBody)
	sc.Then(`^redirects led to an end$`, redirectsEnded)
	sc.Then(`^no redirect led out of HTTP$`, redirectsStayed)
	httpFormSteps(sc)
	httpCredentialSteps(sc)
	httpRobustSteps(sc)
}

func (t *httpTalk) latest() *httpAnswer { return t.answers[len(t.answers)-1] }

func (t *httpTalk) add(a *httpAnswer, wanted []byte) {
	t.answers, t.wanted = append(t.answers, a), append(t.wanted, wanted)
}

func askForIt(ctx context.Context) error {
	w := of(ctx)
	a, err := w.getHTTP(ctx, w.talk.file.url)
	if err == nil {
		w.talk.http.add(a, w.talk.file.body)
	}
	return err
}

// askAndListen looks for what comes after the answer.
func askAndListen(ctx context.Context) error {
	w := of(ctx)
	c, a, err := w.askHTTP(ctx, w.talk.file.url, http.MethodGet)
	if err != nil {
		return err
	}
	defer c.close()
	if a.ended && a.framing == byLength {
		a.extra = c.more()
	}
	w.talk.http.add(a, w.talk.file.body)
	return nil
}

func beginsWithStatus(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	switch {
	case a.status != 0:
		return nil
	case a.line == "":
		return blocked("no answer came: %s", a)
	}
	return violated(`a status line such as "HTTP/1.1 200 OK"`, "%s", a)
}

func statusIs200(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	switch {
	case a.status == http.StatusOK:
		return nil
	case a.status/100 == 2, a.status == http.StatusNotModified:
		return violated("status 200 with the file", "%q came", a.line)
	case a.status/100 == 3:
		return nil // a rule about redirects
	}
	return blocked("%s", a)
}

func asManyAsAnnounced(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	announced := a.header.Get("Content-Length")
	switch {
	case a.status == 0:
		return blocked("%s", a)
	case a.framing != byLength:
		return nil
	case !a.ended:
		return violated("the "+announced+" bytes that Content-Length says", "%s", a.trouble)
	case a.extra > 0:
		return violated("the "+announced+" bytes that Content-Length says", "%d more came", a.extra)
	}
	return nil
}

func answerEnded(ctx context.Context) error {
	a := of(ctx).talk.http.latest()
	switch {
	case a.status == 0:
		return blocked("%s", a)
	case a.ended || a.framing == byLength: // else the rule before this one
		return nil
	}
	return violated("an end of the answer, told by "+strings.Join([]string{byLength, byChunks, byClosing}, ", or "), "%s", a.trouble)
}

// askInOrder asks three times over one connection, as long as the server keeps it.
func askInOrder(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.http
	file := w.talk.file
	there := []served{file, file, file}
	if file.published {
		other := *file.url
		other.Path = strings.TrimSuffix(file.url.Path, "blocks.cfg") + "other.cfg"
		there[1] = served{url: &other, body: servedTree()["other.cfg"].Data, published: true}
	}
	var c *httpClient
	for _, f := range there {
		var a *httpAnswer
		if c == nil || strings.HasPrefix(c.auth, "Digest") { // whose answers are for one path
			var err error
			if c != nil {
				c.close()
			}
			if c, a, err = w.askHTTP(ctx, f.url, http.MethodGet); err != nil {
				return err
			}
		} else {
			a = c.get(f.url.RequestURI())
		}
		if a.status == 0 && a.line == "" && len(t.answers) > 0 { // the server had enough of this connection
			var err error
			if a, err = w.getHTTP(ctx, f.url); err != nil {
				return err
			}
			a.close = true
		}
		t.add(a, f.body)
		if a.close || !a.ended {
			c.close()
			c = nil
		}
	}
	if c != nil {
		c.close()
	}
	return nil
}

// ownAnswers compares what each request got with what was asked for. That a single
// request is answered rightly is no affair of this rule.
func ownAnswers(ctx context.Context) error {
	w := of(ctx)
	t := &w.talk.http
	if err := w.comesOverHTTP(ctx); err != nil {
		return err
	}
	if first := t.answers[0]; first.status != http.StatusOK || w.talk.file.published && !bytes.Equal(first.body, t.wanted[0]) {
		return blocked("%s", first)
	}
	for i, a := range t.answers[1:] {
		request := fmt.Sprintf("request %d of one connection", i+2)
		switch {
		case a.status == 0:
			return violated("an answer to "+request, "%s", a)
		case w.talk.file.published && !bytes.Equal(a.body, t.wanted[i+1]):
			return violated("the file asked for by "+request, "%s: %s", a, excerpt(a.body))
		}
	}
	return nil
}
