package discover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fipsim/fipsim/simulator/wire"
)

// SIPSocketOptions makes a SIPSocket. The zero value works.
type SIPSocketOptions struct {
	Listen  string       // HOST:PORT; empty: any free port of the address that packets leave from
	Network wire.Network // nil: wire.OS{}

	// Other takes what belongs to no search that is under way: it returns the answer,
	// which goes to the address; nil: there is none. It is called by one goroutine, and
	// raw is not to be kept. Nil: a NOTIFY of an unknown dialog is answered 481.
	Other func(raw []byte, from netip.AddrPort) (answer []byte, to netip.AddrPort)
}

// SIPSocket is one UDP socket for the SIP of many phones. What comes in belongs to the
// PnP search with its Call-ID; what belongs to none goes to Other, which knows phones
// by the user of the Request-URI. What each phone sends is what it would send from a
// socket of its own, with this one's address in Via and Contact.
type SIPSocket struct {
	conn    net.PacketConn
	network wire.Network
	other   func(raw []byte, from netip.AddrPort) ([]byte, netip.AddrPort)
	local   netip.AddrPort
	once    sync.Once
	done    chan struct{}
	foreign atomic.Uint64

	mu     sync.Mutex
	open   map[string]*sharedConn // by Call-ID
	closed bool
	ways   map[netip.Addr]netip.Addr // the source of packets to an address
}

// sharedBuffer is the receive buffer, in bytes, that a socket of many phones asks the
// system for: thousands of them may be answered at once.
const sharedBuffer = 4 << 20

// widen gives a socket that buffer, or what the system allows.
func widen(conn net.PacketConn) {
	if socket, ok := conn.(interface{ SetReadBuffer(bytes int) error }); ok {
		_ = socket.SetReadBuffer(sharedBuffer) // the system's own size is enough for some phones
	}
}

// ListenSIP opens the socket, which is served until Close. Its error is that of the
// address.
func ListenSIP(ctx context.Context, o SIPSocketOptions) (*SIPSocket, error) {
	if o.Network == nil {
		o.Network = wire.OS{}
	}
	if o.Listen == "" {
		o.Listen = ":0"
	}
	conn, err := o.Network.ListenPacket(ctx, "udp4", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("SIP: listen at %s: %w", o.Listen, err)
	}
	widen(conn)
	s := &SIPSocket{
		conn: conn, network: o.Network, other: o.Other, local: addrPortOf(conn.LocalAddr()), done: make(chan struct{}),
		open: make(map[string]*sharedConn), ways: make(map[netip.Addr]netip.Addr),
	}
	go s.serve()
	return s, nil
}

// Local returns the address at which the socket hears, which may be all of the
// machine's.
func (s *SIPSocket) Local() netip.AddrPort { return s.local }

// Foreign counts the messages so far that nobody waited for, and that Other did not
// answer.
func (s *SIPSocket) Foreign() uint64 { return s.foreign.Load() }

// Close ends the socket; searches that are under way end with it.
func (s *SIPSocket) Close() error {
	var err error
	s.once.Do(func() { err = s.conn.Close() })
	<-s.done
	return err
}

// serve reads until Close.
func (s *SIPSocket) serve() {
	defer close(s.done)
	defer s.shut()
	buffer := make([]byte, maxDatagram+1)
	for failed := 0; failed < maxReadErrors; {
		n, from, err := readFrom(s.conn, buffer)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // "connection refused" is one phone's datagram come back
			failed++
			time.Sleep(readErrorPause)
			continue
		}
		failed = 0
		s.sort(buffer[:n], from)
	}
}

// sort hands one datagram to whom it belongs.
func (s *SIPSocket) sort(raw []byte, from netip.AddrPort) {
	if c := s.find(callIDOf(raw)); c != nil {
		select {
		case c.in <- heard{bytes.Clone(raw), from}:
		default: // a flood of one dialog
			s.foreign.Add(1)
		}
		return
	}
	answer, to := s.elsewhere(raw, from)
	if answer == nil {
		s.foreign.Add(1)
		return
	}
	_ = sendTo(s.conn, answer, to) // who misses it asks again
}

// elsewhere answers what is of no dialog.
func (s *SIPSocket) elsewhere(raw []byte, from netip.AddrPort) ([]byte, netip.AddrPort) {
	if s.other != nil {
		return s.other(raw, from)
	}
	m, err := parseSIP(raw)
	if err != nil || m.method != "NOTIFY" {
		return nil, from
	}
	return buildResponse(m, from, "481 Subscription Does Not Exist", "none"), from
}

func (s *SIPSocket) find(callID string) *sharedConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[callID]
}

// begin opens the place of one search.
func (s *SIPSocket) begin(callID string) (*sharedConn, error) {
	c := &sharedConn{socket: s, callID: callID, in: make(chan heard, inboxPlaces)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, net.ErrClosed
	}
	s.open[callID] = c
	return c, nil
}

// shut ends all searches, so that nobody waits for a socket that is gone.
func (s *SIPSocket) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.open {
		close(c.in)
	}
	clear(s.open)
}

// from returns the address that phones name in packets to an address.
func (s *SIPSocket) from(to netip.AddrPort) (netip.AddrPort, bool) {
	if !s.local.Addr().IsUnspecified() {
		return s.local, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	source, ok := s.ways[to.Addr()]
	if !ok {
		if source, ok = wire.SourceFor(s.network, to); !ok {
			return netip.AddrPort{}, false
		}
		s.ways[to.Addr()] = source
	}
	return netip.AddrPortFrom(source, s.local.Port()), true
}

// heard is one datagram of a search.
type heard struct {
	raw  []byte
	from netip.AddrPort
}

// sharedConn is the place of one search behind a SIPSocket.
type sharedConn struct {
	socket *SIPSocket
	callID string
	in     chan heard
	timer  *time.Timer
}

// send implements pnpConn.
func (c *sharedConn) send(b []byte, to netip.AddrPort) error { return sendTo(c.socket.conn, b, to) }

// read implements pnpConn.
func (c *sharedConn) read(ctx context.Context, until time.Time) ([]byte, netip.AddrPort, error) {
	if c.timer == nil {
		c.timer = time.NewTimer(time.Until(until))
	} else {
		c.timer.Reset(time.Until(until))
	}
	select {
	case h, ok := <-c.in:
		if !ok {
			return nil, netip.AddrPort{}, net.ErrClosed
		}
		return h.raw, h.from, nil
	case <-c.timer.C:
		return nil, netip.AddrPort{}, os.ErrDeadlineExceeded
	case <-ctx.Done():
		return nil, netip.AddrPort{}, ctx.Err()
	}
}

// Close implements pnpConn; what comes later is of no dialog.
func (c *sharedConn) Close() error {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.socket.mu.Lock()
	defer c.socket.mu.Unlock()
	delete(c.socket.open, c.callID)
	return nil
}

// callIDOf reads only what tells whose message this is: the Call-ID, by either name
// (RFC 3261 §7.3.3); empty where it has none. It looks at the head alone.
func callIDOf(raw []byte) string {
	raw = bytes.TrimLeft(raw, "\r\n\x00")
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte{'\n'})
		line, raw = bytes.TrimSuffix(line, []byte{'\r'}), rest
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		name = bytes.TrimRight(name, " \t")
		if len(name) == 1 && name[0]|0x20 == 'i' || len(name) == len("call-id") && strings.EqualFold(string(name), "call-id") {
			return string(bytes.TrimSpace(value))
		}
	}
	return ""
}
