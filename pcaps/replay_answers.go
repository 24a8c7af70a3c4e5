package pcaps

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"sync"

	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
)

// answers are what came in a captured pass where no file came: a replay gives the same again.
type answers struct {
	rounds int // how often the pass began anew, after a failure

	mu     sync.Mutex
	lost   map[string]int         // TFTP requests that nobody answered, by the file's path
	errors map[string]tftpRefusal // TFTP errors other than that a file is not there, by the file's path
	closed map[netip.AddrPort]int // connections that were refused
}

// tftpRefusal is an ERROR packet's.
type tftpRefusal struct {
	code tftp.ErrorCode
	text string
}

// answersOf reads them off a pass.
func answersOf(p *Phone) *answers {
	out := &answers{rounds: 1, lost: make(map[string]int), errors: make(map[string]tftpRefusal), closed: make(map[netip.AddrPort]int)}
	for _, e := range p.Events { // before the first request; later ones are not done again
		if e.Kind == trace.FetchRequest || out.rounds == mostRounds {
			break
		}
		if e.Kind == trace.FetchFailed && e.Fault == trace.Refused {
			out.closed[e.Peer]++
			out.rounds++
		}
	}
	fetches := newStory(p).fetches
	for i, a := range fetches {
		failed := a.end.Kind == trace.FetchFailed && len(a.requests) > 0
		if failed && i+1 < len(fetches) && out.rounds < mostRounds && begins(fetches, i+1) {
			out.rounds++
		}
		if name := pathOf(a.url); a.scheme() == "tftp" && name != "" && len(a.requests) > 0 {
			out.tftp(name, a)
		}
	}
	return out
}

// tftp takes what an attempt to fetch a file over TFTP tells.
func (a *answers) tftp(name string, of *attempt) {
	failed := of.end.Kind == trace.FetchFailed
	if of.end.Kind == "" || failed && of.end.Fault == trace.NoAnswer {
		a.lost[name] += len(of.requests)
		return
	}
	a.lost[name] += len(of.requests) - 1
	code, err := strconv.ParseUint(of.end.Fact("tftp.error"), 10, 16)
	if failed && err == nil && of.end.Fact("tftp.by") == "" {
		a.errors[name] = tftpRefusal{tftp.ErrorCode(code), of.end.Fact("tftp.message")}
	}
}

// mostRounds bounds how often a pass begins anew.
const mostRounds = 10

// begins reports whether an attempt is for the file that the pass began with.
func begins(fetches []*attempt, i int) bool {
	for _, a := range fetches[:i] {
		if len(a.requests) > 0 {
			return a.url == fetches[i].url
		}
	}
	return false
}

// waits reports whether a phone waits for answers that never come.
func (a *answers) waits() bool {
	for _, n := range a.lost {
		if n > 0 {
			return true
		}
	}
	return false
}

// swallows reports whether a datagram is a request that nobody answered.
func (a *answers) swallows(b []byte) bool {
	name := requestedPath(b)
	if a == nil || name == "" {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost[name] == 0 {
		return false
	}
	a.lost[name]--
	return true
}

// refusal returns the ERROR packet that a datagram was answered with; nil: none.
func (a *answers) refusal(b []byte) []byte {
	name := requestedPath(b)
	if a == nil || name == "" {
		return nil
	}
	if e, ok := a.errors[name]; ok {
		return tftp.AppendError(nil, e.code, e.text)
	}
	return nil
}

// closes reports whether a connection was refused.
func (a *answers) closes(to netip.AddrPort) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed[to] == 0 {
		return false
	}
	a.closed[to]--
	return true
}

// requestedPath is the path of the file that an RRQ asks for; empty: it is none.
func requestedPath(b []byte) string {
	if len(b) < 2 || !bytes.Equal(b[:2], []byte{0, byte(tftp.RRQ)}) {
		return ""
	}
	p, err := tftp.Parse(b)
	if err != nil {
		return ""
	}
	return pathOf((&url.URL{Scheme: "tftp", Host: "host", Path: "/" + p.Filename}).String())
}

// refuse sends an ERROR to a socket, from a port of its own as every transfer's (RFC 1350 §4).
func refuse(ctx context.Context, socket net.Addr, b []byte) error {
	u, ok := socket.(*net.UDPAddr)
	if !ok {
		return errors.New("not a UDP socket")
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp4", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), u.AddrPort().Port()).String())
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write(b)
	return err
}

// refusing is a tree some of whose names the captured server had refused, or could not read.
type refusing struct {
	fs.FS
	refused map[string]error
}

// Open implements fs.FS.
func (r refusing) Open(name string) (fs.File, error) {
	if err := r.refused[name]; err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return r.FS.Open(name)
}

var errAsCaptured = errors.New("as in the capture")

// refusals are the names that no phone got, but by an error.
func refusals(phones []*Phone, s *seen) map[string]error {
	refused := make(map[string]error)
	for _, p := range phones {
		for _, e := range p.Events {
			name := pathOf(e.URL)
			if _, there := s.files[name]; there || e.Kind != trace.FetchFailed {
				continue
			}
			switch e.Fault { //nolint:exhaustive // the others are no answers of a server
			case trace.Forbidden:
				refused[name] = fs.ErrPermission
			case trace.ServerError:
				refused[name] = errAsCaptured
			}
		}
	}
	return refused
}
