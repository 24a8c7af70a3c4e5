package pcaps

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"path"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// httpTalk reads HTTP/1.1 in both directions.
type httpTalk struct {
	f      *flow
	scheme string
	ask    []*httpAsk // waiting for their answers, in order
	req    bodyReader
	res    bodyReader
	reqBuf []byte
	resBuf []byte
	dead   bool // what comes cannot be read any more

	heard   bool       // then, that the server answered the latest request
	snapped bool       // the snap length cut frames: first lines are read
	next    [2]*uint32 // then, the sequence number that comes next, by sideOf; nil: any
}

// httpAsk is one request and its answer.
type httpAsk struct {
	phone  *Phone // nil: of no interest
	name   string
	url    string
	method string
	auth   string // the scheme of its Authorization
	takes  accepts
	sent   moment
	res    *http.Response
	body   body
	lost   bool
}

const (
	maxHTTPHead = 64 << 10
	maxPipeline = 100
)

func newHTTPTalk(f *flow, scheme string) *httpTalk { return &httpTalk{f: f, scheme: scheme} }

func (h *httpTalk) data(fromClient bool, m moment, b []byte) {
	for len(b) > 0 && !h.dead {
		if fromClient {
			b = h.fromClient(m, b)
		} else {
			b = h.fromServer(m, b)
		}
	}
}

// headEnd returns where the head ends in b; -1: not yet.
func headEnd(b []byte) int {
	if i := bytes.Index(b, []byte("\r\n\r\n")); i >= 0 {
		return i + 4
	}
	if i := bytes.Index(b, []byte("\n\n")); i >= 0 {
		return i + 2
	}
	return -1
}

// head collects a head; done says that it is whole, rest is what follows it.
func (h *httpTalk) head(buf *[]byte, b []byte) (head, rest []byte, done bool) {
	if len(*buf) == 0 { // it need not be kept, where all of it is there
		if end := headEnd(b); end >= 0 {
			return b[:end], b[end:], true
		}
	}
	have := len(*buf)
	*buf = append(*buf, b...)
	end := headEnd(*buf)
	if end < 0 {
		h.dead = len(*buf) > maxHTTPHead
		return nil, nil, false
	}
	head, rest = (*buf)[:end], b[max(0, end-have):]
	*buf = nil
	return head, rest, true
}

func (h *httpTalk) fromClient(m moment, b []byte) []byte {
	if h.req.open() {
		return h.req.take(b, nil)
	}
	head, rest, done := h.head(&h.reqBuf, b)
	if !done {
		return nil
	}
	r, err := http.ReadRequest(h.f.w.buffered(head))
	if err != nil || len(h.ask) >= maxPipeline {
		h.dead = true
		return nil
	}
	h.req.begin(r.ContentLength, r.TransferEncoding)
	h.request(m, r, head)
	return rest
}

// request records what the phone asks for. Traffic of computers, which ask for all
// kinds of files, is passed over.
func (h *httpTalk) request(m moment, r *http.Request, head []byte) {
	a := &httpAsk{method: r.Method, sent: m}
	h.ask = append(h.ask, a)
	target := r.URL
	if target.Host == "" {
		target = &url.URL{Scheme: h.scheme, Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
		if r.Host == "" {
			target.Host = h.f.server.String()
		}
	}
	a.url, a.name = trace.Clean(trace.URL(target)), trace.Clean(path.Base(target.Path))
	agent := r.UserAgent()
	phone := h.f.w.r.at[h.f.client.Addr()].real()
	mac, named := macIn(target.Path)
	if m, ok := macIn(agent); ok {
		mac, named = m, true
	}
	switch {
	case named:
		phone = h.f.w.r.claim(h.f.client.Addr(), h.f.hw, mac)
	case isProvisioning(target.Path), isPhoneMaker(h.f.hw):
		phone = h.f.who()
	case phone == nil || !phone.provisions:
		return
	}
	if phone == nil {
		return
	}
	phone.provisions = true
	readAgent(phone, agent)
	a.phone = phone
	a.auth, _, _ = strings.Cut(r.Header.Get("Authorization"), " ")
	a.takes = acceptsOf(r.Header)
	e := a.event(trace.FetchRequest, m)
	e.Peer, e.Attempt = h.f.server, 1
	e.Facts = h.factsOf(r, head)
	if agent != "" {
		e.Facts = append(e.Facts, Fact{"http.user-agent", trace.Clean(agent)})
	}
	if a.auth != "" {
		e.Facts = append(e.Facts, Fact{"http.authorization", trace.Clean(a.auth)})
		e.Detail = "with credentials, " + trace.Clean(a.auth)
	}
	if r.Method != http.MethodGet {
		e.Detail = strings.TrimSpace(r.Method + " " + e.Detail)
	}
	h.f.w.r.record(phone, e)
}

// factsOf are what a request line tells, and the headers, where they are there.
func (h *httpTalk) factsOf(r *http.Request, head []byte) []Fact {
	if h.snapped {
		return []Fact{{"http.method", r.Method}, {"http.head", "cut"}}
	}
	return []Fact{{"http.method", r.Method}, {"http.version", r.Proto}, {"http.path", trace.Clean(r.URL.EscapedPath())},
		{"http.headers", headerNames(head)}}
}

// headerNames lists the headers as they stand.
func headerNames(head []byte) string {
	var names strings.Builder
	comma := ""
	_, rest, _ := strings.Cut(string(head), "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if name, _, ok := strings.Cut(line, ":"); ok {
			names.WriteString(comma)
			comma = ","
			names.WriteString(trace.Clean(textproto.TrimString(name)))
		}
	}
	return names.String()
}

func (a *httpAsk) event(kind trace.Kind, m moment) Event {
	return Event{Event: trace.Event{Kind: kind, At: m.at, Frame: m.frame, Name: a.name, URL: a.url, Took: sinceOf(a.sent.at, m.at)}}
}

func (h *httpTalk) fromServer(m moment, b []byte) []byte {
	if h.res.open() && len(h.ask) > 0 {
		a := h.ask[0]
		rest := h.res.take(b, func(b []byte) { a.keep(h.f.w.r, b) })
		if !h.res.open() {
			h.answered(m)
		}
		h.dead = h.dead || h.res.broken
		return rest
	}
	head, rest, done := h.head(&h.resBuf, b)
	if !done {
		return nil
	}
	if len(h.ask) == 0 {
		h.dead = true
		return nil
	}
	a := h.ask[0]
	asked := &http.Request{Method: a.method}
	res, err := http.ReadResponse(h.f.w.buffered(head), asked) //nolint:bodyclose // it is given no body
	if err != nil {
		h.dead = true
		h.fail(a, m, trace.Protocol, "the answer is not HTTP")
		return nil
	}
	if res.StatusCode < 200 {
		return rest
	}
	a.res = res
	length := res.ContentLength
	if a.method == http.MethodHead || res.StatusCode == http.StatusNoContent || res.StatusCode == http.StatusNotModified {
		length = 0
	}
	h.res.begin(length, res.TransferEncoding)
	if !h.res.open() {
		h.answered(m)
	}
	return rest
}
