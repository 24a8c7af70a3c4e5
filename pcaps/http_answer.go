package pcaps

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fipsim/fipsim/simulator/trace"
)

// keep adds to the body.
func (a *httpAsk) keep(r *roster, b []byte) {
	a.body.write(r, a.phone, b)
}

func (h *httpTalk) fail(a *httpAsk, m moment, code trace.Code, detail string) {
	if a.phone == nil {
		return
	}
	e := a.event(trace.FetchFailed, m)
	e.Peer, e.Fault, e.Detail, e.Bytes = h.f.server, code, detail, a.body.n
	h.f.w.r.record(a.phone, e)
	if a.body.n > 0 && a.res != nil && a.res.StatusCode == http.StatusOK {
		h.f.w.r.keep(a.phone, File{Name: a.name, URL: a.url, Frame: m.frame, Bytes: a.body.n, Body: a.body.bytes(),
			Partial: detail})
	}
}

// answered ends one request.
func (h *httpTalk) answered(m moment) {
	a := h.ask[0]
	h.ask = h.ask[1:]
	defer a.body.free(h.f.w.r)
	if a.phone == nil {
		return
	}
	status := "HTTP " + trace.Clean(a.res.Status)
	facts := []Fact{{"http.status", strconv.Itoa(a.res.StatusCode)}}
	record := func(kind trace.Kind, code trace.Code, detail string) {
		e := a.event(kind, m)
		e.Peer, e.Fault, e.Detail, e.Facts = h.f.server, code, detail, facts
		h.f.w.r.record(a.phone, e)
	}
	switch code := a.res.StatusCode; {
	case code == http.StatusOK && a.method == http.MethodGet:
		h.file(a, m, facts)
	case code == http.StatusNotFound, code == http.StatusGone:
		record(trace.FetchMissing, trace.NotFound, status)
	case code == http.StatusUnauthorized && (a.auth == "" || isStale(a.res)):
		scheme, _, _ := strings.Cut(a.res.Header.Get("WWW-Authenticate"), " ")
		record(trace.FetchReply, "", status+", asks for "+trace.Clean(scheme))
	case code == http.StatusUnauthorized:
		record(trace.FetchFailed, trace.Unauthorized, status)
	case code == http.StatusForbidden:
		record(trace.FetchFailed, trace.Forbidden, status)
	case code >= 300 && code < 400 && a.res.Header.Get("Location") != "":
		e := a.event(trace.FetchRedirect, m)
		e.Peer, e.URL, e.Detail, e.Facts = h.f.server, h.location(a), status, facts
		h.f.w.r.record(a.phone, e)
	case code < 300:
		record(trace.FetchReply, "", status)
	default:
		record(trace.FetchFailed, trace.ServerError, status)
	}
}

// isStale reports whether a server refused credentials for their nonce alone: "a request
// with stale=true … the client may wish to simply retry the request with a new encrypted
// response" (RFC 7616 §3.3).
func isStale(res *http.Response) bool {
	_, stale, ok := strings.Cut(strings.ToLower(res.Header.Get("WWW-Authenticate")), "stale=")
	return ok && strings.HasPrefix(strings.TrimPrefix(stale, `"`), "true")
}

func (h *httpTalk) location(a *httpAsk) string {
	to, err := url.Parse(a.res.Header.Get("Location"))
	base, baseErr := url.Parse(a.url)
	if err != nil || baseErr != nil {
		return ""
	}
	return trace.Clean(trace.URL(base.ResolveReference(to)))
}

// file ends a request with the file.
func (h *httpTalk) file(a *httpAsk, m moment, facts []Fact) {
	e := a.event(trace.FetchDone, m)
	e.Peer, e.Bytes = h.f.server, a.body.n
	f := File{Name: a.name, URL: a.url, Frame: m.frame, Bytes: a.body.n}
	digest := ""
	switch {
	case a.lost:
		f.Body, f.Partial = a.body.bytes(), "the capture lacks a part of it"
		e.Detail = f.Partial
	case a.body.notKept() != "":
		f.Partial, digest = a.body.notKept(), a.body.digest(h.f.w.r)
	default:
		body, coding, why := a.takes.decoded(a.res, a.body.bytes())
		f.Body, f.Partial, e.Detail, digest = body, why, why, a.body.digest(h.f.w.r)
		if coding != "" && why == "" {
			e.Detail, digest = fmt.Sprintf("%s, as asked for; unpacked %d bytes", coding, len(body)), digestOf(body)
		}
	}
	if f.Body == nil && f.Partial == "" {
		f.Body = []byte{}
	}
	if digest != "" {
		facts = append(facts, Fact{"content", digest})
	}
	if t := a.res.Header.Get("Content-Type"); t != "" {
		facts = append(facts, Fact{"http.content-type", trace.Clean(t)})
	}
	e.Facts = facts
	h.f.w.r.record(a.phone, e)
	h.f.w.r.keep(a.phone, f)
}

const partLost = "the capture lacks a part of this file"

// hole: bytes are missing in the capture. A body is counted on where its length allows
// to find its end; a head cannot be.
func (h *httpTalk) hole(fromClient bool, m moment) {
	if !fromClient && h.res.open() && len(h.ask) > 0 {
		h.lost(m, partLost)
	}
	h.dead = true
	h.free()
}

// free gives back what bodies take: nothing more comes of them.
func (h *httpTalk) free() {
	for _, a := range h.ask {
		a.body.free(h.f.w.r)
	}
}

// close: the connection is over. A body without a length ends with it.
func (h *httpTalk) close(m moment) {
	defer h.free()
	if h.dead || len(h.ask) == 0 {
		return
	}
	a := h.ask[0]
	switch {
	case h.snapped && h.heard:
		h.lost(m, answerLost)
	case a.res != nil && h.f.cutOff(m):
		h.lost(m, endsHere)
	case a.res != nil && h.res.untilClose:
		h.answered(m)
	case a.res != nil && h.f.left:
		h.fail(a, m, trace.Truncated, fmt.Sprintf(phoneLeft+" after %d bytes of the body", a.body.n))
	case a.res != nil && h.res.chunked:
		h.fail(a, m, trace.Truncated, fmt.Sprintf("the connection ended after %d bytes, before the last chunk", a.body.n))
	case a.res != nil:
		h.fail(a, m, trace.Truncated, fmt.Sprintf("the connection ended after %d of %d bytes", a.body.n, a.res.ContentLength))
	case h.f.resets:
		h.fail(a, m, trace.Truncated, "the connection was reset before an answer came")
	default:
		h.fail(a, m, trace.NoAnswer, "no answer to this request in the capture")
	}
}
