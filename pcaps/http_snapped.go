package pcaps

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"github.com/gopacket/gopacket/layers"

	"github.com/fipsim/fipsim/simulator/trace"
)

// snapped reads a segment of HTTP by itself, on a connection that the snap length cut frames of: nothing can be put
// together there, but requests and answers begin with a frame, and their first lines tell what was asked for and
// what came of it. False: the segment is to be put together with others.
func (f *flow) snapped(fromClient bool, t *layers.TCP) bool {
	h, isHTTP := f.talk.(*httpTalk)
	data, isData := f.talk.(*ftpData)
	begun := isHTTP && h.snapped
	isRequest := fromClient && isRequestLine(t.Payload)
	switch {
	case begun:
	case f.w.current.missing == 0:
		return false
	case isData:
		data.hole(fromClient, f.last)
		return false
	case f.talk != nil && !isHTTP, f.talk == nil && !isRequest:
		return false
	case f.talk == nil:
		h = newHTTPTalk(f, "http")
		f.talk, f.head = h, [2][]byte{}
	case h.res.open() && len(h.ask) > 0:
		h.lost(f.last, partLost)
	}
	h.snapped, h.dead = true, false
	h.segment(fromClient, t, f.w.current.missing)
	return true
}

// segment reads one segment by itself.
func (h *httpTalk) segment(fromClient bool, t *layers.TCP, missing int) {
	if fromClient && t.SYN { // the port is used again
		h.lostAll(h.f.last)
		h.next, h.heard = [2]*uint32{}, false
	}
	side, first := sideOf(fromClient), true
	// What is sent again is read once (RFC 9293 §3.4: sequence numbers go round).
	if last := h.next[side]; last != nil {
		first = int32(t.Seq-*last) >= 0 //nolint:gosec // meant to go round
	}
	h.listen(fromClient, t)
	if !first {
		return
	}
	if next := t.Seq + uint32(len(t.Payload)+missing); len(t.Payload) > 0 || t.FIN { //nolint:gosec // a segment
		if t.FIN {
			next++
		}
		h.next[side] = &next
	}
	if fromClient && h.heard && isRequestLine(t.Payload) { // so the one before was answered
		h.lostAll(h.f.last)
	}
	h.firstLine(fromClient, h.f.last, t.Payload)
}

// listen notes that the server answered, though the answer's first line be not in the capture: bytes of it are, or
// the client has acknowledged them.
func (h *httpTalk) listen(fromClient bool, t *layers.TCP) {
	switch ack := t.Ack; {
	case !fromClient:
		h.heard = h.heard || len(t.Payload) > 0
	case !t.ACK:
	case h.next[0] == nil:
		h.next[0] = &ack
	case int32(ack-*h.next[0]) > 0: //nolint:gosec // meant to go round
		h.heard, h.next[0] = true, &ack
	}
}

// answerLost is what is said of an answer that the capture lacks.
const answerLost = "the capture lacks the answer"

func (h *httpTalk) lostAll(m moment) {
	for len(h.ask) > 0 {
		h.lost(m, answerLost)
	}
}

func sideOf(fromClient bool) int {
	if fromClient {
		return 1
	}
	return 0
}

// lost ends a request whose answer the capture lacks, or a part of it: nobody's fault.
func (h *httpTalk) lost(m moment, detail string) {
	a := h.ask[0]
	h.fail(a, m, trace.NoFault, detail)
	a.body.free(h.f.w.r)
	h.ask, h.res = h.ask[1:], bodyReader{}
}

// firstLine reads what a segment begins with.
func (h *httpTalk) firstLine(fromClient bool, m moment, b []byte) {
	switch {
	case fromClient && isRequestLine(b) && len(h.ask) < maxPipeline:
		h.snappedRequest(m, b)
	case !fromClient && bytes.HasPrefix(b, []byte("HTTP/1.")) && len(h.ask) > 0:
		h.snappedAnswer(m, b)
	}
}

// beyondSnap marks a name whose end the capture lacks.
const beyondSnap = "…"

// wholeLines is a head made of the lines that are there.
func wholeLines(first string, b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte("\n"))
	rest = rest[:bytes.LastIndexByte(rest, '\n')+1]
	return append(append([]byte(first+"\r\n"), rest...), "\r\n"...)
}

func (h *httpTalk) snappedRequest(m moment, b []byte) {
	line, _, _ := strings.Cut(string(b), "\r")
	method, target, _ := strings.Cut(line, " ")
	target, version, whole := strings.Cut(target, " ")
	if !strings.HasPrefix(version, "HTTP/1.") || len(version) < len("HTTP/1.1") {
		version = "HTTP/1.1" // to read the rest by
	}
	h.heard = false
	r, err := http.ReadRequest(h.f.w.buffered(wholeLines(method+" "+target+" "+version, b)))
	if err != nil {
		h.ask = append(h.ask, &httpAsk{method: method, sent: m}) // its answer is passed over
		return
	}
	if !whole {
		r.URL.Path, r.URL.RawPath = r.URL.Path+beyondSnap, ""
	}
	h.request(m, r, nil)
}

// snappedAnswer reads a status line: of what follows nothing is sure to be there.
func (h *httpTalk) snappedAnswer(m moment, b []byte) {
	line, _, _ := strings.Cut(string(b), "\r")
	a := h.ask[0]
	head := h.f.w.buffered(wholeLines(line, b))
	res, err := http.ReadResponse(head, &http.Request{Method: a.method}) //nolint:bodyclose // it is given no body
	if err != nil {
		h.lost(m, answerLost)
		return
	}
	if res.StatusCode < 200 {
		return
	}
	a.res, a.lost = res, true
	code := res.StatusCode
	if code == http.StatusUnauthorized || code >= 300 && code < 400 && res.Header.Get("Location") == "" {
		h.ask = h.ask[1:] // whether it was asked with credentials, and where it leads, may be in what is cut
		if a.phone != nil {
			e := a.event(trace.FetchReply, m)
			e.Peer, e.Detail, e.Facts = h.f.server, "HTTP "+trace.Clean(res.Status), []Fact{{"http.status", strconv.Itoa(code)}}
			h.f.w.r.record(a.phone, e)
		}
		return
	}
	h.answered(m)
}
