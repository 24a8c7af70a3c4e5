package fetch

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fipsim/fipsim/simulator/device"
	"github.com/fipsim/fipsim/simulator/tftp"
	"github.com/fipsim/fipsim/simulator/trace"
	"github.com/fipsim/fipsim/simulator/wire"
)

// Where the scripted server is: it answers a request to port 69 from port 5000 (RFC 1350
// §4). Port 6000 is a foreigner's.
const (
	tftpPort    = 69
	tftpTID     = 5000
	tftpForeign = 6000
)

var tftpHost = netip.MustParseAddr("192.0.2.10")

// tftpReply is a datagram of the scripted server.
type tftpReply struct {
	port    uint16 // 0: tftpTID
	payload string
}

func block(n uint16, data string) tftpReply {
	return tftpReply{payload: string(tftp.AppendData(nil, n, []byte(data)))}
}

func full(n uint16) tftpReply { return block(n, strings.Repeat("x", tftp.DefaultBlksize)) }

func oackOf(pairs ...string) tftpReply {
	var options []tftp.Option
	for i := 0; i < len(pairs); i += 2 {
		options = append(options, tftp.Option{Name: pairs[i], Value: pairs[i+1]})
	}
	return tftpReply{payload: string(tftp.AppendOACK(nil, options...))}
}

func errorOf(code tftp.ErrorCode, text string) tftpReply {
	return tftpReply{payload: string(tftp.AppendError(nil, code, text))}
}

func raw(payload string) tftpReply { return tftpReply{payload: payload} }

func foreign(r tftpReply) tftpReply { return tftpReply{tftpForeign, r.payload} }

// tftpScript is a server that answers the phone's first packet with the first replies,
// its second with the second, and so on; what comes after the script is met with silence.
type tftpScript struct {
	replies [][]tftpReply

	mu    sync.Mutex
	got   []tftpSeen
	start time.Time
}

// tftpSeen is a packet that the phone sent.
type tftpSeen struct {
	after time.Duration // since the first
	from  netip.AddrPort
	to    uint16
	bytes string
}

// network returns a network with the script's server in it.
func (s *tftpScript) network() *wire.Memory {
	m := new(wire.Memory)
	m.AddHost("server.example", tftpHost)
	for _, port := range []uint16{tftpPort, tftpTID, tftpForeign} {
		m.HandleUDP(netip.AddrPortFrom(tftpHost, port), s.receive)
	}
	return m
}

// datagram is what reached the script's server.
type datagram struct {
	from    netip.AddrPort
	to      uint16
	payload []byte
}

func (s *tftpScript) receive(d wire.Datagram, send func(wire.Datagram)) {
	s.answer(datagram{d.From, d.To.Port(), d.Payload}, func(r tftpReply) {
		send(wire.Datagram{From: netip.AddrPortFrom(tftpHost, r.port), To: d.From, Payload: []byte(r.payload)})
	})
}

// answer notes d, and sends the replies that are next.
func (s *tftpScript) answer(d datagram, send func(tftpReply)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) == 0 {
		s.start = time.Now()
	}
	s.got = append(s.got, tftpSeen{time.Since(s.start), d.from, d.to, string(d.payload)})
	if d.to == tftpForeign || len(s.replies) == 0 {
		return
	}
	now := s.replies[0]
	s.replies = s.replies[1:]
	for _, r := range now {
		if r.port == 0 {
			r.port = tftpTID
		}
		send(r)
	}
}

// seen returns what the phone sent, in words: "69 RRQ", "5000 ACK block 1".
func (s *tftpScript) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var words []string
	for _, g := range s.got {
		p, err := tftp.Parse([]byte(g.bytes))
		what := p.String()
		switch {
		case err != nil:
			what = fmt.Sprintf("%q", g.bytes)
		case p.Op == tftp.RRQ:
			what = "RRQ"
		}
		words = append(words, fmt.Sprintf("%d %s", g.to, what))
	}
	return words
}

// times returns when the phone sent, counted from its first packet.
func (s *tftpScript) times() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var times []time.Duration
	for _, g := range s.got {
		times = append(times, g.after)
	}
	return times
}

// get fetches /name from the script's server.
func (s *tftpScript) get(ctx context.Context, b device.Behaviour, r Request) (*Response, []trace.Event, error) {
	var events trace.Recorder
	if r.URL == nil {
		r.URL = &url.URL{Scheme: "tftp", Host: tftpHost.String(), Path: "/name"}
	}
	f := newTFTP(Options{Behaviour: b, Network: s.network(), Trace: &events})
	res, err := f.Fetch(ctx, r)
	return res, events.Events(), err
}

// ignored returns the details of the FetchIgnored events.
func ignored(events []trace.Event) []string {
	var details []string
	for _, e := range events {
		if e.Kind == trace.FetchIgnored {
			details = append(details, fmt.Sprintf("%d: %s", e.Peer.Port(), e.Detail))
		}
	}
	return details
}

// asFailure returns err as *Error, which every error of a fetcher is.
func asFailure(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := err.(*Error) //nolint:errorlint // the contract is that it is not wrapped
	if !ok {
		t.Fatalf("error %v is a %T, want an *Error", err, err)
	}
	return e
}
