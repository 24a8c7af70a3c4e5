package server

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Request is one request that is over.
type Request struct {
	At        time.Time      // when it came
	Took      time.Duration  // until its last byte
	Scheme    string         // tftp, ftp, http, https
	Peer      netip.AddrPort // who asked
	Name      string         // the file as the tree has it; as it was asked for where the tree can't have it
	Outcome   Outcome        //
	Status    string         // as the protocol says it: "404", "550", "ERROR 1"
	Bytes     int64          // of the file, sent
	UserAgent string         // HTTP's header, or the client's name over FTP (CLNT)
	Detail    string         // for a person: why it wasn't sent
}

// Outcome is how a request ended.
type Outcome string

// The outcomes of a request.
const (
	Sent         Outcome = "sent"         // the whole file, or the part that was asked for
	NotModified  Outcome = "not modified" // HTTP: the client holds it already
	NotFound     Outcome = "not found"    // TFTP ERROR 1, FTP 550, HTTP 404
	Unauthorized Outcome = "unauthorized" // credentials missing or wrong: HTTP 401, FTP 530
	Refused      Outcome = "refused"      // writing, or a file that the server may not read
	Failed       Outcome = "failed"       // broken off by either side
)

// Bounds of what is kept: a client chooses how often it asks, and how long its names are.
const (
	historyLimit = 10_000
	textLimit    = 512
)

// history keeps the last requests, and hands each to a sink. The zero value works.
type history struct {
	mu      sync.Mutex
	ring    []Request // oldest at next, once it is full
	next    int
	dropped uint64

	sinkMu sync.Mutex // the sink sees one request at a time, and none after end
	sink   func(Request)
}

func (h *history) add(r Request) {
	r.Name, r.UserAgent, r.Detail = printable(r.Name), printable(r.UserAgent), printable(r.Detail)
	r.Took = time.Since(r.At)
	h.mu.Lock()
	if len(h.ring) < historyLimit {
		h.ring = append(h.ring, r)
	} else {
		h.ring[h.next] = r
		h.next = (h.next + 1) % historyLimit
		h.dropped++
	}
	h.mu.Unlock()
	h.sinkMu.Lock()
	defer h.sinkMu.Unlock()
	if h.sink != nil {
		h.sink(r)
	}
}

func (h *history) end() {
	h.sinkMu.Lock()
	defer h.sinkMu.Unlock()
	h.sink = nil
}

// History returns the requests that are over, oldest first: the last 10,000 of them.
func (s *Server) History() []Request {
	h := &s.history
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]Request, 0, len(h.ring))
	return append(append(all, h.ring[h.next:]...), h.ring[:h.next]...)
}

// Dropped returns how many requests History has forgotten.
func (s *Server) Dropped() uint64 {
	s.history.mu.Lock()
	defer s.history.mu.Unlock()
	return s.history.dropped
}

// printable makes what a client sent safe to print and to keep: control characters are
// replaced, and what is longer than textLimit bytes is cut.
func printable(text string) string {
	if len(text) > textLimit {
		text = text[:textLimit] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// addrPort returns a socket's address in the form that Request keeps.
func addrPort(a net.Addr) netip.AddrPort {
	var ap netip.AddrPort
	switch a := a.(type) {
	case *net.TCPAddr:
		ap = a.AddrPort()
	case *net.UDPAddr:
		ap = a.AddrPort()
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
